import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { account, inJson, place, SECRET, withoutPlaces } from './written.ts';

type Keys = Readonly<Record<string, unknown>>;

const CACHE = { name: 'cache', url: 'redis://127.0.0.1:6379' };
const TARGET = { type: 'redis', connection: 'cache', key: 'wx:access_token:{appId}' };
const CORP = { type: 'wecom', appId: undefined, corpId: 'ww0000000000000000' };

/** What is wrong with connections and the targets of one account. */
async function problems(redis: readonly Keys[], publish: readonly Keys[], own: Keys = {}): Promise<string[]> {
  const here = await place();
  await writeFile(join(here.folder, 'secrets', 'empty'), '\n');
  return withoutPlaces(
    await here.problems(inJson([account({ publish, ...own })], { redis, stateDir: '$FOLDER/state' })),
  );
}

const ONE_OF = 'cannot stand beside url: say one of them';

describe('mistakes in connections to Redis', () => {
  it.each<[string, Keys, string[]]>([
    ['no name', { name: undefined }, ['redis[0].name: is required: what targets call this connection']],
    [
      'no place',
      { url: undefined },
      ['redis[0].url: is required: where the server is (or sentinel or cluster in its place)'],
    ],
    ['two places', { cluster: ['127.0.0.1:7000'] }, [`redis[0].cluster: ${ONE_OF}`]],
    [
      'a password in the URL',
      { url: 'redis://:secret@127.0.0.1:6379' },
      [
        'redis[0].url: must not carry a user or password, for all who may read the configuration: username and passwordFile do',
      ],
    ],
    [
      'a URL of the web',
      { url: 'http://127.0.0.1:6379' },
      [
        'redis[0].url: must be a URL like redis://redis:6379, rediss://redis.example.com:6379/1 or unix:/run/redis.sock',
      ],
    ],
    [
      'a port that nobody can be reached at',
      { url: 'redis://127.0.0.1:0' },
      [
        'redis[0].url: must be a URL like redis://redis:6379, rediss://redis.example.com:6379/1 or unix:/run/redis.sock',
      ],
    ],
    [
      'a database that is a name',
      { url: 'redis://127.0.0.1/shop' },
      ['redis[0].url: must end with the number of a database, like /1, or with none'],
    ],
    [
      'a database twice',
      { url: 'redis://127.0.0.1/1', database: 2 },
      ['redis[0].database: stands in url already: say it once'],
    ],
    [
      'a database of a Cluster',
      { url: undefined, cluster: ['127.0.0.1:7000'], database: 1 },
      ['redis[0].database: must be 0, or left away: a Redis Cluster has no other'],
    ],
    [
      'a user without a password',
      { username: 'wx' },
      ['redis[0].passwordFile: is required: the file with the password of wx'],
    ],
    [
      'an empty password',
      { passwordFile: '$FOLDER/secrets/empty' },
      ['redis[0].passwordFile: $FOLDER/secrets/empty is empty'],
    ],
    [
      'a password file that is not there',
      { passwordFile: '$FOLDER/secrets/none' },
      ['redis[0].passwordFile: $FOLDER/secrets/none cannot be read (ENOENT)'],
    ],
    [
      'an authority without TLS',
      { caFile: '$FOLDER/ca.pem' },
      ['redis[0].caFile: has no effect without TLS: say rediss: in url, or leave it away'],
    ],
    [
      'an authority that is none',
      { url: 'rediss://127.0.0.1', caFile: '$FOLDER/secrets/one' },
      ['redis[0].caFile: $FOLDER/secrets/one holds no certificate in PEM'],
    ],
    [
      'a client certificate without its key',
      { url: 'rediss://127.0.0.1', certFile: '$FOLDER/ca.pem' },
      ['redis[0].keyFile: is required: the key of certFile'],
    ],
    [
      'Sentinels without a master',
      { url: undefined, sentinel: { nodes: ['127.0.0.1:26379'] } },
      ['redis[0].sentinel.master: is required: the name by which the Sentinels know the master'],
    ],
    [
      'a Sentinel without a port',
      { url: undefined, sentinel: { master: 'main', nodes: ['redis'] } },
      ['redis[0].sentinel.nodes[0]: must be host:port, like redis-0.redis:6379'],
    ],
  ])('%s is refused, naming the key', async (_what, changes, expected) => {
    const found = await problems([{ ...CACHE, ...changes }], [TARGET]);
    expect(found.filter((line) => line.startsWith('redis'))).toEqual(expected);
  });

  it('all that is wrong with a connection is told at once, whatever else is wrong with it', async () => {
    const malformed = {
      name: 'My Cache',
      url: 'http://127.0.0.1:6379',
      usrname: 'wx',
      database: 'one',
      passwordFile: '$FOLDER/secrets/none',
      caFile: '$FOLDER/secrets/one',
      certFile: '$FOLDER/secrets/one',
      keyFile: '$FOLDER/secrets/none',
    };
    expect(await problems([malformed], [{ ...TARGET, connection: 'my-cache', encoding: 'xml' }])).toEqual([
      'redis[0].name: must be 1 to 63 of a-z, 0-9 and -, with no - at an end',
      'redis[0].url: must be a URL like redis://redis:6379, rediss://redis.example.com:6379/1 or unix:/run/redis.sock',
      'redis[0].usrname: is not a known key here; did you mean username?',
      'redis[0].database: must be the number of a database, like 1',
      'redis[0].passwordFile: $FOLDER/secrets/none cannot be read (ENOENT)',
      'redis[0].caFile: $FOLDER/secrets/one holds no certificate in PEM',
      'redis[0].certFile: $FOLDER/secrets/one holds no certificate in PEM',
      expect.stringMatching(/^credentials\[0\]\.publish\[0\]\.encoding: must be raw, /),
    ]);
  });

  it('the files of Sentinels and of servers are looked at one by one', async () => {
    const sentinel = { master: 'main', nodes: ['redis'], passwordFile: '$FOLDER/secrets/none' };
    const empty = '$FOLDER/secrets/empty';
    expect(await problems([{ ...CACHE, url: undefined, sentinel, passwordFile: empty }], [TARGET])).toEqual([
      'redis[0].sentinel.nodes[0]: must be host:port, like redis-0.redis:6379',
      'redis[0].sentinel.passwordFile: $FOLDER/secrets/none cannot be read (ENOENT)',
      'redis[0].passwordFile: $FOLDER/secrets/empty is empty',
    ]);
  });

  it('a target is not blamed for a connection of which nobody knows what it is called', async () => {
    expect(await problems(['redis://127.0.0.1' as unknown as Keys], [TARGET])).toEqual([
      'redis[0]: must be keys with their values',
    ]);
  });

  it('a connection that nothing uses is refused, and a name that none has', async () => {
    expect(await problems([CACHE, { ...CACHE, name: 'other' }], [TARGET])).toEqual([
      'redis[1].name: is used by nothing: name it as connection of a target of type redis or of state.redis, or leave it out',
    ]);
    // That the right one is unused is no fault beside the misspelt one.
    const misspelt = { ...TARGET, connection: 'chache' };
    expect(await problems([CACHE], [misspelt])).toEqual([
      'credentials[0].publish[0].connection: names no connection: redis has cache',
    ]);
    expect(await problems([], [TARGET])).toEqual([
      'credentials[0].publish[0].connection: names no connection: redis has no entry',
    ]);
  });

  it('two connections of one name are refused', async () => {
    expect(await problems([CACHE, CACHE], [TARGET])).toEqual([
      'redis[1].name: is the name of another connection as well',
    ]);
  });
});

describe('mistakes in targets in Redis', () => {
  const REAL = `${SECRET}one`;
  const layout = (name: string, more: Keys = {}) => ({
    ...{ type: 'redis', connection: 'cache', layout: name },
    ...more,
  });
  const SEEN = 'whoever may list the keys would see (SCAN, MONITOR, SLOWLOG)';
  const PLACEHOLDER = `holds the AppSecret, or a part of it, which ${SEEN}: give the app a placeholder as its AppSecret, and write the same placeholder here`;

  it.each<[string, Keys, Keys, string[]]>([
    [
      'neither key nor layout',
      { type: 'redis', connection: 'cache' },
      {},
      ['key: is required: the name of the key, or layout with the SDK that looks for it'],
    ],
    [
      'key and layout',
      layout('wxjava-mp', { key: 'k' }),
      {},
      ['key: cannot stand beside layout: say one of them'],
    ],
    [
      'an encoding of a layout',
      layout('wxjava-mp', { encoding: 'php-string' }),
      {},
      ['encoding: belongs to key: the encoding of layout wxjava-mp is raw'],
    ],
    [
      'a placeholder that there is not',
      { ...TARGET, key: 'wx:{appid}' },
      {},
      [
        'key: knows no {appid}: there are {appId}, {corpId} and {name}. Where the key itself has these braces, write {{appid}}',
      ],
    ],
    [
      'the AppSecret as a placeholder',
      { ...TARGET, key: 'wx:{secret}:{appId}' },
      {},
      [
        'key: knows no {secret}: there are {appId}, {corpId} and {name}. Where the key itself has these braces, write {{secret}}',
      ],
    ],
    [
      'a placeholder in a prefix, where none is filled in',
      layout('wxjava-mp', { prefix: 'app:{appId}' }),
      {},
      ['prefix: has {appId}, which is filled in in key alone: write out what the app has'],
    ],
    [
      'the end of the AppSecret in a key',
      { ...TARGET, key: `wx:${REAL.slice(-9)}` },
      {},
      [`key: holds the AppSecret, or a part of it, which ${SEEN}: take something else`],
    ],
    [
      'the AppSecret in another case in a prefix',
      layout('wxjava-mp', { prefix: `app-${REAL.toUpperCase()}` }),
      {},
      [`prefix: holds the AppSecret, or a part of it, which ${SEEN}: take something else`],
    ],
    [
      'the CorpID of an official account',
      { ...TARGET, key: 'wx:{corpId}' },
      {},
      ['key: has {corpId}, which is not known of this credential'],
    ],
    [
      'a key with blanks',
      { ...TARGET, key: 'my key' },
      {},
      ['key: must be the name of a key without blanks, like "wx:access_token:{appId}"'],
    ],
    [
      'the AppSecret in a key',
      { ...TARGET, key: `wx:${REAL}` },
      {},
      [`key: holds the AppSecret, or a part of it, which ${SEEN}: take something else`],
    ],
    [
      'a layout that there is not, once',
      layout('wxjava'),
      {},
      [
        'layout: must be wxjava-mp, wxjava-miniapp, wxjava-miniapp-redisson, wxjava-cp, easywechat-6, easywechat-6-laravel, easywechat-5, easywechat-5-laravel, silenceper, powerwechat or wechatpy',
      ],
    ],
    [
      'the AppSecret in a prefix',
      layout('wxjava-mp', { prefix: `app-${REAL}` }),
      {},
      [`prefix: holds the AppSecret, or a part of it, which ${SEEN}: take something else`],
    ],
    [
      'the AppSecret as keySecret',
      layout('easywechat-6', { keySecret: REAL }),
      {},
      [`keySecret: ${PLACEHOLDER}`],
    ],
    [
      'the beginning of the AppSecret as keySecret',
      layout('wechatpy', { keySecret: REAL.slice(0, 10) }),
      CORP,
      [`keySecret: ${PLACEHOLDER}`],
    ],
    [
      'a placeholder that was made of the AppSecret',
      layout('easywechat-6', { keySecret: `not-${REAL}` }),
      {},
      [`keySecret: ${PLACEHOLDER}`],
    ],
    [
      'the end of the AppSecret as keySecret',
      layout('easywechat-6', { keySecret: `x${REAL.slice(-12)}` }),
      {},
      [`keySecret: ${PLACEHOLDER}`],
    ],
    [
      'a layout without the placeholder that it needs',
      layout('easywechat-6'),
      {},
      [
        'keySecret: is missing: the key of this layout is made with the AppSecret as the app has it. Give the app a placeholder instead of the AppSecret, which the daemon alone needs, and write the same placeholder here',
      ],
    ],
    [
      'a layout for other accounts',
      layout('wxjava-cp', { agentId: 1000002 }),
      {},
      ['layout: is for corps of WeCom, not for official accounts and mini programs'],
    ],
    [
      'a format',
      { ...TARGET, format: 'json' },
      {},
      ['format: is no key here, that is known: it would have no effect'],
    ],
    [
      'a prefix for a key',
      { ...TARGET, prefix: 'app' },
      {},
      ['prefix: belongs to layout, and says nothing of a key of your own'],
    ],
  ])('%s is refused, naming the key', async (what, target, own, expected) => {
    const found = await problems([CACHE], [target], own);
    const lines = found.map((line) => line.replace('credentials[0].publish[0].', ''));
    if (what === 'a format') expect(lines.join()).toMatch(/^format/);
    else expect(lines).toEqual(expected);
  });

  it('braces of a key that are no placeholder stay, and those that are written twice stand for themselves', async () => {
    const { load } = await place();
    const keysOf = async (key: string) => {
      const publish = [{ ...TARGET, key }];
      const written = inJson([account({ publish })], { redis: [CACHE], stateDir: '$FOLDER/state' });
      return (await load(written)).credentials[0]?.publish;
    };
    expect(await keysOf('{wx}:{appId}')).toMatchObject([{ keys: [{ key: '{wx}:wx0000000000000000' }] }]);
    expect(await keysOf('{{token}}:{name}')).toMatchObject([{ keys: [{ key: '{token}:shop' }] }]);
  });

  it('two credentials with the same key are refused', async () => {
    const { problems: found } = await place();
    const publish = [{ ...TARGET, key: 'wx:access_token' }];
    const [one, two] = [
      account({ publish }),
      account({ publish, name: 'other', appId: 'wx1111111111111111' }),
    ];
    expect(
      withoutPlaces(await found(inJson([one, two], { redis: [CACHE], stateDir: '$FOLDER/state' }))),
    ).toEqual([
      'credentials[1].publish[0]: the key wx:access_token of Redis at 127.0.0.1:6379 is published by credentials[0].publish[0] already',
    ]);
  });

  it('keys that change together need a hash tag in a Cluster', async () => {
    const cluster = [{ name: 'cache', cluster: ['127.0.0.1:7000'] }];
    const [line] = await problems(cluster, [layout('wechatpy')]);
    expect(line).toMatch(/^credentials\[0\]\.publish\[0\]\.prefix: has keys that change together/);
    const { load } = await place();
    const publish = [layout('wechatpy', { prefix: '{wx}' })];
    const { credentials } = await load(
      inJson([account({ publish })], { redis: cluster, stateDir: '$FOLDER/state' }),
    );
    expect(credentials[0]?.publish).toMatchObject([{ keys: [{ holds: 'end' }, { holds: 'value' }] }]);
  });
});

describe('mirrors into Redis', () => {
  const mirrored = (target: Keys) => ({
    ...{ name: 'copy', type: 'mirror', publish: [{ type: 'redis', connection: 'cache', ...target }] },
    from: { kubernetesSecret: { namespace: 'shop', name: 'wx-token', credential: 'shop' } },
  });
  const written = (target: Keys) => inJson([mirrored(target)], { redis: [CACHE], stateDir: '$FOLDER/state' });

  it.each<[string, Keys, string]>([
    [
      'a layout',
      { layout: 'wxjava-mp' },
      'layout: needs to know the account, which a mirror does not: say key in its place',
    ],
    [
      'the AppID in a key',
      { key: 'wx:access_token:{appId}' },
      'key: has {appId}, which is not known of this credential',
    ],
    [
      'the CorpID in the key of a ticket',
      { of: 'corp_jsapi', key: 'wx:ticket:{corpId}' },
      'key: has {corpId}, which is not known of this credential',
    ],
  ])('%s is refused, since a mirror does not know the account', async (_what, target, line) => {
    const { problems: found } = await place();
    expect(withoutPlaces(await found(written(target)))).toEqual([`credentials[0].publish[0].${line}`]);
  });

  it('a mirror publishes into a key that is written out or has its name', async () => {
    const { folder } = await place();
    const file = join(folder, 'config.json');
    const text = written({ of: 'jsapi', key: 'wx0:{name}:ticket' }).replaceAll('$FOLDER', folder);
    await writeFile(file, text);
    const { credentials } = await loadConfig({}, { file, publishes: false });
    expect(credentials[0]?.publish).toMatchObject([{ of: 'jsapi', keys: [{ key: 'wx0:copy:ticket' }] }]);
  });
});

describe('connections to Redis', () => {
  it('all that a connection may be is read', async () => {
    const { load, folder } = await place();
    const redis = [
      {
        ...CACHE,
        url: 'rediss://redis.example.com/1',
        username: 'wx',
        passwordFile: '$FOLDER/secrets/one',
        caFile: '$FOLDER/ca.pem',
      },
      { name: 'socket', url: 'unix:/run/redis.sock', database: 2 },
      {
        name: 'main',
        sentinel: { master: 'main', nodes: ['s0:26379', '[::1]:26379'] },
        database: 3,
        tls: true,
      },
      { name: 'many', cluster: ['n0:7000', 'n1:7001'] },
    ];
    const publish = redis.map(({ name }) => ({ ...TARGET, connection: name }));
    const config = await load(inJson([account({ publish })], { redis, stateDir: '$FOLDER/state' }));
    expect(config.redis).toEqual([
      {
        ...{ name: 'cache', database: 1, login: { username: 'wx', passwordFile: `${folder}/secrets/one` } },
        ...{ endpoint: { kind: 'server', address: { host: 'redis.example.com', port: 6379 } } },
        tls: { caFile: `${folder}/ca.pem` },
      },
      { name: 'socket', database: 2, endpoint: { kind: 'socket', path: '/run/redis.sock' } },
      {
        ...{ name: 'main', database: 3, tls: {} },
        endpoint: {
          ...{ kind: 'sentinel', master: 'main' },
          nodes: [
            { host: 's0', port: 26_379 },
            { host: '::1', port: 26_379 },
          ],
        },
      },
      {
        ...{ name: 'many', database: 0 },
        endpoint: {
          kind: 'cluster',
          nodes: [
            { host: 'n0', port: 7000 },
            { host: 'n1', port: 7001 },
          ],
        },
      },
    ]);
  });
});
