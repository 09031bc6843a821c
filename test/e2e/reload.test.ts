import { chmod, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn } from '../support/files.ts';
import { startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, APP_SECRET, workbench } from './workbench.ts';

const NEXT_SECRET = 'fedcba9876543210'.repeat(2);

describe.concurrent('settings that need a restart', () => {
  it('a changed log format is logged as needing a restart until it is changed back', async ({
    onTestFinished,
  }) => {
    const { sandbox, folder, file, env } = await workbench(onTestFinished);
    const config = join(folder, 'config.json');
    const write = async (format: string) => {
      const secretFile = env()['WXTOKEN_SECRET_FILE'];
      const shop = { name: 'shop', appId: APP_ID, secretFile, publish: [{ type: 'file', path: file }] };
      const platform = { baseUrl: sandbox.url };
      await writeFile(`${config}.new`, JSON.stringify({ log: { format }, platform, credentials: [shop] }));
      await rename(`${config}.new`, config);
    };
    await write('json');
    const daemon = startProgram(['run', '--config', config], {}, onTestFinished);
    await daemon.logged(/^started/);
    await write('text');
    await daemon.logged(/^the log format was changed: restart required$/);
    await write('json');
    await daemon.logged(/^the log format was changed back: no restart required$/);
  });

  it('a configuration that relies on a restart is refused and the previous one stays in use', async ({
    onTestFinished,
  }) => {
    const { sandbox, folder, file, env, newToken, fetches } = await workbench(onTestFinished);
    const config = join(folder, 'config.json');
    const write = async (type: string, keys: object = {}) => {
      const secretFile = env()['WXTOKEN_SECRET_FILE'];
      const shop = { name: 'shop', type, appId: APP_ID, secretFile, publish: [{ type: 'file', path: file }] };
      const platform = { baseUrl: sandbox.url };
      await writeFile(`${config}.new`, JSON.stringify({ ...keys, platform, credentials: [shop] }));
      await rename(`${config}.new`, config);
    };
    await write('stable-token');
    const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    const daemon = startProgram(['run', '--config', config], { env: pod }, onTestFinished);
    await newToken();
    const secret = { name: 'wx-token' };
    await write('access-token', { cluster: { lease: secret, secret } });
    await daemon.logged(/^config\.json:1 credentials\[0\]\.type: needs a restart, since the cluster cannot/);
    await daemon.logged(/the previous configuration stays in force$/);
    expect(await fetches()).toHaveLength(1);
  });
});

describe.concurrent('the start', () => {
  it('a configuration that changes between the read at the start and the watch is put to work', async ({
    onTestFinished,
  }) => {
    const { sandbox, folder, file, env, newToken } = await workbench(onTestFinished);
    const config = join(folder, 'config.json');
    const written = (schedule: string) => {
      const secretFile = env()['WXTOKEN_SECRET_FILE'];
      const shop = { name: 'shop', appId: APP_ID, secretFile, publish: [{ type: 'file', path: file }] };
      return JSON.stringify({ schedule, platform: { baseUrl: sandbox.url }, credentials: [shop] });
    };
    await writeFile(config, written('* * * * * *'));
    const daemon = startProgram(
      ['run', '--config', config],
      {
        env: {
          NODE_OPTIONS: `--import=${new URL('../support/change-at-start.mjs', import.meta.url).href}`,
          CHANGED_FILE: config,
          CHANGED_CONTENT: written('*/2 * * * * *'),
        },
      },
      onTestFinished,
    );
    await newToken();
    await daemon.logged(/^configuration reloaded$/);
  });
});

describe.concurrent('changes of the secret file', () => {
  it('a secret file swapped by Kubernetes through symbolic links is used at once for one call', async ({
    onTestFinished,
  }) => {
    const { sandbox, folder, run, newToken, fetches } = await workbench(onTestFinished);
    const volume = join(folder, 'projected');
    const put = async (version: string, secret: string) => {
      await mkdir(join(volume, version), { recursive: true });
      await writeFile(join(volume, version, 'appsecret'), secret);
      await symlink(version, join(volume, '..data_tmp'));
      await rename(join(volume, '..data_tmp'), join(volume, '..data'));
    };
    await put('..2026_01', APP_SECRET);
    await symlink('..data/appsecret', join(volume, 'appsecret'));
    const daemon = run({ WXTOKEN_SECRET_FILE: join(volume, 'appsecret') });
    await newToken();

    await sandbox.account(APP_ID).patch({ secret: NEXT_SECRET });
    await put('..2026_02', NEXT_SECRET);
    await rm(join(volume, '..2026_01'), { recursive: true });
    await daemon.logged(({ reason }) => reason === 'new-secret');
    await daemon.logged(({ message }) => message === 'configuration reloaded');
    expect(await fetches()).toHaveLength(2);
    expect(daemon.log().filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('a malformed secret file is logged and the previous AppSecret stays in use', async ({
    onTestFinished,
  }) => {
    const { folder, run, newToken, token, fetches } = await workbench(onTestFinished);
    const path = join(folder, 'secrets', 'app.secret');
    const edit = async (text: string) => {
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    };
    const daemon = run();
    const first = await newToken();
    await edit('two\nlines\n');
    await daemon.logged(({ message }) => /^WXTOKEN_SECRET_FILE: .* on one line/.test(message ?? ''));
    await daemon.logged(({ message }) => /previous configuration stays in force/.test(message ?? ''));
    await edit(`${APP_SECRET}\n`);
    await daemon.logged(({ message }) => message === 'configuration reloaded');

    expect(await token()).toBe(first);
    expect(await fetches()).toHaveLength(1);
  });

  it('a secret file that becomes readable by everyone is warned of once', async ({ onTestFinished }) => {
    const { folder, run, newToken, fetches } = await workbench(onTestFinished);
    const path = join(folder, 'secrets', 'app.secret');
    const daemon = run();
    await newToken();
    const warnings = () => daemon.log().filter(({ level }) => level === 'warn');
    expect(warnings()).toEqual([]);
    await chmod(path, 0o644);
    await daemon.logged(/everyone who gets at the secret file/);
    await writeFile(path, `${APP_SECRET}\r\n`);
    await eventually(
      () => daemon.log().filter(({ message }) => /^configuration reloaded/.test(message)).length === 2,
    );

    expect(warnings()).toHaveLength(1);
    expect(await fetches()).toHaveLength(1);
  });
});

describe('the state folder', () => {
  it('records of accounts unserved for a week are removed and other files are kept', async ({
    onTestFinished,
  }) => {
    const { folder, once } = await workbench(onTestFinished);
    const stateDir = join(folder, 'state');
    await mkdir(stateDir, { mode: 0o700 });
    const longAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
    const recordOf = (account: string) => `${account.replaceAll('/', '.')}.json`;
    const accounts = ['weixin/stable-token/wx0000000000000001', 'weixin/ticket/wx0000000000000001/jsapi'];
    const served = 'weixin/stable-token/wx0000000000000002';
    for (const account of [...accounts, served]) {
      await writeFile(join(stateDir, recordOf(account)), JSON.stringify({ account }));
    }
    await writeFile(join(stateDir, 'notes.json'), '{}');
    const old = accounts.map(recordOf);
    const kept = [recordOf(served), 'notes.json'];
    for (const name of [...old, 'notes.json']) await utimes(join(stateDir, name), longAgo, longAgo);
    expect((await once({ WXTOKEN_STATE_DIR: stateDir })).code).toBe(0);

    const left = await eventually(() => filesIn(stateDir));
    expect(left.filter((path) => old.some((name) => path.endsWith(name)))).toEqual([]);
    for (const name of kept) expect(left.some((path) => path.endsWith(name))).toBe(true);
  });
});
