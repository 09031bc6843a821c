import { describe, expect, it } from 'vitest';
import { account, inJson, place, withoutPlaces } from './written.ts';

type Keys = Readonly<Record<string, unknown>>;

async function problemsWith(own: Keys, keys: Keys = {}): Promise<string[]> {
  const { problems } = await place();
  return withoutPlaces(await problems(inJson([account(own)], keys)));
}

const FILE = { type: 'file', path: '$FOLDER/out/token' };
const IN_SECRET = { type: 'kubernetes-secret', namespace: 'shop', name: 'wx-token', key: 'token' };
const TICKET = { type: 'file', path: '$FOLDER/out/ticket', of: 'jsapi' };
const WECOM = { type: 'wecom', appId: undefined, corpId: 'ww0000000000000000' };
const NO_DURATION = 'must be a duration with a unit, like 90s, 10m or 2h';
const IN_THE_CLEAR = 'must be https, or http to loopback only: the AppSecret travels with every request';
const INVISIBLE =
  'must not hold control characters, line breaks or characters that are invisible or turn the direction of text';
const SAY_FILE =
  'a secret may not stand here, where it would be copied, committed and shown: put it into a file and name that in ' +
  'secretFile, or into a variable and name that in secretEnv';

describe('mistakes in accounts', () => {
  it.each<[string, Keys, string[]]>([
    ['no name', { name: undefined }, ['name: is required: what the credential is called']],
    [
      'a name with capitals',
      { name: 'Shop' },
      ['name: must be 1 to 63 of a-z, 0-9 and -, with no - at an end'],
    ],
    [
      'a name that is a path',
      { name: '../shop' },
      ['name: must be 1 to 63 of a-z, 0-9 and -, with no - at an end'],
    ],
    ['a name that is a number', { name: 42 }, ['name: must be text of a-z, 0-9 and -; put it into quotes']],
    ['a title that is a number', { title: 42 }, ['title: must be text; put it into quotes']],
    ['a title of nothing', { title: '\u200d' }, ['title: must hold something that people can read']],
    ['a title between blanks', { title: ' 某某商城\u3000' }, ['title: must not begin or end with a blank']],
    ['a title that is a story', { title: '商'.repeat(61) }, ['title: must have at most 60 characters']],
    ...['\n', '\u001b[31m', '\u0000', '\u0085', '\u200b', '\u202e', '\u2066', '\u2028', '\ud800'].map(
      (odd): [string, Keys, string[]] => [
        `a title that holds ${JSON.stringify(odd)}`,
        { title: `某某${odd}商城` },
        [`title: ${INVISIBLE}`],
      ],
    ),
    [
      'an unknown type',
      { type: 'stable' },
      [
        'type: must be stable-token, access-token, wecom, component, authorizer, wecom-provider, wecom-suite, wecom-corp, qq-bot, authorizers or mirror; did you mean stable-token?',
      ],
    ],
    [
      'type mirror, no source and fetch settings',
      { type: 'mirror', tickets: ['jsapi'] },
      [
        'from: is required: where the mirror reads',
        'appId: does not belong to mirror, which fetches nothing',
        'secretFile: does not belong to mirror, which fetches nothing',
        'tickets: does not belong to mirror: a target whose of names a ticket is enough',
      ],
    ],
    [
      'a mirror source on a fetched type',
      { from: { kubernetesSecret: { name: 'wx-token', credential: 'shop' } } },
      ['from: belongs to mirror: it is fetched here'],
    ],
    ['no AppID', { appId: undefined }, ['appId: is required: the AppID of the account']],
    ['no CorpID', { ...WECOM, corpId: undefined }, ['corpId: is required: the CorpID of the account']],
    [
      'a malformed CorpID',
      { corpId: 'ww0' },
      ['corpId: must be an appid or corpid like wx0000000000000000, without blanks'],
    ],
    [
      'both an AppID and a CorpID',
      { corpId: 'ww0000000000000000' },
      ['corpId: does not belong to stable-token, which has appId'],
    ],
    [
      'no secret',
      { secretFile: undefined },
      ['secretFile: is required, or secretEnv: where the AppSecret is'],
    ],
    ['two secrets', { secretEnv: 'HOME' }, ['secretEnv: cannot stand beside secretFile: say one of them']],
    ['a literal secret', { secret: 'of-this-test' }, [`secret: ${SAY_FILE}`]],
    [
      'only a literal secret',
      { secretFile: undefined, appSecret: 'of-this-test' },
      [`appSecret: ${SAY_FILE}`],
    ],
    [
      'a secret where the name of its variable should be',
      { secretFile: undefined, secretEnv: 'a0123456789abcdef' },
      ['secretEnv: names a variable that is not set'],
    ],
    [
      'a relative path to the secret file',
      { secretFile: 'secret' },
      ['secretFile: must be an absolute path to a file or folder'],
    ],
    [
      'ahead on a stable-token',
      { ahead: '10m' },
      ['ahead: belongs to access-token: stable-token has rotationWindow'],
    ],
    [
      'rotationWindow on an access-token',
      { type: 'access-token', rotationWindow: '5m' },
      ['rotationWindow: belongs to stable-token: access-token has ahead'],
    ],
    [
      'rotationWindow and ahead on wecom',
      { ...WECOM, rotationWindow: '5m', ahead: '5m' },
      [
        'rotationWindow: belongs to stable-token: a token of wecom repeats until it ends',
        'ahead: belongs to access-token: a token of wecom repeats until it ends',
      ],
    ],
    [
      'allowForce on an access-token',
      { type: 'access-token', allowForce: true },
      ['allowForce: belongs to stable-token'],
    ],
    ['a bare number as a duration', { rotationWindow: 300 }, [`rotationWindow: ${NO_DURATION}`]],
    [
      'a budget of zero fetches',
      { budget: { fetchesPerDay: 0 } },
      ['budget.fetchesPerDay: must be a whole number of calls a day, like 2000'],
    ],
    [
      'a fractional budget',
      { budget: { forcedPerDay: 1.5 } },
      ['budget.forcedPerDay: must be a whole number of calls a day, like 2000'],
    ],
    ['a list in place of a name', { name: ['shop'] }, ['name: must not be a list']],
    [
      'a word in place of a list',
      { tickets: 'jsapi', publish: [FILE, TICKET] },
      ['tickets: must be a list of tickets'],
    ],
    [
      'an id that YAML took for a number',
      { type: 'qq-bot', appId: 102000001 },
      ['appId: must be text; put it into quotes: YAML takes digits alone for a number'],
    ],
    ['a mistyped key', { apiId: 'x' }, ['apiId: is not a known key here; did you mean appId?']],
    [
      'a word that several keys may be meant by',
      { file: '/var/run/wx/token' },
      ['file: is not a known key here; did you mean secretFile or an entry of publish with type: file?'],
    ],
    [
      'a type where its entry should be',
      { webhook: 'http://127.0.0.1/changed' },
      ['webhook: is not a known key here; did you mean an entry of notify with type: webhook?'],
    ],
    ['a key of a target', { mode: '0640' }, ['mode: is not a known key here; it belongs to each of publish']],
    [
      'a required key in the wrong case',
      { appId: undefined, appid: 'wx0000000000000000' },
      ['appid: is not a known key here; did you mean appId?'],
    ],
    [
      'mistyped keys in place of required ones',
      {
        name: undefined,
        nane: 'x',
        secretFile: undefined,
        'secret-file': '/x',
        publish: undefined,
        pubilsh: [],
      },
      [
        'nane: is not a known key here; did you mean name?',
        'secret-file: is not a known key here; did you mean secretFile?',
        'pubilsh: is not a known key here; did you mean publish?',
      ],
    ],
    [
      'a mistyped key beside an invalid value of the right key',
      { appid: 'wx0000000000000000', appId: 'no good' },
      [
        'appId: must be an appid or corpid like wx0000000000000000, without blanks: its character 3 is a blank (U+0020), where only A-Z, a-z, 0-9, - and _ are usual',
        'appid: is not a known key here; did you mean appId?',
      ],
    ],
    [
      'a mistyped type key, without follow-up errors',
      { tpye: 'wecom', appId: undefined, corpId: 'ww0000000000000000' },
      ['tpye: is not a known key here; did you mean type?'],
    ],
    [
      'a key in another style',
      { 'rotation-window': '5m' },
      ['rotation-window: is not a known key here; did you mean rotationWindow?'],
    ],
    [
      'a key that belongs to platform',
      { proxy: 'http://egress:3128' },
      ['proxy: is not a known key here; it belongs to platform'],
    ],
    [
      'a key of the whole document',
      { stateDir: '/var/lib/wx' },
      ['stateDir: is not a known key here; it belongs to the top of the file, beside credentials'],
    ],
    [
      'a key of two sections',
      { listen: '127.0.0.1:9400' },
      ['listen: is not a known key here; it belongs to http, tokenServer or push'],
    ],
  ])('an account with %s is refused, naming the key', async (_, own, expected) => {
    expect(await problemsWith(own)).toEqual(expected.map((problem) => `credentials[0].${problem}`));
  });
});

describe('mistakes in targets and tickets', () => {
  it.each<[string, Keys, string[]]>([
    ['no publish list', { publish: undefined }, ['publish: is required: where it is published']],
    [
      'an empty publish list',
      { publish: [] },
      ['publish: is empty: the credential would be published nowhere'],
    ],
    ['a target in place of the publish list', { publish: FILE }, ['publish: must be a list of targets']],
    [
      'a path in place of a target',
      { publish: ['/x'] },
      ['publish[0]: must be keys with their values, type first'],
    ],
    [
      'no target type',
      { publish: [{ path: '/x' }] },
      ['publish[0].type: must be file, kubernetes-secret or redis'],
    ],
    [
      'a Secret target without namespace, name and key',
      { publish: [FILE, { type: 'kubernetes-secret' }] },
      [
        'publish[1].namespace: is required: the namespace of the Secret',
        'publish[1].name: is required: the name of the Secret',
        'publish[1].key: is required: the key in the Secret that holds the value',
      ],
    ],
    [
      'a Secret target with invalid Kubernetes names',
      { publish: [FILE, { ...IN_SECRET, namespace: 'My_Shop', name: 'wx_token', key: 'a/b' }] },
      [
        'publish[1].namespace: must be a namespace of Kubernetes: up to 63 of a-z, 0-9 and -',
        'publish[1].name: must be the name of an object of Kubernetes: a-z, 0-9, - and .',
        'publish[1].key: must be a key of a Secret, of letters, digits, -, _ and .',
      ],
    ],
    [
      'a Secret target with file keys and mistyped keys',
      { publish: [FILE, { ...IN_SECRET, mode: '0640', names: 'x' }] },
      [
        'publish[1].mode: is not a known key here; there are type, namespace, name, key, of, format',
        'publish[1].names: is not a known key here; did you mean name?',
      ],
    ],
    [
      'a Secret target for a ticket that is not fetched',
      { publish: [FILE, { ...IN_SECRET, of: 'jsapi' }] },
      ['publish[1].of: jsapi is not among the tickets of this credential'],
    ],
    [
      'a file target without a path',
      { publish: [{ type: 'file' }] },
      ['publish[0].path: is required: the absolute path of the file'],
    ],
    [
      'an unknown file format',
      { publish: [{ ...FILE, format: 'xml' }] },
      ['publish[0].format: must be raw, json, env, php, properties, wechat-ruby or thinkadmin'],
    ],
    [
      'an unquoted file mode',
      { publish: [{ ...FILE, mode: 640 }] },
      [
        'publish[0].mode: must be an octal file mode in quotes, like "0640": without them it is another number',
      ],
    ],
    [
      'a world-writable file mode',
      { publish: [{ ...FILE, mode: '0666' }] },
      ['publish[0].mode: must not let everyone write: they could plant a token'],
    ],
    [
      'an unknown file group',
      { publish: [{ ...FILE, group: 'roo' }] },
      ['publish[0].group: this system knows no group called "roo": use its number'],
    ],
    [
      'a NUL in a file path',
      { publish: [{ type: 'file', path: '/a\0b' }] },
      ['publish[0].path: must be an absolute path to a file or folder'],
    ],
    [
      'a file target for a ticket that is not fetched',
      { publish: [FILE, TICKET] },
      ['publish[1].of: jsapi is not among the tickets of this credential'],
    ],
    [
      'a ticket that is published nowhere',
      { tickets: ['jsapi'] },
      ['tickets[0]: jsapi is published nowhere: add an entry with of: jsapi to publish'],
    ],
    [
      'a ticket listed twice',
      { tickets: ['jsapi', 'jsapi'], publish: [FILE, TICKET] },
      ['tickets[1]: jsapi is there twice: once is enough'],
    ],
    [
      'a mistyped target type beside other mistakes',
      { publish: [{ type: 'fiel', path: 'token', mode: '0666', formt: 'raw' }] },
      [
        'publish[0].type: is not a known type here; did you mean file?',
        'publish[0].path: must be an absolute path to a file or folder',
        'publish[0].mode: must not let everyone write: they could plant a token',
        'publish[0].formt: is not a known key here; did you mean format?',
      ],
    ],
    [
      'a ticket of another platform',
      { tickets: ['corp_jsapi'] },
      ['tickets[0]: corp_jsapi is not a ticket of stable-token: that has jsapi and wx_card'],
    ],
    [
      'a notifier key in a target',
      { publish: [{ ...FILE, timeout: '5s' }] },
      ['publish[0].timeout: is not a known key here; there are type, path, of, format, details, mode, group'],
    ],
  ])('a credential with %s is refused, naming the key', async (_, own, expected) => {
    expect(await problemsWith(own)).toEqual(expected.map((problem) => `credentials[0].${problem}`));
  });
});

describe('mistakes in notifiers', () => {
  it.each<[string, Keys, string]>([
    [
      'a program without its path',
      { type: 'exec', command: ['php'] },
      'command[0]: must be the absolute path of a program: there is no shell and no search',
    ],
    [
      'a command line as one string',
      { type: 'exec', command: '/bin/php x' },
      'command: must be a list: the program by its absolute path, then its arguments',
    ],
    [
      'an empty command',
      { type: 'exec', command: [] },
      'command: is empty: name the program by its absolute path',
    ],
    ['no command', { type: 'exec' }, 'command: is required: the program and its arguments'],
    [
      'a numeric argument',
      { type: 'exec', command: ['/bin/sleep', 5] },
      'command[1]: must be text; put it into quotes',
    ],
    ['no URL', { type: 'webhook' }, 'url: is required: where the change is posted to'],
    [
      'a file URL',
      { type: 'webhook', url: 'file:///etc/passwd' },
      'url: must be a URL like http://127.0.0.1:8080/changed',
    ],
    ['no pid file', { type: 'signal' }, 'pidFile: is required: the file that holds the pid'],
    [
      'an unknown signal',
      { type: 'signal', pidFile: '/x', signal: 'HOP' },
      'signal: is no signal of this system; usual ones are HUP, USR1, USR2, TERM',
    ],
    ...['KILL', 'SIGSTOP'].map((signal): [string, Keys, string] => [
      `the uncatchable signal ${signal}`,
      { type: 'signal', pidFile: '/x', signal },
      'signal: would end or freeze the app, which could not answer it; usual ones are HUP, USR1, USR2',
    ]),
    [
      'a number as the signal',
      { type: 'signal', pidFile: '/x', signal: 1 },
      'signal: must be text; put it into quotes',
    ],
    [
      'a command timeout of an hour',
      { type: 'exec', command: ['/bin/sleep', '9'], timeout: '1h' },
      'timeout: must be at most 10m: what takes longer should be handed to something that runs anyway',
    ],
    [
      'a webhook timeout of 61 minutes',
      { type: 'webhook', url: 'http://127.0.0.1:9/', timeout: '61m' },
      'timeout: must be at most 10m: what takes longer should be handed to something that runs anyway',
    ],
    ['an unknown type', { type: 'mail' }, 'type: must be exec, webhook or signal'],
    [
      'a mistyped type',
      { type: 'sginal', pidFile: '/x' },
      'type: is not a known type here; did you mean signal?',
    ],
    [
      'a user and password in its URL',
      { type: 'webhook', url: 'http://user:hush@127.0.0.1/' },
      'url: must not carry a user or password, for all who may read the configuration: let the app know the daemon by its address',
    ],
  ])('a notifier with %s is refused, naming the key', async (_, notification, expected) => {
    expect(await problemsWith({ notify: [notification] })).toEqual([`credentials[0].notify[0].${expected}`]);
  });

  it('the same notifier given twice is refused even with another timeout', async () => {
    const hook = (...more: string[]) => ({ type: 'exec', command: ['/bin/sh', '-c', ...more] });
    const notify = [hook('a'), hook('b'), { ...hook('a'), timeout: '5s' }];
    expect(await problemsWith({ notify })).toEqual([
      'credentials[0].notify[2]: is the same as credentials[0].notify[0]: tell it once',
    ]);
  });
});

describe('mistakes in general settings', () => {
  it.each<[string, Keys, string[]]>([
    [
      'a plain http base URL',
      { platform: { baseUrl: 'http://api.weixin.qq.com' } },
      [`platform.baseUrl: ${IN_THE_CLEAR}`],
    ],
    [
      'a plain http fallback URL',
      { platform: { fallbackUrls: ['https://a.example', 'http://b.example'] } },
      [`platform.fallbackUrls[1]: ${IN_THE_CLEAR}`],
    ],
    [
      'the base URL of another platform',
      { platform: { baseUrl: 'https://qyapi.weixin.qq.com' } },
      ['platform.baseUrl: knows no credential of these types: it is of another platform'],
    ],
    [
      'a socks proxy',
      { platform: { proxy: 'socks5://egress:1080' } },
      ['platform.proxy: must be a URL like http://egress:3128'],
    ],
    [
      'a relative state folder',
      { stateDir: 'state' },
      ['stateDir: must be an absolute path to a file or folder'],
    ],
    [
      'a state folder open to everyone',
      { stateMode: '0777' },
      ['stateMode: must be "0700" in quotes, or "0770" for daemons of several users'],
    ],
    [
      'a shared state folder without a group',
      { stateMode: '0770' },
      ['stateMode: needs stateGroup: the group whose daemons share the folder'],
    ],
    [
      'a state group without a shared state folder',
      { stateGroup: 'root' },
      ['stateGroup: needs stateMode: "0770", or its members cannot use the folder'],
    ],
    [
      'an unknown state group',
      { stateMode: '0770', stateGroup: 'roo' },
      ['stateGroup: this system knows no group called "roo": use its number'],
    ],
    [
      'a cluster without Lease and Secret',
      { cluster: {} },
      [
        'cluster.lease: is required: the Lease that elects the refresher',
        'cluster.secret: is required: the Secret in which it keeps the credentials',
      ],
    ],
    [
      'invalid or missing names of Lease and Secret',
      { cluster: { lease: { namespace: 'My_Shop', name: 'wx_token' }, secret: {} } },
      [
        'cluster.lease.namespace: must be a namespace of Kubernetes: up to 63 of a-z, 0-9 and -',
        'cluster.lease.name: must be the name of an object of Kubernetes: a-z, 0-9, - and .',
        'cluster.secret.name: is required: the name of the Secret',
      ],
    ],
    [
      'election times that allow two leaders',
      {
        cluster: {
          lease: { name: 'a', duration: '1500ms', renewDeadline: '2s', retryPeriod: '1800ms' },
          secret: { name: 'a' },
        },
      },
      [
        'cluster.lease.duration: must be whole seconds: a Lease counts those',
        'cluster.lease.renewDeadline: must be shorter than duration: a holder stops before another begins',
        'cluster.lease.retryPeriod: must be much shorter than renewDeadline: several tries go into it',
      ],
    ],
    [
      'servers without a listen address',
      { http: {}, tokenServer: {} },
      [
        'http.listen: is required: host:port, like 127.0.0.1:9400',
        'tokenServer.listen: is required: 127.0.0.1:8867, or unix:/path',
      ],
    ],
    [
      'invalid listen addresses and host names',
      {
        http: { listen: ':9400', allowedHosts: ['wx.example.com:9400'] },
        tokenServer: { listen: '127.0.0.1:99999' },
      },
      [
        'http.listen: must be host:port, like 127.0.0.1:9400, 0.0.0.0:9400 or [::1]:9400',
        'http.allowedHosts[0]: must be a host name, like wx.example.com, without a port',
        'tokenServer.listen: must be host:port on loopback, like 127.0.0.1:8867, or unix:/path',
      ],
    ],
    [
      'a token server open to other hosts',
      { tokenServer: { listen: '0.0.0.0:8867' } },
      ['tokenServer.listen: must be host:port on loopback, like 127.0.0.1:8867, or unix:/path'],
    ],
    [
      'a Unix socket path that is too long',
      { tokenServer: { listen: `unix:/${'x'.repeat(107)}` } },
      ['tokenServer.listen: must be a path of at most 107 bytes'],
    ],
    [
      'a Unix socket in a folder that cannot be created',
      { tokenServer: { listen: 'unix:/etc/passwd/tokens.sock' } },
      ['tokenServer.listen: '],
    ],
    [
      'a Unix socket at the path of a published file',
      { stateDir: '$FOLDER/state', tokenServer: { listen: 'unix:$FOLDER/out/token' } },
      ['tokenServer.listen: $FOLDER/out/token is published by credentials[0].publish[0].path already'],
    ],
    [
      'two servers at one address',
      { http: { listen: '127.0.0.1:9400' }, tokenServer: { listen: '127.0.0.1:9400' } },
      ['tokenServer.listen: is where health is served: take another port'],
    ],
    [
      'a feedback setting that is only a path',
      { feedback: '/feedback' },
      ['feedback: must be keys with their values'],
    ],
  ])('a configuration with %s is refused, naming the key', async (_, keys, expected) => {
    const found = await problemsWith({}, keys);
    expect(found).toEqual(expected.map((problem) => expect.stringContaining(problem)));
  });

  it('a WeCom host on a WeChat account is refused, naming the key', async () => {
    const platform = {
      baseUrl: 'https://qyapi.weixin.qq.com',
      fallbackUrls: ['https://qyapi.weixin.qq.com'],
    };
    const elsewhere = 'does not know credentials of type stable-token: they are at https://api.weixin.qq.com';
    expect(await problemsWith({ platform })).toEqual([
      `credentials[0].platform.baseUrl: ${elsewhere}`,
      `credentials[0].platform.fallbackUrls[0]: ${elsewhere}`,
    ]);
  });
});
