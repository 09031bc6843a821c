import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keysOf } from '../../src/codec/secret-layout.ts';
import { isFetched } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { policyOf } from '../../src/providers/kinds.ts';
import { account, inJson, place, withoutPlaces } from './written.ts';

const CLUSTER = { lease: { namespace: 'shop', name: 'wx-token' }, secret: { name: 'wx-token' } };
const SOURCE = { namespace: 'shop', name: 'wx-token', credential: 'shop' };
const MIRROR = {
  name: 'copy',
  type: 'mirror',
  from: { kubernetesSecret: SOURCE },
  publish: [{ type: 'file', path: '$FOLDER/copy/token' }],
};

const TWO = ": two writers of one key undo each other's work";

/** Read as it stands, mirrors included. */
async function load(credentials: readonly object[], keys: object = {}) {
  const { folder } = await place();
  const file = join(folder, 'config.json');
  await writeFile(file, inJson(credentials, { ...keys }).replaceAll('$FOLDER', folder));
  return loadConfig({}, { file, publishes: false });
}

describe('cluster settings', () => {
  it('the Lease gets the usual election times and the Secret no default namespace', async () => {
    const { cluster } = await load([account()], { cluster: CLUSTER });
    expect(cluster).toEqual({
      lease: { ...CLUSTER.lease, duration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 },
      secret: { name: 'wx-token' },
    });
  });

  it('one cluster Secret may hold 99 tokens and tickets but not 101', async () => {
    const { problems } = await place();
    const many = Array.from({ length: 99 }, (_, index) =>
      account({
        name: `shop-${index}`,
        appId: `wx${String(index).padStart(16, '0')}`,
        publish: [{ type: 'file', path: `$FOLDER/out/${index}` }],
      }),
    );
    const ticket = account({
      tickets: ['jsapi'],
      publish: [
        { type: 'file', path: '$FOLDER/out/token' },
        { type: 'file', path: '$FOLDER/out/jsapi', of: 'jsapi' },
      ],
      appId: 'wx00000000000000ff',
    });
    expect((await load(many, { cluster: CLUSTER })).credentials).toHaveLength(99);
    expect(withoutPlaces(await problems(inJson([...many, ticket], { cluster: CLUSTER })))).toEqual([
      'cluster.secret: holds 100 tokens and tickets, and these are 101: let some be served by daemons with another Secret',
    ]);
  });
});

describe('clusters of mirrors only', () => {
  it('a cluster in which every credential is a mirror is refused', async () => {
    const { problems } = await place();
    expect(withoutPlaces(await problems(inJson([MIRROR], { cluster: CLUSTER })))).toEqual([
      'cluster: has nothing to refresh: every credential is a mirror, which needs no Lease. Leave it out',
    ]);
  });
});

describe('keys of the cluster Secret', () => {
  const ELSEWHERE = { ...CLUSTER, secret: { namespace: 'shop', name: 'wx-token' } };
  const FILE = { type: 'file', path: '$FOLDER/out/token' };
  const TARGET = { type: 'kubernetes-secret', namespace: 'shop', name: 'wx-token' };

  async function found(cluster: object, target: object, namespace?: string): Promise<string[]> {
    const { problems } = await place();
    const ticket = { type: 'file', path: '$FOLDER/out/jsapi', of: 'jsapi' };
    const one = account({ tickets: ['jsapi'], publish: [FILE, ticket] });
    const two = account({ name: 'two', appId: 'wx0000000000000002', publish: [{ ...TARGET, ...target }] });
    const options = { namespace: async () => namespace };
    return withoutPlaces(await problems(inJson([one, two], { cluster }), {}, options)).map((line) =>
      line.replace('credentials[1].publish[0].key: ', ''),
    );
  }

  const [TOKEN, TICKET] = [keysOf('shop', 'token'), keysOf('shop', 'jsapi')];

  it.each([
    [{ key: TOKEN.value }, 'shop', 0],
    [{ key: TOKEN.value, format: 'json' }, 'shop', 0],
    [{ key: TOKEN.entry }, 'shop.json', 0],
    [{ key: TICKET.value }, 'shop.jsapi', 0],
    [{ key: TICKET.entry }, 'shop.jsapi.json', 0],
    [{ key: 'two' }, 'two', 1],
  ])('the target %j is refused because the cluster keeps a credential there', async (target, key, index) => {
    const what = `is where cluster.secret keeps credentials[${index}]`;
    expect(await found(ELSEWHERE, target)).toEqual([`${key} of the Secret shop/wx-token ${what}${TWO}`]);
  });

  it('a cluster Secret without a namespace is taken to be in the namespace of the pod', async () => {
    expect(await found(CLUSTER, { key: 'shop' }, 'shop')).toHaveLength(1);
    await expect(found(CLUSTER, { key: 'shop' }, 'other')).rejects.toThrow('nothing is wrong with it');
    await expect(found(CLUSTER, { key: 'shop' })).rejects.toThrow('nothing is wrong with it');
  });

  it('a target may use another Secret or a key that the cluster does not use', async () => {
    for (const target of [{ key: 'shop.wx_card' }, { key: 'shop', name: 'other' }, { key: 'shop-2' }]) {
      await expect(found(ELSEWHERE, target)).rejects.toThrow('nothing is wrong with it');
    }
  });
});

describe('mirrors', () => {
  it.each([['shop'], ['shop.json'], ['shop.jsapi']])(
    'a mirror may not publish to the key %s of the Secret it reads from',
    async (key) => {
      const { problems } = await place();
      const target = { type: 'kubernetes-secret', namespace: 'shop', name: 'wx-token', key };
      const publish = [...MIRROR.publish, target];
      expect(withoutPlaces(await problems(inJson([{ ...MIRROR, publish }])))).toEqual([
        `credentials[0].publish[1].key: ${key} of the Secret shop/wx-token is what credentials[0].from reads${TWO}`,
      ]);
      await load([{ ...MIRROR, publish: [...MIRROR.publish, { ...target, key: 'copy' }] }]);
    },
  );

  it('a mirror needs only a source and targets, which also decide its tickets', async () => {
    const ticket = { type: 'file', path: '$FOLDER/copy/jsapi', of: 'jsapi' };
    const { credentials } = await load([{ ...MIRROR, publish: [...MIRROR.publish, ticket] }]);
    expect(credentials).toMatchObject([{ name: 'copy', type: 'mirror', from: SOURCE, tickets: ['jsapi'] }]);
  });

  it('a mirror may stand beside fetched credentials but not beside another mirror of its source', async () => {
    await load([account(), MIRROR]);
    const { problems } = await place();
    const twin = { ...MIRROR, name: 'twin', publish: [{ type: 'file', path: '$FOLDER/twin/token' }] };
    expect(withoutPlaces(await problems(inJson([MIRROR, twin])))).toEqual([
      'credentials[1].from: the same as credentials[0]: let one credential publish for both',
    ]);
  });

  it('a mirror with an incomplete source is refused with the missing keys', async () => {
    const { problems } = await place();
    const from = { kubernetesSecret: { namespace: 'shop' } };
    expect(withoutPlaces(await problems(inJson([{ ...MIRROR, from }])))).toEqual([
      'credentials[0].from.kubernetesSecret.name: is required: the name of the Secret',
      'credentials[0].from.kubernetesSecret.credential: is required: what the credential is called there',
    ]);
  });
});

describe('reload of a running daemon', () => {
  const POD = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
  const CLASSIC = account({ type: 'access-token', stateDir: undefined });
  const until = (what: string) => `needs a restart, since ${what} cannot change before; as it is now: `;

  type Said = readonly [readonly object[], Readonly<Record<string, unknown>>];

  /** Started with the first, given the second; neither has a state folder of its own choosing. */
  async function given(before: Said, after: Said) {
    const { load, problems } = await place();
    const running = await load(inJson(...before), POD);
    return {
      lines: async () => withoutPlaces(await problems(inJson(...after), POD, { running })),
      load: () => load(inJson(...after), POD, { running }),
    };
  }

  it('an access-token is refused while the cluster that would coordinate it needs a restart', async () => {
    const { lines } = await given([[account()], {}], [[CLASSIC], { cluster: CLUSTER }]);
    expect(await lines()).toEqual([
      expect.stringMatching(
        /^credentials\[0\]\.type: needs a restart, since the cluster cannot change before; as it is now: access-token in Kubernetes needs one refresher/,
      ),
    ]);
  });

  it('an access-token is refused while the state folder that would coordinate it needs a restart', async () => {
    const { lines } = await given([[account()], {}], [[CLASSIC], { stateDir: '$FOLDER/state' }]);
    expect(await lines()).toEqual([expect.stringContaining(until('the state folder'))]);
  });

  it('adding or removing a cluster changes no coordination before a restart', async () => {
    const coming = await given([[account()], {}], [[account()], { cluster: CLUSTER }]);
    const { credentials } = await coming.load();
    expect(credentials).toMatchObject([{ coordinated: false }]);
    expect(credentials.filter(isFetched).map((one) => policyOf(one).recheck)).toEqual([300_000]);
    const going = await given([[account()], { cluster: CLUSTER }], [[account()], {}]);
    const next = await going.load();
    expect(next.credentials).toMatchObject([{ coordinated: true }]);
    // What is said is told against what is at work.
    expect(next.cluster).toBeUndefined();
  });

  it('a target may not use a key of the cluster Secret that is still in use', async () => {
    const cluster = { ...CLUSTER, secret: { namespace: 'shop', name: 'wx-token' } };
    const target = { type: 'kubernetes-secret', namespace: 'shop', name: 'wx-token', key: 'shop' };
    const publish = [{ type: 'file', path: '$FOLDER/out/token' }, target];
    const { lines } = await given([[account()], { cluster }], [[account({ publish })], {}]);
    expect(await lines()).toEqual([expect.stringContaining(until('the cluster'))]);
  });

  it('a reload may change the log level and the type of a credential', async () => {
    const { load } = await given(
      [[account()], { cluster: CLUSTER }],
      [[CLASSIC], { cluster: CLUSTER, log: { level: 'debug' } }],
    );
    expect((await load()).credentials).toMatchObject([{ type: 'access-token', coordinated: true }]);
  });
});
