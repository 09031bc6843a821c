import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { policyOf } from '../../src/providers/kinds.ts';
import { configOf, credentialWith, LEAST, problemsOf, problemsWith } from './configured.ts';

const MINUTE = 60_000;

describe('minimal environment', () => {
  it('an AppID and an AppSecret are enough, and everything else has a default', async () => {
    const { credentials, ...config } = await configOf(LEAST);
    expect(config).toEqual({
      schedule: '*/5 * * * * *',
      onHangup: 'refresh',
      stateDir: '/var/run/wx/.wx-token-sidecar',
      stateOrigin: 'new',
      stateElsewhere: [],
      stateLinks: [],
      coordinated: true,
      stateMode: 0o700,
      log: { level: 'info', format: 'json' },
      inputs: [],
    });
    expect(credentials).toMatchObject([
      {
        name: 'default',
        type: 'stable-token',
        appId: 'wx0000000000000000',
        platform: {
          id: 'weixin',
          hosts: ['https://api.weixin.qq.com', 'https://api2.weixin.qq.com'],
          timeout: 10_000,
        },
        options: { allowForce: false },
        budget: { fetchesPerDay: 2000, forcedPerDay: 20 },
        coordinated: true,
        publish: [{ type: 'file', path: '/var/run/wx/token', format: 'raw', details: true, mode: 0o640 }],
      },
    ]);
    expect(credentials[0]?.platform).not.toHaveProperty('proxy');
    expect(credentials[0]?.platform).not.toHaveProperty('ca');
    expect(credentials[0]?.publish[0]).not.toHaveProperty('gid');
  });

  it('a missing AppID and a missing AppSecret are reported together', async () => {
    expect(await problemsOf({})).toEqual([
      'WXTOKEN_APPID: is required: the AppID of the account',
      'WXTOKEN_SECRET_FILE: is required, or WXTOKEN_SECRET: where the AppSecret is',
    ]);
  });

  it('the configuration as JSON does not show the AppSecret', async () => {
    const config = await configOf({ ...LEAST, WXTOKEN_SECRET: 'the-secret-of-this-test' });
    expect(JSON.stringify(config)).not.toContain('the-secret-of-this-test');
  });

  it('variables without the exact WXTOKEN_ prefix are ignored', async () => {
    await configOf({
      ...LEAST,
      PATH: '/bin',
      wxtoken_type: 'x',
      MY_WXTOKEN_TYPE: 'x',
      WXTOKENTYPE: 'x',
    });
  });
});

const NOT_ABSOLUTE = 'must be an absolute path to a file or folder';
const NO_DURATION = 'must be a duration with a unit, like 90s, 10m or 2h';
const NO_URL = 'must be a URL like https://api.weixin.qq.com';
const NOT_BARE = 'must not carry a user, password, query or fragment';
const IN_THE_CLEAR = 'must be https, or http to loopback only: the AppSecret travels with every request';
const NO_PROXY = 'must be a URL like http://egress:3128';
const NO_MODE = 'must be an octal file mode, like 0640';
const GH =
  'is the original ID of an account (gh_…, 原始ID), by which nothing can be fetched: the AppID begins with wx and ' +
  'stands in the developer settings of the same account';
const BLANK = 'ends in a blank (U+0020): remove it';
const RETURN = 'a carriage return, as files that are saved on Windows have (U+000D): remove it';
const QUOTED =
  'stands in quotes ("), which are part of the value here, as docker --env-file leaves them: remove them';
const NO_APPID = 'must be an appid or corpid like wx0000000000000000, without blanks';

describe('invalid values', () => {
  it.each([
    ['WXTOKEN_APPID', 'wx', NO_APPID],
    ['WXTOKEN_APPID', ' wx0000000000000000', 'begins with a blank (U+0020): remove it'],
    ['WXTOKEN_APPID', 'wx0000000000000000\n', 'ends in a line break (U+000A): remove it'],
    ['WXTOKEN_APPID', 'wx0000000000000000\r', `ends in ${RETURN}`],
    ['WXTOKEN_APPID', '"wx0000000000000000"', QUOTED],
    [
      'WXTOKEN_APPID',
      'wx00000000０0000000',
      `${NO_APPID}: its character 11 is U+FF10, where only A-Z, a-z, 0-9, - and _ are usual`,
    ],
    [
      'WXTOKEN_APPID',
      '../../etc/passwd',
      `${NO_APPID}: its character 1 is . (U+002E), where only A-Z, a-z, 0-9, - and _ are usual`,
    ],
    ['WXTOKEN_APPID', 'YOUR-APPID', 'is the placeholder of an example: put the id of the account there'],
    ['WXTOKEN_APPID', 'gh_0123456789ab', GH],
    ['WXTOKEN_APPID', 'ww0000000000000000', 'is a CorpID of WeCom (ww…), which belongs to type wecom'],
    ['WXTOKEN_TYPE', 'stable-token ', BLANK],
    ['WXTOKEN_AHEAD', '10m ', BLANK],
    ['WXTOKEN_LOG_LEVEL', "'info'", QUOTED.replace('"', "'")],
    ['WXTOKEN_ALLOW_FORCE', 'true ', BLANK],
    ['WXTOKEN_TICKETS', '"jsapi,wx_card"', QUOTED],
    ['WXTOKEN_FILE', '/var/run/wx/token ', BLANK],
    ['WXTOKEN_APPID', 'x'.repeat(65), NO_APPID],
    [
      'WXTOKEN_TYPE',
      'stable',
      'must be stable-token, access-token, wecom, component, authorizer, wecom-provider, wecom-suite, wecom-corp, qq-bot, authorizers or mirror; did you mean stable-token?',
    ],
    [
      'WXTOKEN_TYPE',
      'Stable-Token',
      'must be stable-token, access-token, wecom, component, authorizer, wecom-provider, wecom-suite, wecom-corp, qq-bot, authorizers or mirror; did you mean stable-token?',
    ],
    ['WXTOKEN_FILE', 'token', NOT_ABSOLUTE],
    ['WXTOKEN_FILE', './token', NOT_ABSOLUTE],
    ['WXTOKEN_FILE', '~/token', NOT_ABSOLUTE],
    ['WXTOKEN_FILE', '/var/run/wx/', 'must name a file, and ends in a slash, as only a folder does'],
    ['WXTOKEN_SECRET_FILE', 'secret', NOT_ABSOLUTE],
    ['WXTOKEN_CA_FILE', 'ca.pem', NOT_ABSOLUTE],
    ['WXTOKEN_STATE_DIR', 'state', NOT_ABSOLUTE],
    ['WXTOKEN_FILE_MODE', '0o640', NO_MODE],
    ['WXTOKEN_FILE_MODE', '0840', NO_MODE],
    ['WXTOKEN_FILE_MODE', 'rw-r-----', NO_MODE],
    ['WXTOKEN_FILE_MODE', '4640', NO_MODE],
    ['WXTOKEN_FILE_MODE', '64', NO_MODE],
    ['WXTOKEN_FILE_MODE', '0240', 'must let the owner read, like 0640 or 0400: the daemon reads it again'],
    ['WXTOKEN_FILE_MODE', '0040', 'must let the owner read, like 0640 or 0400: the daemon reads it again'],
    ['WXTOKEN_FILE_MODE', '0442', 'must not let everyone write: they could plant a token'],
    ['WXTOKEN_FILE_MODE', '0666', 'must not let everyone write: they could plant a token'],
    ['WXTOKEN_API_BASE_URL', 'api.weixin.qq.com', NO_URL],
    ['WXTOKEN_API_BASE_URL', '//api.weixin.qq.com', NO_URL],
    ['WXTOKEN_API_BASE_URL', 'http://api.weixin.qq.com', IN_THE_CLEAR],
    ['WXTOKEN_API_BASE_URL', 'http://localhost.example.org', IN_THE_CLEAR],
    ['WXTOKEN_API_BASE_URL', 'http://127.0.0.1.example.org', IN_THE_CLEAR],
    ['WXTOKEN_API_BASE_URL', 'http://0.0.0.0:8866', IN_THE_CLEAR],
    ['WXTOKEN_API_BASE_URL', 'http://10.0.0.1', IN_THE_CLEAR],
    ['WXTOKEN_API_BASE_URL', 'ftp://127.0.0.1', IN_THE_CLEAR],
    ['WXTOKEN_API_BASE_URL', 'file:///etc/passwd', IN_THE_CLEAR],
    ['WXTOKEN_API_BASE_URL', 'https://user@api.weixin.qq.com', NOT_BARE],
    ['WXTOKEN_API_BASE_URL', 'https://:password@api.weixin.qq.com', NOT_BARE],
    ['WXTOKEN_API_BASE_URL', 'https://api.weixin.qq.com?a=b', NOT_BARE],
    ['WXTOKEN_API_BASE_URL', 'https://api.weixin.qq.com/#a', NOT_BARE],
    ['WXTOKEN_API_FALLBACK_URLS', 'https://api2.weixin.qq.com,', NO_URL],
    ['WXTOKEN_API_FALLBACK_URLS', 'https://api2.weixin.qq.com,http://api3.weixin.qq.com', IN_THE_CLEAR],
    ['WXTOKEN_API_FALLBACK_URLS', 'https://a.example https://b.example', NO_URL],
    ['WXTOKEN_PROXY', 'egress:3128', NO_PROXY],
    ['WXTOKEN_PROXY', 'egress', NO_PROXY],
    ['WXTOKEN_PROXY', 'socks5://egress:1080', NO_PROXY],
    ['WXTOKEN_AHEAD', '600', NO_DURATION],
    ['WXTOKEN_AHEAD', '10 m', NO_DURATION],
    ['WXTOKEN_AHEAD', '1.5h', NO_DURATION],
    ['WXTOKEN_AHEAD', '-5m', NO_DURATION],
    ['WXTOKEN_AHEAD', '5M', NO_DURATION],
    ['WXTOKEN_AHEAD', '10m30s', NO_DURATION],
    ['WXTOKEN_ROTATION_WINDOW', '300', NO_DURATION],
    ['WXTOKEN_ROTATION_WINDOW', '0s', 'must be longer than nothing'],
    ['WXTOKEN_ALLOW_UNCOORDINATED', 'yes', 'must be true or false'],
    ['WXTOKEN_ALLOW_UNCOORDINATED', 'TRUE', 'must be true or false'],
    ['WXTOKEN_ALLOW_UNCOORDINATED', '1', 'must be true or false'],
    ['WXTOKEN_LOG_LEVEL', 'verbose', 'must be error, warn, info or debug'],
    ['WXTOKEN_LOG_LEVEL', 'INFO', 'must be error, warn, info or debug; did you mean info?'],
    ['WXTOKEN_LOG_FORMAT', 'yaml', 'must be json or text'],
    ['WXTOKEN_SCHEDULE', '* * * * *', 'must have six fields, seconds first: "*/5 * * * * *"'],
    ['WXTOKEN_SCHEDULE', '0 * * * * *', 'leaves gaps of 60 s; at most 30 s are allowed'],
  ])('%s=%j is refused with the reason', async (name, value, expected) => {
    expect(await problemsWith({ [name]: value })).toEqual([`${name}: ${expected}`]);
  });

  it('all invalid variables are reported at once, each by its name', async () => {
    const problems = await problemsOf({
      WXTOKEN_APPID: '?',
      WXTOKEN_SECRET: ' ',
      WXTOKEN_TYPE: 'x',
      WXTOKEN_FILE: 'x',
      WXTOKEN_SCHEDULE: 'x',
      WXTOKEN_CA_FILE: '/missing/ca.pem',
      WXTOKEN_FILE_GROUP: 'no-such-group',
      WXTOKEN_FIEL: '/x',
    });
    expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual([
      'WXTOKEN_APPID',
      'WXTOKEN_CA_FILE',
      'WXTOKEN_FIEL',
      'WXTOKEN_FILE',
      'WXTOKEN_FILE_GROUP',
      'WXTOKEN_SCHEDULE',
      'WXTOKEN_SECRET',
      'WXTOKEN_TYPE',
    ]);
  });

  it('the configuration error has a message line for each mistake', async () => {
    const failure = await configOf({}).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect(failure).toMatchObject({
      code: 'bad-config',
      message: expect.stringMatching(/^WXTOKEN_APPID: .+\nWX/),
    });
  });

  it('a complaint does not repeat the invalid value, which may be a secret', async () => {
    const secret = 'the-secret-of-this-test';
    const names = ['TYPE', 'FILE', 'FILE_MODE', 'API_BASE_URL', 'PROXY', 'SCHEDULE', 'AHEAD', 'LOG_LEVEL'];
    const wrong = Object.fromEntries(names.map((name) => [`WXTOKEN_${name}`, secret]));
    const problems = await problemsWith(wrong);
    expect(problems).toHaveLength(names.length);
    expect(problems.join('\n')).not.toContain(secret);
  });
});

describe('valid values', () => {
  it.each(['wx0000000000000000', 'wx_under-score', 'abcd'])('the AppID %s is accepted', async (appId) => {
    const { credential } = await credentialWith({ WXTOKEN_APPID: appId });
    expect(credential.appId).toBe(appId);
  });

  it.each([
    ['600', 0o600],
    ['0640', 0o640],
    ['0644', 0o644],
    ['0660', 0o660],
    ['0750', 0o750],
  ])('the file mode %s is accepted', async (mode, expected) => {
    const { target } = await credentialWith({ WXTOKEN_FILE_MODE: mode });
    expect(target.mode).toBe(expected);
  });

  it.each([
    ['1ms', 1],
    ['90s', 90_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
  ])('the duration %s is accepted', async (duration, expected) => {
    const { credential } = await credentialWith({ WXTOKEN_ROTATION_WINDOW: duration });
    expect(policyOf(credential).window).toBe(expected);
  });

  it('an access-token uses the time ahead and a stable-token the rotation window', async () => {
    const both = { WXTOKEN_AHEAD: '20m', WXTOKEN_ROTATION_WINDOW: '4m' };
    const stable = await credentialWith({ ...both, WXTOKEN_TYPE: 'stable-token' });
    expect(policyOf(stable.credential).window).toBe(4 * MINUTE);
    const classic = await credentialWith({ ...both, WXTOKEN_TYPE: 'access-token' });
    expect(policyOf(classic.credential).window).toBe(20 * MINUTE);
    const neither = await credentialWith({ WXTOKEN_TYPE: 'access-token' });
    expect(policyOf(neither.credential).window).toBe(10 * MINUTE);
  });

  it('the state folder lies beside the published file unless it is set', async () => {
    const beside = await credentialWith({ WXTOKEN_FILE: '/srv/app/token.txt' });
    expect(beside.target.path).toBe('/srv/app/token.txt');
    expect(beside.config.stateDir).toBe('/srv/app/.wx-token-sidecar');
    const apart = await credentialWith({ WXTOKEN_FILE: '/srv/token', WXTOKEN_STATE_DIR: '/var/lib/wx/' });
    expect(apart.config.stateDir).toBe('/var/lib/wx');
  });

  it('the schedule, log level and log format can be set', async () => {
    const { config } = await credentialWith({
      WXTOKEN_SCHEDULE: '* * * * * *',
      WXTOKEN_LOG_LEVEL: 'debug',
      WXTOKEN_LOG_FORMAT: 'text',
    });
    expect(config).toMatchObject({ schedule: '* * * * * *', log: { level: 'debug', format: 'text' } });
  });

  it('a proxy URL is accepted with or without a password', async () => {
    for (const proxy of ['http://egress:3128', 'https://user:password@egress', 'http://[::1]:3128/']) {
      const { credential } = await credentialWith({ WXTOKEN_PROXY: proxy });
      expect(credential.platform.proxy).toBe(proxy);
    }
  });

  it('an empty variable counts as unset', async () => {
    const empty = Object.fromEntries(
      [
        'TYPE',
        'FILE',
        'FILE_MODE',
        'FILE_GROUP',
        'API_BASE_URL',
        'API_FALLBACK_URLS',
        'PROXY',
        'CA_FILE',
      ].map((name) => [`WXTOKEN_${name}`, '']),
    );
    const left = { WXTOKEN_SECRET_FILE: '', WXTOKEN_SCHEDULE: '', WXTOKEN_LOG_LEVEL: '', WXTOKEN_TYPO: '' };
    expect(JSON.stringify(await configOf({ ...LEAST, ...empty, ...left }))).toBe(
      JSON.stringify(await configOf(LEAST)),
    );
    expect(await problemsOf({ WXTOKEN_APPID: '', WXTOKEN_SECRET: '' })).toHaveLength(2);
  });
});
