import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { account, inJson, place, SECRET } from './written.ts';

const FILE = inJson([account()], {
  schedule: '*/9 * * * * *',
  log: { level: 'debug', format: 'text' },
  platform: { proxy: 'http://of-the-file:1', timeout: '3s' },
});

describe('environment beside a configuration file', () => {
  it('variables override the configuration file, which fills in the rest', async () => {
    const { folder, load } = await place();
    const config = await load(FILE, {
      WXTOKEN_SCHEDULE: '*/2 * * * * *',
      WXTOKEN_STATE_DIR: `${folder}/state`,
      WXTOKEN_FEEDBACK_DIR: `${folder}/feedback`,
      WXTOKEN_LOG_LEVEL: 'error',
      WXTOKEN_API_BASE_URL: 'http://127.0.0.1:8866',
      WXTOKEN_API_FALLBACK_URLS: 'http://127.0.0.1:8867',
      WXTOKEN_PROXY: 'http://of-the-environment:1',
      WXTOKEN_IPV4_FIRST: 'false',
    });
    expect(config).toMatchObject({
      schedule: '*/2 * * * * *',
      stateDir: join(folder, 'state'),
      feedbackDir: join(folder, 'feedback'),
      log: { level: 'error', format: 'text' },
    });
    expect(config.credentials[0]?.platform).toEqual({
      id: '127.0.0.1:8866',
      hosts: ['http://127.0.0.1:8866', 'http://127.0.0.1:8867'],
      proxy: 'http://of-the-environment:1',
      timeout: 3_000,
      ipv4First: false,
    });
  });

  it('variables cannot describe an account beside those of the file', async () => {
    const { problems } = await place();
    const given = {
      WXTOKEN_APPID: 'wx0000000000000001',
      WXTOKEN_SECRET: SECRET,
      WXTOKEN_ROTATION_WINDOW: '1m',
      WXTOKEN_SCHEDULE: '* * * * * *',
    };
    expect(await problems(FILE, given)).toEqual(
      ['WXTOKEN_APPID', 'WXTOKEN_SECRET', 'WXTOKEN_ROTATION_WINDOW'].map(
        (name) =>
          `${name}: cannot stand beside the credentials of config.yaml: say it there, for the account that is meant`,
      ),
    );
  });

  it('variables describe the account when the file has none', async () => {
    const { folder, load } = await place();
    const environment = {
      WXTOKEN_APPID: 'wx0000000000000001',
      WXTOKEN_SECRET: SECRET,
      WXTOKEN_FILE: `${folder}/out/token`,
    };
    const config = await load('schedule: "* * * * * *"\nplatform: { timeout: 3s }\n', environment);
    expect(config).toMatchObject({
      schedule: '* * * * * *',
      stateDir: join(folder, 'out', '.wx-token-sidecar'),
      credentials: [{ name: 'default', appId: 'wx0000000000000001', platform: { timeout: 3_000 } }],
    });
  });

  it('mistakes in variables are reported before those of the file', async () => {
    const { problems } = await place();
    const environment = { WXTOKEN_SCHEDULE: 'often', WXTOKEN_LOGLEVEL: 'x', WXTOKEN_CA_FILE: '/no/such.pem' };
    expect(
      await problems(inJson([account({ ahead: '1m' })], { log: { level: 'loud' } }), environment),
    ).toEqual([
      expect.stringMatching(/^WXTOKEN_SCHEDULE: is no cron expression/),
      'WXTOKEN_LOGLEVEL: is not a variable of this program; did you mean WXTOKEN_LOG_LEVEL?',
      'WXTOKEN_CA_FILE: /no/such.pem cannot be read (ENOENT)',
      'config.yaml:3 log.level: must be error, warn, info or debug',
      'config.yaml:16 credentials[0].ahead: belongs to access-token: stable-token has rotationWindow',
    ]);
  });

  it('a wrong variable is reported even when the file is not valid YAML', async () => {
    const { problems } = await place();
    expect(await problems('{', { WXTOKEN_SCHEDULE: 'often' })).toEqual([
      expect.stringMatching(/^WXTOKEN_SCHEDULE: /),
      expect.stringMatching(/^config\.yaml:1: /),
    ]);
  });
});

describe('configuration file', () => {
  it('an argument or WXTOKEN_CONFIG names the file, and the argument wins', async () => {
    const { folder, load } = await place();
    await load(FILE);
    const path = join(folder, 'config.yaml');
    const byVariable = await loadConfig({ WXTOKEN_CONFIG: path }, { publishes: false });
    expect(byVariable.schedule).toBe('*/9 * * * * *');
    const byBoth = await loadConfig({ WXTOKEN_CONFIG: '/no/such' }, { file: path, publishes: false });
    expect(byBoth).toEqual(byVariable);
  });

  it('a configuration file without accounts is refused', async () => {
    const { problems } = await place();
    expect(await problems('log: { level: info }')).toEqual([
      'config.yaml:1 credentials: is required: the accounts',
    ]);
    expect(await problems('credentials: []')).toEqual([
      'config.yaml:1 credentials: is empty: there is no account to serve',
    ]);
    expect(await problems('log: { level: info }\ncredentials: {}')).toEqual([
      'config.yaml:2 credentials: must be a list of credentials',
    ]);
  });

  it('a configuration error lists all input files to watch, even missing ones', async () => {
    const { folder, load } = await place();
    const missing = { secretFile: '$FOLDER/secrets/none', platform: { caFile: '$FOLDER/none.pem' } };
    const failure = await load(inJson([account(missing)])).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'bad-config',
      inputs: [join(folder, 'config.yaml'), join(folder, 'secrets', 'none'), join(folder, 'none.pem')],
    });
  });
});
