import { describe, expect, it, type TestContext } from 'vitest';
import { sha256 } from '../../src/codec/encoding.ts';
import type { Token } from '../../src/core/credential.ts';
import { failureOf } from '../../src/core/failure.ts';
import type { Timeouts } from '../../src/kubernetes/http.ts';
import { kubernetesOf } from '../../src/kubernetes/index.ts';
import { collectionPath, objectPath } from '../../src/kubernetes/resources.ts';
import { publishers } from '../../src/publishers/kinds.ts';
import type { SecretTarget } from '../../src/publishers/secret-target.ts';
import { redisOf } from '../../src/redis/index.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { aToken } from '../publishers/token.ts';
import { judgeOf } from '../support/judge.ts';
import { WRITER } from '../support/kubernetes/role.ts';
import { openCluster } from './cluster.ts';

const SUBJECT = { name: 'shop', type: 'access-token', appId: 'wx0000000000000000', kind: 'token' } as const;
const DATE = Date.UTC(2026, 0, 1);
const OLD = aToken('the-first-token-of-this-test', { platformDate: DATE });
const NEW = aToken('the-second-token-of-this-test', { generation: 2, platformDate: DATE + 3_600_000 });

type Changes = Partial<SecretTarget>;

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
    const create = publishers({
      kubernetes,
      redis: redisOf([], { clock: systemClock, random: Math.random }),
      clock: systemClock,
    });
    return (changes: Changes = {}, subject: Parameters<typeof create>[1] = SUBJECT) => {
      const { namespace } = cluster;
      const usual = {
        type: 'kubernetes-secret',
        of: subject.kind,
        namespace,
        name: 'wx-token',
        key: 'token',
        format: 'raw',
      } as const;
      const publisher = create({ ...usual, ...changes }, subject);
      const publish = (token: Token, isNewest = async () => true) =>
        publisher.publish(token, judgeOf(token, { isNewest }));
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
  it('the publisher writes the token with its details and leaves other keys alone', async (context) => {
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

  it('the publisher fills a Secret that has no data yet', async (context) => {
    const { publisher, found } = await bench(context, { data: undefined });
    expect(await publisher.publish(OLD)).toBe('written');
    expect(Object.keys((await found()).data)).toEqual(['token', 'token.json']);
  });

  it('the token and its details are written in a single change', async (context) => {
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

  it.for(['json', 'env', 'php', 'properties', 'wechat-ruby', 'thinkadmin'] as const)(
    'a token can be published into a Secret in the format %s',
    async (format, context) => {
      const { daemon, found } = await bench(context);
      const publisher = daemon()({ format });
      expect(await publisher.publish(OLD)).toBe('written');
      expect((await found()).data['token']).toContain('the-first-token-of-this-test');
      expect(await publisher.publish(OLD)).toBe('unchanged');
      expect(await daemon()({ format }).publish(OLD)).toBe('unchanged');
    },
  );

  it('the publisher writes nothing when any daemon has already published the token', async (context) => {
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

  it('the publisher corrects the expiry of the same token', async (context) => {
    const { publisher, found } = await bench(context);
    await publisher.publish(OLD);
    expect(await publisher.publish({ ...OLD, generation: 2, expiresAt: OLD.expiresAt - 60_000 })).toBe(
      'mended',
    );
    expect(JSON.parse((await found()).data['token.json'] ?? '')).toMatchObject({
      expires_at: DATE / 1000 + 7140,
    });
  });

  it.for<[string, Record<string, string | null>]>([
    ['the value was removed', { token: null }],
    ['the value was changed', { token: 'x' }],
    ['the details were removed', { 'token.json': null }],
    ['the details are not JSON', { 'token.json': '{' }],
    ['the details were changed', { 'token.json': '{"generation":99}' }],
    ['the value and the details are empty', { token: '', 'token.json': '' }],
  ])('the publisher repairs the Secret when %s', async ([, change], context) => {
    const { daemon, publisher, found, write } = await bench(context);
    await publisher.publish(OLD);
    const { data } = await found();
    for (const each of [publisher, daemon()()]) {
      await write(change);
      expect(await each.publish(OLD)).toBe('token' in change ? 'written' : 'mended');
      expect((await found()).data).toEqual(data);
    }
  });
});

describe('older and newer tokens', () => {
  it('an older token leaves a newer one, which is told', async (context) => {
    const { daemon, found } = await bench(context);
    await daemon()().publish(NEW);
    const { version } = await found();
    expect(await daemon()().publish(OLD)).toMatchObject({ token: { value: NEW.value, generation: 2 } });
    expect((await found()).version).toBe(version);
  });

  it('what another daemon of the account published is read back, and nothing of another account', async (context) => {
    const { daemon, write } = await bench(context);
    const own = { ...SUBJECT, account: 'weixin/access-token/wx0000000000000000' };
    const one = daemon()({}, own);
    expect(await one.published?.()).toBeUndefined();
    await daemon()({}, own).publish(NEW);
    expect(await one.published?.()).toMatchObject({ token: { value: NEW.value, generation: 2 } });
    const app = daemon()({}, { ...own, account: `${own.account}/0123456789ab` });
    expect(await app.published?.()).toBeUndefined();
    await write({ 'token.json': 'no details' });
    expect(await one.published?.()).toBeUndefined();
  });

  it('an older token is superseded when the Secret and the store hold a newer one', async (context) => {
    const { daemon, publisher } = await bench(context);
    await daemon()().publish(NEW);
    expect(await publisher.publish(OLD, async () => false)).toBe('superseded');
  });

  it('an older token is superseded and not written when only the store is newer', async (context) => {
    const { publisher, found } = await bench(context);
    expect(await publisher.publish(OLD, async () => false)).toBe('superseded');
    expect((await found()).data).toEqual({ other: 'of us' });
  });

  it('a newer token replaces an older one with a higher generation', async (context) => {
    const { daemon, found } = await bench(context);
    await daemon()().publish({ ...OLD, generation: 99 });
    expect(await daemon()().publish(NEW)).toBe('written');
    expect((await found()).data['token']).toBe('the-second-token-of-this-test');
  });

  it('a newer token of the same daemon wins even after the platform clock went back', async (context) => {
    const { publisher, found } = await bench(context);
    await publisher.publish({ ...OLD, platformDate: DATE + 60_000 });
    expect(await publisher.publish({ ...NEW, platformDate: DATE })).toBe('written');
    expect((await found()).data['token']).toBe('the-second-token-of-this-test');
  });

  it('a newer token of another account is replaced', async (context) => {
    const { daemon, found } = await bench(context);
    await daemon()({}, { ...SUBJECT, appId: 'wx1111111111111111' }).publish(NEW);
    expect(await daemon()().publish(OLD)).toBe('written');
    expect((await found()).data['token']).toBe('the-first-token-of-this-test');
  });
});

describe('concurrent writers', () => {
  it('twenty targets of one process write one Secret without a conflict', async (context) => {
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

  it('four daemons with their own keys write one Secret without a loss', async (context) => {
    const { daemon, found } = await bench(context);
    const keys = ['a', 'b', 'c', 'd'];
    expect(await Promise.all(keys.map((key) => daemon()({ key }).publish(OLD)))).toEqual(
      keys.map(() => 'written'),
    );
    expect(Object.keys((await found()).data)).toHaveLength(9);
  });

  it('the newer token wins when another daemon writes between reading and writing', async (context) => {
    const cluster = await bench(context);
    const server = cluster.faulty(context);
    const rival = cluster.daemon()();
    // What happens between the two is done by an administrator, and is over when the patch is obeyed.
    for (const [theirs, expected] of [
      [NEW, 'newer'],
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
      const outcome = await cluster.daemon()().publish(ours, isNewest);
      expect(typeof outcome === 'object' ? 'newer' : outcome).toBe(expected);
      expect((await cluster.found()).data['token']).toBe('the-second-token-of-this-test');
    }
    expect(server.heard.filter(({ status }) => status === 409)).toHaveLength(2);
  });

  it('changes by others to the Secret do not prevent the write', async (context) => {
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

describe('writes with an unknown outcome', () => {
  it.for(['lose-answer', 'cut-answer'] as const)(
    'a write with the fault %s counts as written when the token is found',
    async (kind, context) => {
      const cluster = await bench(context, {}, QUICK);
      cluster.faulty(context).next({ method: 'PATCH', kind });
      expect(await cluster.publisher.publish(OLD)).toBe('written');
      expect((await cluster.found()).data['token']).toBe('the-first-token-of-this-test');
    },
  );

  it.for(['give-up', 'cut'] as const)(
    'a write with the fault %s is reported when not found and succeeds next time',
    async (kind, context) => {
      const cluster = await bench(context, {}, QUICK);
      cluster.faulty(context).next({ method: 'PATCH', kind });
      expect(await cluster.publisher.failure(OLD)).toMatchObject({ class: 'passing', effect: 'unknown' });
      expect(await cluster.publisher.publish(OLD)).toBe('written');
    },
  );

  it('a write that takes effect late is found by the next attempt', async (context) => {
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

  it('a write that takes effect late does not replace a newer token', async (context) => {
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

describe('failures of a target Secret', () => {
  it('a missing Secret does not prevent the start and is written once created', async (context) => {
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

  it('an immutable Secret is reported as refused', async (context) => {
    const { publisher } = await bench(context, { immutable: true });
    expect(await publisher.failure(OLD)).toMatchObject({ code: 'kube-immutable', class: 'refused' });
  });

  it('a full Secret is reported as refused', async (context) => {
    const { publisher } = await bench(context, { data: { other: 'A'.repeat(1_398_100) } });
    expect(await publisher.failure(OLD)).toMatchObject({ code: 'kube-too-large', class: 'refused' });
  });

  it('a missing right, a policy and an unreachable API server each get their own code', async (context) => {
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

describe('problems that prevent the start', () => {
  it('a target Secret is refused when there is no cluster', async () => {
    const kubernetes = kubernetesOf({ clock: systemClock, environment: {} });
    const create = publishers({
      kubernetes,
      redis: redisOf([], { clock: systemClock, random: Math.random }),
      clock: systemClock,
    });
    const target = { type: 'kubernetes-secret', namespace: 'a', name: 'b', key: 'c', format: 'raw' } as const;
    const publisher = create({ ...target, of: 'token' }, SUBJECT);
    expect(await publisher.prepare()).toMatchObject([
      { en: expect.stringMatching(/^there is no Kubernetes here/) },
    ]);
    expect(await publisher.published?.()).toBeUndefined();
    await expect(publisher.publish(OLD, judgeOf(OLD))).rejects.toMatchObject({
      code: 'kube-credentials',
    });
  });

  it('too many credentials for one Secret are reported once and fit into two', async (context) => {
    const { daemon } = await bench(context);
    const create = daemon();
    const all = Array.from({ length: 800 }, (_, index) => create({ key: `token-${index}` }));
    const problems = (await Promise.all(all.map(({ prepare }) => prepare()))).filter(
      (lines) => lines.length > 0,
    );
    expect(problems).toMatchObject([
      [{ en: expect.stringMatching(/wx-token would be larger than the 1024 KiB/) }],
    ]);
    const half = daemon();
    const two = Array.from({ length: 800 }, (_, index) =>
      half({ key: `token-${index}`, name: `wx-token-${index % 2}` }),
    );
    expect((await Promise.all(two.map(({ prepare }) => prepare()))).flat()).toEqual([]);
  });
});

describe('details that do not match their fingerprint', () => {
  it('a newer token that somebody damaged is replaced by the one that is whole', async (context) => {
    const { daemon, found, write } = await bench(context);
    await daemon()().publish(NEW);
    const details = JSON.parse((await found()).data['token.json'] ?? '');
    const damaged = { ...details, access_token: 'the-second-token-of-this-tesT' };
    await write({ token: damaged.access_token, 'token.json': JSON.stringify(damaged) });
    expect(await daemon()().publish(OLD)).toBe('written');
    expect((await found()).data['token']).toBe('the-first-token-of-this-test');
  });

  it.for([
    ['an end in the year 255 000', { expires_at: 7.98e12, generation: 9 }],
    ['a life of ages', { expires_in: 5e9, expires_at: 7.98e12, generation: 9 }],
    ['a value with a line break', { access_token: 'of-nobody\n', generation: 9 }],
    ['a generation that nobody can have counted to', { generation: 5e11 }],
  ] as const)(
    'details that somebody gave %s are repaired and do not count as newer',
    async ([, lie], context) => {
      const { publisher, found, write } = await bench(context);
      // One without a platform time, of which the generation alone would tell that it is newer.
      const token = aToken('the-only-token-of-this-test', {
        issuedAt: Date.now(),
        expiresAt: Date.now() + 7_200_000,
      });
      await publisher.publish(token);
      const { data: good } = await found();
      const lied = { ...JSON.parse(good['token.json'] ?? ''), ...lie };
      const fingerprint = sha256(lied.access_token);
      const value = lied.access_token === token.value.reveal() ? 'of-somebody-else' : lied.access_token;
      const details = JSON.stringify({ ...lied, fingerprint });
      await write({ token: value, 'token.json': details });
      expect(await publisher.publish(token)).toBe('written');
      expect((await found()).data).toEqual(good);
    },
  );
});

describe('removing what was published for an account that is gone', () => {
  it('both keys go, whichever process wrote them, and those of others stay', async (context) => {
    const { publisher, daemon, found, namespace } = await bench(context);
    await publisher.publish(OLD);
    expect(await daemon()().retire?.()).toEqual([
      `token in Secret ${namespace}/wx-token`,
      `token.json in Secret ${namespace}/wx-token`,
    ]);
    expect((await found()).data).toEqual({ other: 'of us' });
    const { version } = await found();
    expect(await publisher.retire?.()).toEqual([]);
    expect((await found()).version).toBe(version);
    expect(await publisher.publish(NEW)).toBe('written');
  });

  it.for([
    ['a value that somebody else wrote over it', { token: 'of-another-program' }],
    ['a value without details', { 'token.json': null }],
    ['details that are damaged', { 'token.json': '{"name":"shop"}' }],
  ] as const)('%s stays', async ([, change], context) => {
    const { publisher, found, write } = await bench(context);
    await publisher.publish(OLD);
    await write(change);
    const before = await found();
    expect(await publisher.retire?.()).toEqual([]);
    expect(await found()).toEqual(before);
  });

  it('what another account has published there stays', async (context) => {
    const { publisher, daemon, found } = await bench(context);
    await publisher.publish(OLD);
    const other = daemon()({}, { ...SUBJECT, appId: 'wx9999999999999999' });
    expect(await other.retire?.()).toEqual([]);
    expect((await found()).data).toHaveProperty('token');
  });

  it('a missing Secret is told', async (context) => {
    const { publisher, ask, path } = await bench(context);
    await ask('DELETE', path);
    const failure = await publisher.retire?.().catch((error: unknown) => failureOf(error, 'none'));
    expect(failure).toMatchObject({ code: 'kube-missing' });
  });
});
