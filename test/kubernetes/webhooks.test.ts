import { describe, expect, it, type TestContext } from 'vitest';
import { failureOf } from '../../src/core/failure.ts';
import type { PeerRequest } from '../../src/core/ports.ts';
import type { Webhook } from '../support/kubernetes/webhook.ts';
import { token } from '../support/story.ts';
import { eventually } from '../support/wait.ts';
import { recordOf, type Sharer, sharers } from './sharers.ts';

const NAME = 'guard.example.com';
const REFRESH: PeerRequest = { kind: 'refresh', strength: 'preferred', generation: 1 };

/** A Secret about whose changes a webhook is asked, and those who share it. */
async function guarded(context: TestContext, webhook: Partial<Webhook>) {
  const cluster = await sharers(context.onTestFinished);
  const server = cluster.faulty(context);
  const one = cluster.join();
  await one.store.read();
  server.mood.webhook = { name: NAME, resources: ['secrets'], does: 'down', ...webhook };
  const patches = () => server.heard.filter(({ method }) => method === 'PATCH');
  return { ...cluster, server, one, patches };
}

const failing = (work: Promise<unknown> | undefined) =>
  Promise.resolve(work).then(
    () => undefined,
    (error: unknown) => failureOf(error, 'none'),
  );

async function writing({ store }: Sharer) {
  const lease = await store.lock('fetch');
  if (!lease) throw new Error('another one has the lock');
  return store.write(recordOf(2, token('a')), lease);
}

const WORK: readonly (readonly [string, (one: Sharer) => Promise<unknown> | undefined])[] = [
  ['a record that is written', writing],
  ['a request that a follower leaves', ({ store }) => store.handOver?.(REFRESH)],
];

describe('webhooks that guard the Secret', () => {
  it.for(WORK)('%s is sent once to a webhook that is down, which is named', async ([, work], context) => {
    const { one, patches, namespace } = await guarded(context, { does: 'down' });
    expect(await failing(work(one))).toMatchObject({
      ...{ class: 'passing', code: 'kube-webhook', effect: 'none' },
      message:
        `the API server could not ask the webhook ${NAME} about the change of the Secret ${namespace}/wx-token: ` +
        'connection refused',
      advice: expect.stringMatching(
        /kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations/,
      ),
    });
    expect(patches().map(({ status }) => status)).toEqual([500]);
  });

  it.for(WORK)('%s is sent once to a webhook that hangs, which is named', async ([, work], context) => {
    const { one, patches } = await guarded(context, { does: 'hang', timeout: 200 });
    const failure = await failing(work(one));
    expect(failure).toMatchObject({ code: 'kube-webhook', effect: 'none' });
    expect(failure?.message).toMatch(/the webhook guard\.example\.com .*: context deadline exceeded$/);
    expect(patches().map(({ status }) => status)).toEqual([500]);
  });

  it.for(WORK)('%s is given up once where a webhook hangs for longer', async ([, work], context) => {
    const { one, patches } = await guarded(context, { does: 'hang', timeout: 600_000 });
    const failure = await failing(work(one));
    expect(failure).toMatchObject({ code: 'kube-timeout', effect: 'unknown' });
    expect(failure?.advice).toMatch(/a webhook may hang that is asked about every write \(kubectl get /);
    expect(patches().map(({ status }) => status)).toEqual([0]);
  });

  it('thirty who wait for a webhook that hangs are all told when the first one is', async (context) => {
    const { one, patches } = await guarded(context, { does: 'hang', timeout: 600_000 });
    const all = Array.from({ length: 30 }, () => failing(one.store.handOver?.(REFRESH)));
    const failures = await Promise.all(all);
    expect(new Set(failures.map((failure) => failure?.code))).toEqual(new Set(['kube-timeout']));
    expect(failures.filter((failure) => failure?.effect === 'unsent')).toHaveLength(29);
    expect(patches()).toHaveLength(1);
  });

  it('who comes after a trouble asks anew, and is served once the webhook answers', async (context) => {
    const { one, server, patches } = await guarded(context, { does: 'down' });
    expect(await failing(one.store.handOver?.(REFRESH))).toMatchObject({ code: 'kube-webhook' });
    expect(await failing(one.store.handOver?.(REFRESH))).toMatchObject({
      code: 'kube-webhook',
      effect: 'none',
    });
    server.mood.webhook = undefined;
    await one.store.handOver?.(REFRESH);
    await writing(one);
    expect(await one.store.read()).toEqual(recordOf(2, token('a')));
    expect(patches().map(({ status }) => status)).toEqual([500, 500, 200, 200]);
  });

  it('a webhook that takes its time delays a write and nothing else', async (context) => {
    const { one, patches } = await guarded(context, { does: 'slow', timeout: 300 });
    await writing(one);
    expect(await eventually(() => one.store.read())).toEqual(recordOf(2, token('a')));
    expect(patches().map(({ status }) => status)).toEqual([200]);
  });

  it.for<[NonNullable<Webhook['says']>, number]>([
    [{ code: 403, reason: 'Forbidden', message: 'no tokens here' }, 403],
    [{}, 400],
    [{ code: 500, message: 'panic' }, 500],
  ])(
    'a webhook that denies with %j is named, and what it keeps out is not in doubt',
    async ([says, status], context) => {
      const { one, patches, namespace } = await guarded(context, { does: 'deny', says });
      const failure = await failing(writing(one));
      expect(failure).toMatchObject({
        ...{ class: 'refused', code: 'kube-denied', effect: 'none' },
        message: `a webhook of the cluster denies the change of the Secret ${namespace}/wx-token: ${NAME}`,
        advice: expect.stringMatching(/^ask those who keep that webhook .*kubectl get /),
      });
      expect(patches().map((one) => one.status)).toEqual([status]);
    },
  );

  it('a failing server that names no webhook is asked once and looked at once', async (context) => {
    const { one, server, patches } = await guarded(context, {});
    server.mood.webhook = undefined;
    const body = JSON.stringify({ kind: 'Status', reason: 'InternalError', code: 500, message: 'etcd: oh' });
    server.next({ method: 'PATCH', kind: 'answer', status: 500, body });
    expect(await failing(writing(one))).toMatchObject({ code: 'kube-http-500', effect: 'unknown' });
    expect(patches()).toEqual([]);
  });
});

describe('the imitated webhook', () => {
  it('it answers as an API server does, word for word', async (context) => {
    const { server, admin, path } = await guarded(context, { does: 'down' });
    const why =
      `failed calling webhook "${NAME}": failed to call webhook: ` +
      'Post "https://guard.webhooks.svc:443/validate?timeout=10s": dial tcp 10.96.12.7:443: connect: connection refused';
    const head = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
    const patch = () => admin.ask('PATCH', path, { data: { a: '' } });
    expect((await patch()).body).toEqual({
      ...{ ...head, message: `Internal error occurred: ${why}`, reason: 'InternalError' },
      ...{ details: { causes: [{ message: why }] }, code: 500 },
    });
    server.mood.webhook = { name: NAME, resources: ['secrets'], does: 'deny' };
    const message = `admission webhook "${NAME}" denied the request without explanation`;
    expect((await patch()).body).toEqual({ ...head, message, code: 400 });
  });

  it('it is not asked about what is missing, forbidden or in conflict', async (context) => {
    const { admin, path, account } = await guarded(context, { does: 'down' });
    const stranger = await account([], 'stranger');
    expect((await admin.ask('PATCH', `${path}-two`, { data: {} })).status).toBe(404);
    expect((await stranger.ask('PATCH', path, { data: {} })).status).toBe(403);
    expect((await admin.ask('PATCH', path, { metadata: { resourceVersion: '1' } })).status).toBe(409);
    expect((await admin.ask('GET', path)).status).toBe(200);
  });
});
