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
const SAY_FILE =
  'a secret may not stand here, where it would be copied, committed and shown: put it into a file and name that in ' +
  'secretFile, or into a variable and name that in secretEnv';

describe('a mistake in an account is told with its key', () => {
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
    ['another type', { type: 'stable' }, ['type: must be stable-token, access-token, wecom or mirror']],
    [
      'a mirror of nothing, with what fetching takes',
      { type: 'mirror', tickets: ['jsapi'] },
      [
        'from: is required: where the mirror reads',
        'appId: does not belong to mirror, which fetches nothing',
        'secretFile: does not belong to mirror, which fetches nothing',
        'tickets: does not belong to mirror: a target whose of names a ticket is enough',
      ],
    ],
    [
      'a source of what is fetched here',
      { from: { kubernetesSecret: { name: 'wx-token', credential: 'shop' } } },
      ['from: belongs to mirror: it is fetched here'],
    ],
    ['no account', { appId: undefined }, ['appId: is required: the AppID of the account']],
    ['no corp', { ...WECOM, corpId: undefined }, ['corpId: is required: the CorpID of the account']],
    [
      'a corp that is no wecom',
      { corpId: 'ww0' },
      ['corpId: must be an appid or corpid like wx0000000000000000, without blanks'],
    ],
    [
      'both ids',
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
      'a relative secret file',
      { secretFile: 'secret' },
      ['secretFile: must be an absolute path to a file or folder'],
    ],
    [
      'ahead of a stable-token',
      { ahead: '10m' },
      ['ahead: belongs to access-token: stable-token has rotationWindow'],
    ],
    [
      'the window of an access-token',
      { type: 'access-token', rotationWindow: '5m' },
      ['rotationWindow: belongs to stable-token: access-token has ahead'],
    ],
    [
      'either of wecom',
      { ...WECOM, rotationWindow: '5m', ahead: '5m' },
      [
        'rotationWindow: belongs to stable-token: a token of wecom repeats until it ends',
        'ahead: belongs to access-token: a token of wecom repeats until it ends',
      ],
    ],
    [
      'forcing what is always new',
      { type: 'access-token', allowForce: true },
      ['allowForce: belongs to stable-token'],
    ],
    ['a number for a duration', { rotationWindow: 300 }, [`rotationWindow: ${NO_DURATION}`]],
    [
      'a budget of nothing',
      { budget: { fetchesPerDay: 0 } },
      ['budget.fetchesPerDay: must be a whole number of calls a day, like 2000'],
    ],
    [
      'half a budget',
      { budget: { forcedPerDay: 1.5 } },
      ['budget.forcedPerDay: must be a whole number of calls a day, like 2000'],
    ],
    ['a list for a word', { name: ['shop'] }, ['name: must not be a list']],
    [
      'a word for a list',
      { tickets: 'jsapi', publish: [FILE, TICKET] },
      ['tickets: must be a list of tickets'],
    ],
    ['a mistyped key', { apiId: 'x' }, ['apiId: is no key here; did you mean appId?']],
    [
      'a key in another case, which is not missing then',
      { appId: undefined, appid: 'wx0000000000000000' },
      ['appid: is no key here; did you mean appId?'],
    ],
    [
      'mistyped keys in place of what is required',
      {
        name: undefined,
        nane: 'x',
        secretFile: undefined,
        'secret-file': '/x',
        publish: undefined,
        pubilsh: [],
      },
      [
        'nane: is no key here; did you mean name?',
        'secret-file: is no key here; did you mean secretFile?',
        'pubilsh: is no key here; did you mean publish?',
      ],
    ],
    [
      'a mistyped key beside the right one, which is wrong as well',
      { appid: 'wx0000000000000000', appId: 'no good' },
      [
        'appId: must be an appid or corpid like wx0000000000000000, without blanks',
        'appid: is no key here; did you mean appId?',
      ],
    ],
    [
      'a mistyped type, of which nothing hangs on the default',
      { tpye: 'wecom', appId: undefined, corpId: 'ww0000000000000000' },
      ['tpye: is no key here; did you mean type?'],
    ],
    [
      'a key in another style',
      { 'rotation-window': '5m' },
      ['rotation-window: is no key here; did you mean rotationWindow?'],
    ],
    [
      'a key of another place',
      { proxy: 'http://egress:3128' },
      ['proxy: is no key here; it belongs to platform'],
    ],
  ])('%s', async (_, own, expected) => {
    expect(await problemsWith(own)).toEqual(expected.map((problem) => `credentials[0].${problem}`));
  });
});

describe('a mistake in what is published is told with its key', () => {
  it.each<[string, Keys, string[]]>([
    ['nowhere', { publish: undefined }, ['publish: is required: where it is published']],
    ['nowhere at all', { publish: [] }, ['publish: is empty: the credential would be published nowhere']],
    ['not a list', { publish: FILE }, ['publish: must be a list of targets']],
    ['not a target', { publish: ['/x'] }, ['publish[0]: must be keys with their values, type first']],
    ['no type', { publish: [{ path: '/x' }] }, ['publish[0].type: must be file or kubernetes-secret']],
    [
      'no Secret',
      { publish: [FILE, { type: 'kubernetes-secret' }] },
      [
        'publish[1].namespace: is required: the namespace of the Secret',
        'publish[1].name: is required: the name of the Secret',
        'publish[1].key: is required: the key in the Secret that holds the value',
      ],
    ],
    [
      'names that Kubernetes does not know',
      { publish: [FILE, { ...IN_SECRET, namespace: 'My_Shop', name: 'wx_token', key: 'a/b' }] },
      [
        'publish[1].namespace: must be a namespace of Kubernetes: up to 63 of a-z, 0-9 and -',
        'publish[1].name: must be the name of an object of Kubernetes: a-z, 0-9, - and .',
        'publish[1].key: must be a key of a Secret: letters, digits, -, _ and .',
      ],
    ],
    [
      'keys of a file for a Secret',
      { publish: [FILE, { ...IN_SECRET, mode: '0640', names: 'x' }] },
      [
        'publish[1].mode: is no key here; there are type, namespace, name, key, of, format',
        'publish[1].names: is no key here; did you mean name?',
      ],
    ],
    [
      'a ticket that nobody fetches, in a Secret',
      { publish: [FILE, { ...IN_SECRET, of: 'jsapi' }] },
      ['publish[1].of: jsapi is not among the tickets of this credential'],
    ],
    [
      'no path',
      { publish: [{ type: 'file' }] },
      ['publish[0].path: is required: the absolute path of the file'],
    ],
    [
      'an unknown format',
      { publish: [{ ...FILE, format: 'xml' }] },
      ['publish[0].format: must be raw, json, env, php or properties'],
    ],
    [
      'an octal number',
      { publish: [{ ...FILE, mode: 640 }] },
      [
        'publish[0].mode: must be an octal file mode in quotes, like "0640": without them it is another number',
      ],
    ],
    [
      'a mode that lets everyone write',
      { publish: [{ ...FILE, mode: '0666' }] },
      ['publish[0].mode: must not let everyone write: they could plant a token'],
    ],
    [
      'a group that is none',
      { publish: [{ ...FILE, group: 'roo' }] },
      ['publish[0].group: this system knows no group called "roo": use its number'],
    ],
    [
      'a NUL in a path',
      { publish: [{ type: 'file', path: '/a\0b' }] },
      ['publish[0].path: must be an absolute path to a file or folder'],
    ],
    [
      'a ticket that is not fetched',
      { publish: [FILE, TICKET] },
      ['publish[1].of: jsapi is not among the tickets of this credential'],
    ],
    [
      'a ticket that is published nowhere',
      { tickets: ['jsapi'] },
      ['tickets[0]: jsapi is published nowhere: add an entry with of: jsapi to publish'],
    ],
    [
      'a ticket twice',
      { tickets: ['jsapi', 'jsapi'], publish: [FILE, TICKET] },
      ['tickets[1]: jsapi is there twice: once is enough'],
    ],
    [
      'a mistyped type, with what else is wrong',
      { publish: [{ type: 'fiel', path: 'token', mode: '0666', formt: 'raw' }] },
      [
        'publish[0].type: is no type here; did you mean file?',
        'publish[0].path: must be an absolute path to a file or folder',
        'publish[0].mode: must not let everyone write: they could plant a token',
        'publish[0].formt: is no key here; did you mean format?',
      ],
    ],
    [
      'a ticket of another platform',
      { tickets: ['corp_jsapi'] },
      ['tickets[0]: corp_jsapi is not a ticket of stable-token: that has jsapi and wx_card'],
    ],
    [
      'a key of a notifier',
      { publish: [{ ...FILE, timeout: '5s' }] },
      ['publish[0].timeout: is no key here; there are type, path, of, format, details, mode, group'],
    ],
  ])('%s', async (_, own, expected) => {
    expect(await problemsWith(own)).toEqual(expected.map((problem) => `credentials[0].${problem}`));
  });
});

describe('a mistake in who is told is told with its key', () => {
  it.each<[string, Keys, string]>([
    [
      'a program without its path',
      { type: 'exec', command: ['php'] },
      'command[0]: must be the absolute path of a program: there is no shell and no search',
    ],
    [
      'a command line',
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
      'an argument that is a number',
      { type: 'exec', command: ['/bin/sleep', 5] },
      'command[1]: must be text; put it into quotes',
    ],
    ['no address', { type: 'webhook' }, 'url: is required: where the change is posted to'],
    [
      'an address of another kind',
      { type: 'webhook', url: 'file:///etc/passwd' },
      'url: must be a URL like http://127.0.0.1:8080/changed',
    ],
    ['no pid file', { type: 'signal' }, 'pidFile: is required: the file that holds the pid'],
    [
      'a signal that does not exist',
      { type: 'signal', pidFile: '/x', signal: 'HOP' },
      'signal: is no signal of this system; usual ones are HUP, USR1, USR2, TERM',
    ],
    ...['KILL', 'SIGSTOP'].map((signal): [string, Keys, string] => [
      `a signal that no app survives or hears: ${signal}`,
      { type: 'signal', pidFile: '/x', signal },
      'signal: would end or freeze the app, which could not answer it; usual ones are HUP, USR1, USR2',
    ]),
    [
      'a number for a signal',
      { type: 'signal', pidFile: '/x', signal: 1 },
      'signal: must be text; put it into quotes',
    ],
    [
      'a program that may run for an hour',
      { type: 'exec', command: ['/bin/sleep', '9'], timeout: '1h' },
      'timeout: must be at most 10m: what takes longer should be handed to something that runs anyway',
    ],
    [
      'an answer that may take an hour',
      { type: 'webhook', url: 'http://127.0.0.1:9/', timeout: '61m' },
      'timeout: must be at most 10m: what takes longer should be handed to something that runs anyway',
    ],
    ['another type', { type: 'mail' }, 'type: must be exec, webhook or signal'],
    ['a mistyped type', { type: 'sginal', pidFile: '/x' }, 'type: is no type here; did you mean signal?'],
    [
      'a user and a password in an address',
      { type: 'webhook', url: 'http://user:hush@127.0.0.1/' },
      'url: must not carry a user or password, for all who may read the configuration: let the app know the daemon by its address',
    ],
  ])('%s', async (_, notification, expected) => {
    expect(await problemsWith({ notify: [notification] })).toEqual([`credentials[0].notify[0].${expected}`]);
  });

  it('named twice, whatever time each is given', async () => {
    const hook = (...more: string[]) => ({ type: 'exec', command: ['/bin/sh', '-c', ...more] });
    const notify = [hook('a'), hook('b'), { ...hook('a'), timeout: '5s' }];
    expect(await problemsWith({ notify })).toEqual([
      'credentials[0].notify[2]: is the same as credentials[0].notify[0]: tell it once',
    ]);
  });
});

describe('a mistake in what counts for all is told with its key', () => {
  it.each<[string, Keys, string[]]>([
    [
      'plain http',
      { platform: { baseUrl: 'http://api.weixin.qq.com' } },
      [`platform.baseUrl: ${IN_THE_CLEAR}`],
    ],
    [
      'plain http among fallbacks',
      { platform: { fallbackUrls: ['https://a.example', 'http://b.example'] } },
      [`platform.fallbackUrls[1]: ${IN_THE_CLEAR}`],
    ],
    [
      'another platform',
      { platform: { baseUrl: 'https://qyapi.weixin.qq.com' } },
      ['platform.baseUrl: knows no credential of these types: it is of another platform'],
    ],
    [
      'a socks proxy',
      { platform: { proxy: 'socks5://egress:1080' } },
      ['platform.proxy: must be a URL like http://egress:3128'],
    ],
    ['a relative folder', { stateDir: 'state' }, ['stateDir: must be an absolute path to a file or folder']],
    [
      'a state folder for everyone',
      { stateMode: '0777' },
      ['stateMode: must be "0700" in quotes, or "0770" for daemons of several users'],
    ],
    [
      'a shared state folder without a group',
      { stateMode: '0770' },
      ['stateMode: needs stateGroup: the group whose daemons share the folder'],
    ],
    [
      'a group without a shared state folder',
      { stateGroup: 'root' },
      ['stateGroup: needs stateMode: "0770", or its members cannot use the folder'],
    ],
    [
      'an unknown group',
      { stateMode: '0770', stateGroup: 'roo' },
      ['stateGroup: this system knows no group called "roo": use its number'],
    ],
    [
      'a cluster without its objects',
      { cluster: {} },
      [
        'cluster.lease: is required: the Lease that elects the refresher',
        'cluster.secret: is required: the Secret in which it keeps the credentials',
      ],
    ],
    [
      'objects without names, or with names that no cluster knows',
      { cluster: { lease: { namespace: 'My_Shop', name: 'wx_token' }, secret: {} } },
      [
        'cluster.lease.namespace: must be a namespace of Kubernetes: up to 63 of a-z, 0-9 and -',
        'cluster.lease.name: must be the name of an object of Kubernetes: a-z, 0-9, - and .',
        'cluster.secret.name: is required: the name of the Secret',
      ],
    ],
    [
      'an election of two holders at a time',
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
      'servers without an address',
      { http: {}, tokenServer: {} },
      [
        'http.listen: is required: host:port, like 127.0.0.1:9400',
        'tokenServer.listen: is required: 127.0.0.1:8867, or unix:/path',
      ],
    ],
    [
      'addresses nobody can listen on, and names that are none',
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
      'tokens served to other hosts',
      { tokenServer: { listen: '0.0.0.0:8867' } },
      ['tokenServer.listen: must be host:port on loopback, like 127.0.0.1:8867, or unix:/path'],
    ],
    [
      'a socket with a path that is too long',
      { tokenServer: { listen: `unix:/${'x'.repeat(107)}` } },
      ['tokenServer.listen: must be a path of at most 107 bytes'],
    ],
    [
      'a socket in a folder that cannot be made',
      { tokenServer: { listen: 'unix:/etc/passwd/tokens.sock' } },
      ['tokenServer.listen: '],
    ],
    [
      'a socket in the place of what is published',
      { stateDir: '$FOLDER/state', tokenServer: { listen: 'unix:$FOLDER/out/token' } },
      ['tokenServer.listen: $FOLDER/out/token is published by credentials[0].publish[0].path already'],
    ],
    [
      'two servers at one address',
      { http: { listen: '127.0.0.1:9400' }, tokenServer: { listen: '127.0.0.1:9400' } },
      ['tokenServer.listen: is where health is served: take another port'],
    ],
    ['a folder that is no mapping', { feedback: '/feedback' }, ['feedback: must be keys with their values']],
  ])('%s', async (_, keys, expected) => {
    const found = await problemsWith({}, keys);
    expect(found).toEqual(expected.map((problem) => expect.stringContaining(problem)));
  });

  it('a host of the other platform in an account', async () => {
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
