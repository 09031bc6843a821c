import { describe, expect, it } from 'vitest';
import { account, inJson, place, withoutPlaces } from './written.ts';

type Keys = Readonly<Record<string, unknown>>;

const file = (name: string) => [{ type: 'file', path: `$FOLDER/out/${name}` }];
const PLATFORM = {
  ...{ name: 'platform', type: 'component', appId: 'wx0000000000000001' },
  ...{ ticket: { file: '$FOLDER/ticket' }, publish: file('platform') },
};
const ALL = {
  ...{ name: 'all', type: 'authorizers', via: 'platform', appId: undefined, secretFile: undefined },
  publish: file('{appId}/token'),
};
const OTHER = {
  ...{ ...PLATFORM, name: 'other', appId: 'wx0000000000000002' },
  ticket: { file: '$FOLDER/other-ticket' },
};
const [SHOP, CAFE] = ['wx1111111111111111', 'wx2222222222222222'];

async function problemsOf(...credentials: readonly Keys[]): Promise<string[]> {
  const { problems } = await place();
  return withoutPlaces(await problems(inJson(credentials.map((own) => account(own)))));
}

async function loaded(...credentials: readonly Keys[]) {
  const { load } = await place();
  return load(inJson(credentials.map((own) => account(own))));
}

describe('an entry for all accounts that the platform lists', () => {
  it('the entry has no credential of its own, and knows its third party', async () => {
    const { credentials, many } = await loaded(ALL, PLATFORM);
    expect(credentials.map(({ name }) => name)).toEqual(['platform']);
    expect(many).toMatchObject([
      {
        name: 'all',
        via: { name: 'platform', appId: PLATFORM.appId },
        removeAfter: 604_800_000,
        atMost: 2000,
      },
    ]);
  });

  it('accounts that it names are credentials like any other, each with a place of its own', async () => {
    const { credentials, many } = await loaded(PLATFORM, { ...ALL, accounts: [SHOP, CAFE] });
    expect(many).toBeUndefined();
    expect(credentials).toMatchObject([
      { name: 'platform' },
      { name: `all.${SHOP}`, type: 'authorizer', appId: SHOP, optional: false },
      { name: `all.${CAFE}`, type: 'authorizer', appId: CAFE, via: { name: 'platform' } },
    ]);
    const paths = credentials.flatMap(({ publish }) =>
      publish.map((target) => 'path' in target && target.path),
    );
    expect(paths.slice(1)).toEqual([
      expect.stringMatching(`/out/${SHOP}/token$`),
      expect.stringMatching(`/out/${CAFE}/token$`),
    ]);
  });

  it('the default state folder is not looked for among the accounts', async () => {
    const { stateDir } = await loaded(
      { ...ALL, publish: file('a/{appId}/token') },
      { ...PLATFORM, publish: file('z/t') },
    );
    expect(stateDir).toMatch(/\/out\/z\/\.wx-token-sidecar$/);
  });

  it('a layout of an SDK needs no placeholder, and a key has one', async () => {
    const { load } = await place();
    const publish = [{ type: 'redis', connection: 'cache', key: 'wx:{appId}:token' }];
    const text = JSON.stringify({
      redis: [{ name: 'cache', url: 'redis://127.0.0.1:6379' }],
      credentials: [PLATFORM, { ...ALL, accounts: [SHOP], publish }].map((own) => account(own)),
    });
    const { credentials } = await load(text);
    expect(credentials[1]?.publish).toMatchObject([{ keys: [{ key: `wx:${SHOP}:token` }] }]);
  });

  it.each<[string, readonly Keys[], readonly string[]]>([
    [
      'a path that all accounts would share',
      [PLATFORM, { ...ALL, publish: file('token') }],
      ['credentials[1].publish[0].path: must have {appId} in it: each account has a place of its own'],
    ],
    [
      'an AppID',
      [PLATFORM, { ...ALL, appId: SHOP }],
      ['credentials[1].appId: does not belong to authorizers, which stands for many accounts: see accounts'],
    ],
    [
      'a secret',
      [PLATFORM, { ...ALL, secretFile: '$FOLDER/secret' }],
      [
        'credentials[1].secretFile: does not belong to authorizer, which is fetched with the token of a component',
      ],
    ],
    [
      'no third party',
      [PLATFORM, { ...ALL, via: undefined }],
      ['credentials[1].via: is required: the name of a credential of type component'],
    ],
    [
      'an unknown third party',
      [PLATFORM, { ...ALL, via: 'platfrom' }],
      ['credentials[1].via: names no credential of this configuration; did you mean platform?'],
    ],
    [
      'readiness',
      [PLATFORM, { ...ALL, optional: true }],
      ['credentials[1].optional: need not be said: listed accounts never make the daemon unready'],
    ],
    [
      'an empty list',
      [PLATFORM, { ...ALL, accounts: [] }],
      ['credentials[1].accounts: is empty: there is no account to serve'],
    ],
    [
      'an id that is none',
      [PLATFORM, { ...ALL, accounts: ['gone-fishing'] }],
      ['credentials[1].accounts: has gone-fishing, which is no AppID'],
    ],
    [
      'a time for accounts that it names',
      [PLATFORM, { ...ALL, accounts: [SHOP], removeAfter: '1h' }],
      ['credentials[1].removeAfter: is for accounts: listed; one that is named stays until it is taken out'],
    ],
    [
      'too long a time',
      [PLATFORM, { ...ALL, removeAfter: '721h' }],
      ['credentials[1].removeAfter: must be at most 720h'],
    ],
    [
      'an account that has an entry',
      [
        PLATFORM,
        { ...ALL, name: 'shop', type: 'authorizer', appId: SHOP, publish: file('shop') },
        { ...ALL, accounts: [SHOP] },
      ],
      [
        `credentials[2].accounts: has ${SHOP}, which credentials[1] serves as well: let one of them publish for both`,
      ],
    ],
    [
      'the same list as another one',
      [PLATFORM, ALL, { ...ALL, name: 'again', publish: file('again/{appId}') }],
      [
        'credentials[2].via: the list of this third party is served by credentials[1] as well: let one entry publish for both',
      ],
    ],
    [
      'the paths of another one',
      [PLATFORM, { ...OTHER, publish: file('other') }, ALL, { ...ALL, name: 'again', via: 'other' }],
      [
        'credentials[3].publish[0].path: $FOLDER/out/{appId}/token is published by credentials[2].publish[0].path already',
      ],
    ],
    [
      'a path that the accounts that it names would share',
      [PLATFORM, { ...ALL, accounts: [SHOP, CAFE], publish: file('token') }],
      ['credentials[1].publish[0].path: must have {appId} in it: each account has a place of its own'],
    ],
    ...['{appid}', '{AppId}', '{app_id}', '{appID}', '{corpId}', '{account}'].map(
      (mistaken): [string, readonly Keys[], readonly string[]] => [
        `${mistaken} in a path`,
        [PLATFORM, { ...ALL, accounts: [SHOP, CAFE], publish: file(`${mistaken}/token`) }],
        [
          `credentials[1].publish[0].path: knows no ${mistaken}: there are {appId} and {name}, written exactly so`,
        ],
      ],
    ),
    [
      'the third party among its accounts',
      [PLATFORM, { ...ALL, accounts: [SHOP, PLATFORM.appId] }],
      [
        'credentials[1].accounts: wx0000000000000001 is the third party itself: name the account that has authorised it',
      ],
    ],
  ])('an entry with %s is refused, naming the key', async (_, credentials, expected) => {
    expect(await problemsOf(...credentials)).toEqual(expected);
  });

  it.each(['accounts', 'removeAfter'])('%s belongs to no other type', async (key) => {
    const value = key === 'accounts' ? 'listed' : '1h';
    expect(await problemsOf({ ...PLATFORM, [key]: value })).toEqual([
      `credentials[0].${key}: belongs to authorizers`,
    ]);
  });
});

const CLUSTER = { lease: { namespace: 'shop', name: 'wx' }, secret: { namespace: 'shop', name: 'wx' } };

/** How many accounts each entry by a list serves at most, where a Secret keeps all records. */
async function mostInCluster(...credentials: readonly Keys[]) {
  const { load } = await place();
  const document = { cluster: CLUSTER, credentials: credentials.map((own) => account(own)) };
  return (await load(JSON.stringify(document))).many?.map(({ atMost }) => atMost);
}

describe('what a Secret of a cluster has room for', () => {
  it.each<[string, Keys, number]>([
    ['the list, the third party and 98 accounts', {}, 98],
    [
      'as many fewer as each has tickets',
      {
        tickets: ['jsapi', 'wx_card'],
        publish: [
          ...file('{appId}/token'),
          ...file('{appId}/jsapi').map((target) => ({ ...target, of: 'jsapi' })),
          ...file('{appId}/wx_card').map((target) => ({ ...target, of: 'wx_card' })),
        ],
      },
      32,
    ],
  ])('%s', async (_, more, most) => {
    expect(await mostInCluster(PLATFORM, { ...ALL, ...more })).toEqual([most]);
  });

  it('two entries have the same share each, so that neither takes a place of the other', async () => {
    const other = { ...OTHER, publish: file('other') };
    const all = { ...ALL, name: 'others', via: 'other', publish: file('others/{appId}') };
    expect(await mostInCluster(PLATFORM, ALL, other, all)).toEqual([48, 48]);
  });

  it('accounts of one entry that share a key of a Secret or of Redis are told once', async () => {
    const { problems } = await place();
    const publish = [
      { type: 'kubernetes-secret', namespace: 'shop', name: 'wx', key: 'token' },
      { type: 'redis', connection: 'cache', key: 'token' },
    ];
    const text = JSON.stringify({
      redis: [{ name: 'cache', url: 'redis://127.0.0.1:6379' }],
      credentials: [PLATFORM, { ...ALL, accounts: [SHOP, CAFE], publish }].map((own) => account(own)),
    });
    expect(withoutPlaces(await problems(text))).toEqual(
      [0, 1].map(
        (index) =>
          `credentials[1].publish[${index}].key: must have {appId} in it: each account has a place of its own`,
      ),
    );
  });

  it('a Secret without room for one account is refused', async () => {
    const ids = Array.from({ length: 98 }, (_, index) => `wx${String(index + 5000).padStart(16, '0')}`);
    const named = { ...ALL, name: 'named', accounts: ids, publish: file('named/{appId}') };
    const { problems } = await place();
    const document = { cluster: CLUSTER, credentials: [PLATFORM, named, ALL].map((own) => account(own)) };
    expect(withoutPlaces(await problems(JSON.stringify(document)))).toEqual([
      'cluster.secret: holds 100 tokens and tickets, and these are 101: let some be served by daemons with another Secret',
    ]);
  });

  it('2000 accounts can be named, and not one more', async () => {
    const ids = (count: number) =>
      Array.from({ length: count }, (_, index) => `wx${String(index + 5000).padStart(16, '0')}`);
    expect((await loaded(PLATFORM, { ...ALL, accounts: ids(2000) })).credentials).toHaveLength(2001);
    expect(await problemsOf(PLATFORM, { ...ALL, accounts: ids(2001) })).toEqual([
      'credentials[1].accounts: names 2001 accounts: at most 2000 can be served',
    ]);
  });
});
