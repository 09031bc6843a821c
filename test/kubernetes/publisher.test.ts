import { describe, expect, it, type TestContext } from 'vitest';
import type { Token } from '../../src/core/credential.ts';
import { failureOf } from '../../src/core/failure.ts';
import type { Timeouts } from '../../src/kubernetes/agents.ts';
import { kubernetesOf } from '../../src/kubernetes/index.ts';
import { collectionPath, objectPath } from '../../src/kubernetes/resources.ts';
import { publishers, type Target } from '../../src/publishers/index.ts';
import { systemClock } from '../../src/system/clock.ts';
import { aToken } from '../publishers/token.ts';
import { WRITER } from '../support/kubernetes/role.ts';
import { openCluster } from './cluster.ts';

const SUBJECT = { name: 'shop', type: 'access-token', appId: 'wx0000000000000000', kind: 'token' } as const;
const DATE = Date.UTC(2026, 0, 1);
const OLD = aToken('the-first-token-of-this-test', { platformDate: DATE });
const NEW = aToken('the-second-token-of-this-test', { generation: 2, platformDate: DATE + 3_600_000 });

type Changes = Partial<Extract<Target, { type: 'kubernetes-secret' }>>;

/** A Secret with a key of somebody else, and publishers that may do what the Role of the refresher allows. */
async function bench({ onTestFinished }: TestContext, made: object = {}, timeouts: Partial<Timeouts> = {}) {
  const cluster = await openCluster(onTestFinished);
  const { ask } = cluster.admin;
  const path = objectPath(cluster.secret);
  const others = { data: { other: 'b2YgdXM=' } };
  const make = () =>
    ask('POST', collectionPath(cluster.secret), { metadata: { name: 'wx-token' }, ...others, ...made });
  await make();
  const { kubeconfig } = await cluster.account(WRITER);

  /** One process, with as many targets as one likes. */
  function daemon() {
    const kubernetes = kubernetesOf({
      clock: systemClock,
      environment: { KUBECONFIG: kubeconfig },
      timeouts,
    });
    onTestFinished(kubernetes.close);
    const create = publishers({ kubernetes, clock: systemClock });
    return (changes: Changes = {}, subject: Parameters<typeof create>[1] = SUBJECT) => {
      const { namespace } = cluster;
      const usual = {
        type: 'kubernetes-secret',
        namespace,
        name: 'wx-token',
        key: 'token',
        format: 'raw',
      } as const;
      const publisher = create({ ...usual, ...changes }, subject);
      const publish = (token: Token, isNewest = async () => true) => publisher.publish(token, isNewest);
      const failure = (token: Token) => publish(token).then(String, (error) => failureOf(error, 'none'));
      return { ...publisher, publish, failure };
    };
  }

  async function found() {
    const { body } = await ask('GET', path);
    const { data = {}, metadata } = body as {
      data?: Record<string, string>;
      metadata: { resourceVersion: string };
    };
    const texts = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]);
    return { data: Object.fromEntries(texts) as Record<string, string>, version: metadata.resourceVersion };
  }

  const write = (data: Record<string, string | null>) => {
    const texts = Object.entries(data).map(([key, text]) => [
      key,
      text && Buffer.from(text).toString('base64'),
    ]);
    return ask('PATCH', path, { data: Object.fromEntries(texts) });
  };
  return { ...cluster, ask, path, make, daemon, publisher: daemon()(), found, write };
}

describe('publishing into a Secret', () => {
  it('writes the value and, beside it, the details, and leaves the keys of others', async (context) => {
    const { publisher, found, namespace } = await bench(context);
    expect(publisher.id).toBe(`kubernetes-secret/${namespace}/wx-token/token`);
    expect(await publisher.prepare()).toEqual([]);
    expect(await publisher.publish(OLD)).toBe('written');
    const { data } = await found();
    expect(Object.keys(data).sort()).toEqual(['other', 'token', 'token.json']);
    expect(data).toMatchObject({ token: 'the-first-token-of-this-test', other: 'of us' });
    expect(JSON.parse(data['token.json'] ?? '')).toEqual({
      name: 'shop',
      type: 'access-token',
      app_id: 'wx0000000000000000',
      access_token: 'the-first-token-of-this-test',
      expires_in: 7200,
      issued_at: DATE / 1000,
      expires_at: DATE / 1000 + 7200,
      kind: 'token',
      generation: 1,
      platform_date: DATE / 1000,
      fingerprint: 'af8603bcfc918046f873790d7dce78de2f035eaab9999114c05840c640d652ae',
    });
  });

  it('makes the data of a Secret that has none, as the manifest leaves it', async (context) => {
    const { publisher, found } = await bench(context, { data: undefined });
    expect(await publisher.publish(OLD)).toBe('written');
    expect(Object.keys((await found()).data)).toEqual(['token', 'token.json']);
  });

  it('is one change: whoever sees the new value sees its details', async (context) => {
    const { publisher, found, ask, secret } = await bench(context);
    await publisher.publish(OLD);
    const { version } = await found();
    await publisher.publish(NEW);
    const query = `watch=1&fieldSelector=metadata.name=wx-token&resourceVersion=${version}&timeoutSeconds=1`;
    const { events } = await ask.watch(`${collectionPath(secret)}?${query}`);
    expect(events).toHaveLength(1);
    const [{ object } = {}] = events;
    const { data = {} } = (object ?? {}) as { readonly data?: Readonly<Record<string, string>> };
    const details = Buffer.from(data['token.json'] ?? '', 'base64').toString();
    expect(JSON.parse(details).access_token).toBe(Buffer.from(data['token'] ?? '', 'base64').toString());
  });

  it.for(['json', 'env', 'php', 'properties'] as const)('may take the form %s', async (format, context) => {
    const { daemon, found } = await bench(context);
    const publisher = daemon()({ format });
    expect(await publisher.publish(OLD)).toBe('written');
    expect((await found()).data['token']).toContain('the-first-token-of-this-test');
    expect(await publisher.publish(OLD)).toBe('unchanged');
    expect(await daemon()({ format }).publish(OLD)).toBe('unchanged');
  });

  it('writes nothing where the token is there already, also by another daemon', async (context) => {
    const { publisher, daemon, found } = await bench(context);
    await publisher.publish(OLD);
    const { version } = await found();
    expect(await publisher.publish(OLD)).toBe('unchanged');
    expect(await daemon()().publish(OLD)).toBe('unchanged');
    // Another one got it a little later, by a clock of its own.
    const again = { ...OLD, issuedAt: OLD.issuedAt + 40_000, expiresAt: OLD.expiresAt + 40_000 };
    expect(await daemon()().publish(again)).toBe('unchanged');
    expect((await found()).version).toBe(version);
  });

  it('corrects the end of the same token', async (context) => {
    const { publisher, found } = await bench(context);
    await publisher.publish(OLD);
    expect(await publisher.publish({ ...OLD, generation: 2, expiresAt: OLD.expiresAt - 60_000 })).toBe(
      'written',
    );
    expect(JSON.parse((await found()).data['token.json'] ?? '')).toMatchObject({
      expires_at: DATE / 1000 + 7140,
    });
  });

  it.for<[string, Record<string, string | null>]>([
    ['the value was removed', { token: null }],
    ['the value was changed', { token: 'x' }],
    ['the details were removed', { 'token.json': null }],
    ['the details are no JSON', { 'token.json': '{' }],
    ['the details were changed', { 'token.json': '{"generation":99}' }],
    ['both are empty', { token: '', 'token.json': '' }],
  ])('repairs it where %s', async ([, change], context) => {
    const { daemon, publisher, found, write } = await bench(context);
    await publisher.publish(OLD);
    const { data } = await found();
    for (const each of [publisher, daemon()()]) {
      await write(change);
      expect(await each.publish(OLD)).toBe('written');
      expect((await found()).data).toEqual(data);
    }
  });
});

describe('a newer token', () => {
  it('is not replaced by an older one, which has nothing to do here', async (context) => {
    const { daemon, found } = await bench(context);
    await daemon()().publish(NEW);
    const { version } = await found();
    expect(await daemon()().publish(OLD)).toBe('unchanged');
    expect((await found()).version).toBe(version);
  });

  it('that our own store has as well supersedes what we would publish', async (context) => {
    const { daemon, publisher } = await bench(context);
    await daemon()().publish(NEW);
    expect(await publisher.publish(OLD, async () => false)).toBe('superseded');
  });

  it('in our store alone supersedes it too, and nothing is written', async (context) => {
    const { publisher, found } = await bench(context);
    expect(await publisher.publish(OLD, async () => false)).toBe('superseded');
    expect((await found()).data).toEqual({ other: 'of us' });
  });

  it('of a daemon that has counted further replaces an older one all the same', async (context) => {
    const { daemon, found } = await bench(context);
    await daemon()().publish({ ...OLD, generation: 99 });
    expect(await daemon()().publish(NEW)).toBe('written');
    expect((await found()).data['token']).toBe('the-second-token-of-this-test');
  });

  it('of ours replaces what we wrote before, also where the clock of the platform went back', async (context) => {
    const { publisher, found } = await bench(context);
    await publisher.publish({ ...OLD, platformDate: DATE + 60_000 });
    expect(await publisher.publish({ ...NEW, platformDate: DATE })).toBe('written');
    expect((await found()).data['token']).toBe('the-second-token-of-this-test');
  });

  it('of another account is none', async (context) => {
    const { daemon, found } = await bench(context);
    await daemon()({}, { ...SUBJECT, appId: 'wx1111111111111111' }).publish(NEW);
    expect(await daemon()().publish(OLD)).toBe('written');
    expect((await found()).data['token']).toBe('the-first-token-of-this-test');
  });
});

describe('who writes at the same time', () => {
  it('does not meet: twenty targets of one process write one Secret without a conflict', async (context) => {
    const cluster = await bench(context);
    const server = cluster.faulty(context);
    const create = cluster.daemon();
    const keys = Array.from({ length: 20 }, (_, index) => `token-${index}`);
    expect(await Promise.all(keys.map((key) => create({ key }).publish(OLD)))).toEqual(
      keys.map(() => 'written'),
    );
    expect(Object.keys((await cluster.found()).data)).toHaveLength(41);
    expect(server.heard.filter(({ status }) => status === 409)).toEqual([]);
  });

  it('loses nothing: four daemons with keys of their own', async (context) => {
    const { daemon, found } = await bench(context);
    const keys = ['a', 'b', 'c', 'd'];
    expect(await Promise.all(keys.map((key) => daemon()({ key }).publish(OLD)))).toEqual(
      keys.map(() => 'written'),
    );
    expect(Object.keys((await found()).data)).toHaveLength(9);
  });

  it('wins where it is newer, and only there, between our look and our write', async (context) => {
    const cluster = await bench(context);
    const server = cluster.faulty(context);
    const rival = cluster.daemon()();
    // What happens between the two is done by an administrator, and is over when the patch is obeyed.
    for (const [theirs, expected] of [
      [NEW, 'unchanged'],
      [OLD, 'written'],
    ] as const) {
      await cluster.write({ token: null, 'token.json': null });
      await rival.publish(theirs);
      const { data } = await cluster.found();
      await cluster.write({ token: null, 'token.json': null });
      const ours = theirs === NEW ? OLD : NEW;
      let raced = false;
      const isNewest = async () => {
        if (!raced) await cluster.write(data);
        raced = true;
        return true;
      };
      expect(await cluster.daemon()().publish(ours, isNewest)).toBe(expected);
      expect((await cluster.found()).data['token']).toBe('the-second-token-of-this-test');
    }
    expect(server.heard.filter(({ status }) => status === 409)).toHaveLength(2);
  });

  it('of others does not keep us from writing', async (context) => {
    const { publisher, found, write } = await bench(context);
    let raced = 0;
    const isNewest = async () => {
      if (raced < 3) await write({ other: `change ${raced}` });
      raced += 1;
      return true;
    };
    expect(await publisher.publish(OLD, isNewest)).toBe('written');
    expect((await found()).data).toMatchObject({ token: 'the-first-token-of-this-test', other: 'change 2' });
  });
});

const QUICK: Partial<Timeouts> = { connect: 1_000, call: 1_000 };

describe('a write of which nobody knows what came', () => {
  it.for(['lose-answer', 'cut-answer'] as const)('was made where it is found: %s', async (kind, context) => {
    const cluster = await bench(context, {}, QUICK);
    cluster.faulty(context).next({ method: 'PATCH', kind });
    expect(await cluster.publisher.publish(OLD)).toBe('written');
    expect((await cluster.found()).data['token']).toBe('the-first-token-of-this-test');
  });

  it.for(['give-up', 'cut'] as const)(
    'is told where it is not found, and made by the next: %s',
    async (kind, context) => {
      const cluster = await bench(context, {}, QUICK);
      cluster.faulty(context).next({ method: 'PATCH', kind });
      expect(await cluster.publisher.failure(OLD)).toMatchObject({ class: 'passing', effect: 'unknown' });
      expect(await cluster.publisher.publish(OLD)).toBe('written');
    },
  );

  it('and that is made later is found by the next look, and told as written', async (context) => {
    const cluster = await bench(context, {}, QUICK);
    const server = cluster.faulty(context);
    const publishing = cluster.publisher.publish(OLD, async () => {
      server.freezeStore();
      return true;
    });
    await expect(publishing).rejects.toMatchObject({ code: 'kube-timeout', failure: { effect: 'unknown' } });
    server.thawStore();
    expect(await cluster.publisher.publish(OLD)).toBe('written');
    expect(await cluster.publisher.publish(OLD)).toBe('unchanged');
    expect(server.heard.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });

  it('and that is made after all does not replace what came later', async (context) => {
    const cluster = await bench(context, {}, QUICK);
    const server = cluster.faulty(context);
    const publishing = cluster.publisher.publish(OLD, async () => {
      server.freezeStore();
      return true;
    });
    await expect(publishing).rejects.toMatchObject({ code: 'kube-timeout' });
    server.thawStore();
    expect(await cluster.publisher.publish(NEW)).toBe('written');
    expect((await cluster.found()).data['token']).toBe('the-second-token-of-this-test');
  });
});

describe('trouble is told, one clear line for each', () => {
  it('a Secret that is not there keeps nobody from starting, and is written once it is', async (context) => {
    const { publisher, ask, path, make, found } = await bench(context);
    await ask('DELETE', path);
    expect(await publisher.prepare()).toEqual([]);
    expect(await publisher.failure(OLD)).toMatchObject({
      code: 'kube-missing',
      class: 'passing',
      advice: expect.stringContaining('kubectl'),
    });
    await make();
    expect(await publisher.publish(OLD)).toBe('written');
    expect((await found()).data['token']).toBe('the-first-token-of-this-test');
  });

  it('an immutable one', async (context) => {
    const { publisher } = await bench(context, { immutable: true });
    expect(await publisher.failure(OLD)).toMatchObject({ code: 'kube-immutable', class: 'refused' });
  });

  it('one that is full', async (context) => {
    const { publisher } = await bench(context, { data: { other: 'A'.repeat(1_398_100) } });
    expect(await publisher.failure(OLD)).toMatchObject({ code: 'kube-too-large', class: 'refused' });
  });

  it('a Role that does not allow it, an API server that is away, a policy', async (context) => {
    const cluster = await bench(context);
    const server = cluster.faulty(context);
    server.mood.isStarting = true;
    expect(await cluster.publisher.failure(OLD)).toMatchObject({ code: 'kube-forbidden', class: 'passing' });
    server.mood.isStarting = false;
    server.mood.policy = 'no-tokens';
    expect(await cluster.publisher.failure(OLD)).toMatchObject({ code: 'kube-denied', class: 'refused' });
    delete server.mood.policy;
    await server.down();
    expect(await cluster.daemon()().prepare()).toEqual([]);
    expect(await cluster.daemon()().failure(OLD)).toMatchObject({
      code: 'kube-unreachable',
      effect: 'unsent',
    });
    await server.up();
    expect(await cluster.publisher.publish(OLD)).toBe('written');
  });
});

describe('what can never work keeps the daemon from starting', () => {
  it('no cluster', async () => {
    const kubernetes = kubernetesOf({ clock: systemClock, environment: {} });
    const create = publishers({ kubernetes, clock: systemClock });
    const target = { type: 'kubernetes-secret', namespace: 'a', name: 'b', key: 'c', format: 'raw' } as const;
    const publisher = create(target, SUBJECT);
    expect(await publisher.prepare()).toEqual([expect.stringMatching(/^there is no Kubernetes here/)]);
    await expect(publisher.publish(OLD, async () => true)).rejects.toMatchObject({
      code: 'kube-credentials',
    });
  });

  it('more credentials than a Secret can hold, told once; in two it can', async (context) => {
    const { daemon } = await bench(context);
    const create = daemon();
    const all = Array.from({ length: 800 }, (_, index) => create({ key: `token-${index}` }));
    const problems = (await Promise.all(all.map(({ prepare }) => prepare()))).filter(
      (lines) => lines.length > 0,
    );
    expect(problems).toEqual([[expect.stringMatching(/wx-token would be larger than the 1024 KiB/)]]);
    const half = daemon();
    const two = Array.from({ length: 800 }, (_, index) =>
      half({ key: `token-${index}`, name: `wx-token-${index % 2}` }),
    );
    expect((await Promise.all(two.map(({ prepare }) => prepare()))).flat()).toEqual([]);
  });
});
