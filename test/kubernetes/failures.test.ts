import { inspect } from 'node:util';
import { describe, expect, it, type TestContext } from 'vitest';
import { EdgeError } from '../../src/core/failure.ts';
import { createClient } from '../../src/kubernetes/client.ts';
import type { Timeouts } from '../../src/kubernetes/http.ts';
import { collectionPath } from '../../src/kubernetes/resources.ts';
import { fakeClock } from '../support/clock.ts';
import { WRITER } from '../support/kubernetes/role.ts';
import { eventually } from '../support/wait.ts';
import { openCluster } from './cluster.ts';

const VALUE = 'a-token-that-must-be-in-no-error';
const BASE64 = Buffer.from(VALUE).toString('base64');
const QUICK: Partial<Timeouts> = { connect: 1_000, call: 1_000, opening: 1_000 };

async function bench({ onTestFinished }: TestContext, secret: object = {}, timeouts?: Partial<Timeouts>) {
  const cluster = await openCluster(onTestFinished);
  const made = { metadata: { name: 'wx-token' }, data: { token: BASE64 }, ...secret };
  await cluster.admin.ask('POST', collectionPath(cluster.secret), made);
  const client = cluster.admin.client();
  const found = await client.get(cluster.secret);
  // Only what is to fail has little time.
  const writer = timeouts ? cluster.admin.client(timeouts) : client;
  const patch = (data: Readonly<Record<string, string>> = { token: '' }) =>
    writer.mergePatch(cluster.secret, found.metadata.resourceVersion, { data });
  return { ...cluster, client, patch };
}

/** What a person is told: code and effect, then the line. Whatever way it is printed, no credential is in it. */
async function told(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof EdgeError)) throw new Error(`it ended with ${inspect(error)}`);
  const { failure } = error;
  expect(inspect(error, { depth: 8, showHidden: true, maxStringLength: null })).not.toMatch(BASE64);
  return `${failure.code} (${failure.class}, ${failure.effect}): ${failure.message}; ${failure.advice ?? '-'}`;
}

describe('refusals of the API server', () => {
  it('a missing Secret is reported with the command that creates it', async (context) => {
    const { client, secret, namespace } = await bench(context);
    const line = await told(client.get({ ...secret, name: 'of-nobody' }));
    expect(line).toBe(
      `kube-missing (passing, none): there is no Secret ${namespace}/of-nobody, or no namespace ${namespace}; create it, ` +
        `empty (kubectl -n ${namespace} create secret generic of-nobody): the daemon may not, since no Role can limit ` +
        'that to one name',
    );
  });

  it('a missing right is reported as passing for 30 s and then as refused', async (context) => {
    const { secret, account, namespace } = await bench(context);
    const { connection } = await account([{ ...WRITER[0], verbs: ['watch'] }]);
    const clock = fakeClock();
    const client = createClient(connection, { clock });
    context.onTestFinished(client.close);
    const user = `system:serviceaccount:${namespace}:somebody`;
    const remedy =
      `are the name wx-token and the namespace ${namespace} spelt right? A Role with resourceNames forbids every other ` +
      'name, whether or not there is such an object; if they are, ' +
      `a Role in namespace ${namespace} has to allow apiGroups [""], resources ["secrets"], resourceNames ["wx-token"], ` +
      `verbs ["get"], and a RoleBinding there to give it to ${user}`;
    const line = `${user} may not get the Secret ${namespace}/wx-token (HTTP 403)`;
    const soon = 'an API server that is starting says so for a moment; should it last 30 s: ';
    const passing = `kube-forbidden (passing, none): ${line}; ${soon}${remedy}`;

    expect(await told(client.get(secret))).toBe(passing);
    clock.pass(29_000);
    expect(await told(client.get(secret))).toBe(passing);
    clock.pass(1_000);
    expect(await told(client.get(secret))).toBe(`kube-forbidden (refused, none): ${line}; ${remedy}`);
  });

  it('a refusal by a starting server is passing and forgotten once access works', async (context) => {
    const cluster = await bench(context);
    const { secret, account } = cluster;
    const server = cluster.faulty(context);
    const { connection } = await account(WRITER);
    const clock = fakeClock();
    const client = createClient(connection, { clock });
    context.onTestFinished(client.close);

    server.mood.isStarting = true;
    expect(await told(client.get(secret))).toMatch(/^kube-forbidden \(passing/);
    server.mood.isStarting = false;
    await client.get(secret);
    clock.pass(60_000);
    server.mood.isStarting = true;
    expect(await told(client.get(secret))).toMatch(/^kube-forbidden \(passing/);
  });

  it('a rejected token is reported as passing for 30 s and then as refused', async (context) => {
    const { secret, stranger } = await bench(context);
    const { connection } = await stranger('of-nobody');
    const clock = fakeClock();
    const client = createClient(connection, { clock });
    context.onTestFinished(client.close);
    expect(await told(client.get(secret))).toMatch(
      /^kube-unauthorized \(passing, none\): .*HTTP 401.*should it last 30 s: /,
    );
    clock.pass(30_000);
    expect(await told(client.get(secret))).toMatch(/^kube-unauthorized \(refused, none\): .*restart the pod/);
  });

  it('a request without credentials is reported as anonymous', async (context) => {
    const { secret, stranger } = await bench(context);
    const client = (await stranger()).client();
    expect(await told(client.get(secret))).toMatch(
      /^kube-forbidden .*system:anonymous.*nobody was known by what was sent/,
    );
  });

  it('a change by somebody else in between is reported as a conflict', async (context) => {
    const { patch, namespace } = await bench(context);
    await patch({ token: '', a: 'YQ==' });
    expect(await told(patch())).toBe(
      `kube-conflict (passing, none): the Secret ${namespace}/wx-token was changed by somebody else meanwhile; -`,
    );
  });

  it('an immutable Secret is reported with the advice to create it again', async (context) => {
    const { patch } = await bench(context, { immutable: true });
    expect(await told(patch())).toMatch(
      /^kube-immutable \(refused, none\): .*delete the object and create it again/,
    );
  });

  it('a Secret that would become too large is reported as refused', async (context) => {
    const { patch } = await bench(context);
    for (const size of [350_000, 800_000]) {
      expect(await told(patch({ big: 'A'.repeat(4 * size) }))).toMatch(/^kube-too-large \(refused, none\)/);
    }
  });

  it('a patch that does not decode is reported without the contents of the Secret', async (context) => {
    const { patch, namespace } = await bench(context);
    const line = await told(patch({ token: 'no base64' }));
    expect(line).toMatch(
      new RegExp(
        `^kube-http-422 \\(passing, none\\): the API server did not patch the Secret ${namespace}/wx-token: HTTP 422, Invalid`,
      ),
    );
  });
});

describe('failures of an imitated API server', () => {
  it('a denial by a policy is reported with the name of the policy', async (context) => {
    const cluster = await bench(context);
    cluster.faulty(context).mood.policy = 'no-tokens.example.com';
    expect(await told(cluster.patch())).toMatch(
      /^kube-denied \(refused, none\): a policy of the cluster denies the change of the Secret .*: no-tokens\.example\.com;/,
    );
  });

  it('a misspelt name is forbidden by a Role that is right otherwise, and the advice asks for it', async (context) => {
    const { secret, account, namespace } = await bench(context);
    const client = (await account(WRITER)).client();
    await eventually(() => client.get(secret));
    const line = await told(client.get({ ...secret, name: 'wx-tokn' }));
    expect(line).toContain(`may not get the Secret ${namespace}/wx-tokn (HTTP 403)`);
    expect(line).toContain(`are the name wx-tokn and the namespace ${namespace} spelt right?`);
  });

  it('a denial by a webhook is reported with the name of the webhook', async (context) => {
    const cluster = await bench(context);
    const message = `admission webhook "guard.example.com" denied the request: ${BASE64}`;
    const body = JSON.stringify({
      kind: 'Status',
      status: 'Failure',
      message,
      reason: 'Forbidden',
      code: 403,
    });
    cluster.faulty(context).next({ kind: 'answer', status: 403, body });
    expect(await told(cluster.patch())).toMatch(/^kube-denied \(refused, none\): .*: guard\.example\.com;/);
  });

  it('a patch answered with HTTP 504 is reported with an unknown effect', async (context) => {
    const cluster = await bench(context);
    const server = cluster.faulty(context);
    server.next({ method: 'PATCH', kind: 'give-up' }, { method: 'GET', kind: 'give-up' });
    expect(await told(cluster.patch())).toMatch(/^kube-timeout \(passing, unknown\): .*HTTP 504/);
    expect(await told(cluster.client.get(cluster.secret))).toMatch(/^kube-timeout \(passing, none\)/);
  });

  it('a patch whose answer is lost is reported with an unknown effect', async (context) => {
    const cluster = await bench(context, {}, QUICK);
    const server = cluster.faulty(context);
    server.next({ method: 'PATCH', kind: 'lose-answer' });
    expect(await told(cluster.patch())).toMatch(
      /^kube-timeout \(passing, unknown\): .*did not answer in time/,
    );
    expect((await cluster.client.get(cluster.secret)).data).toEqual({ token: '' });
  });

  it('a patch whose answer is cut off is reported with an unknown effect', async (context) => {
    const cluster = await bench(context);
    cluster.faulty(context).next({ method: 'PATCH', kind: 'cut-answer' });
    expect(await told(cluster.patch())).toMatch(/^kube-cut \(passing, unknown\)/);
  });

  it('a frozen server is reported as unreachable', async (context) => {
    const cluster = await bench(context, {}, QUICK);
    const server = cluster.faulty(context);
    server.freeze();
    const fresh = cluster.admin.client(QUICK);
    expect(await told(fresh.get(cluster.secret))).toMatch(
      /^kube-unreachable \(passing, unsent\): .*no connection came about/,
    );
    server.thaw();
    await eventually(() => fresh.get(cluster.secret));
  });

  it('a patch that times out on a frozen store takes effect later', async (context) => {
    const cluster = await bench(context, {}, QUICK);
    const server = cluster.faulty(context);
    server.freezeStore();
    expect(await told(cluster.patch())).toMatch(/^kube-timeout \(passing, unknown\)/);
    server.thawStore();
    expect((await cluster.client.get(cluster.secret)).data).toEqual({ token: '' });
  });

  it('a server that is down is reported as unreachable with nothing sent', async (context) => {
    const cluster = await bench(context);
    const server = cluster.faulty(context);
    await server.down();
    expect(await told(cluster.client.get(cluster.secret))).toMatch(/^kube-(cut|unreachable)/);
    const line = await told(cluster.patch());
    expect(line).toMatch(
      /^kube-unreachable \(passing, unsent\): no answer from the API server 127\.0\.0\.1:\d+ \(.+\): it cannot be reached \(ECONNREFUSED\); .*NetworkPolicy/,
    );
    await server.up();
    await cluster.patch();
  });

  it.for<[string, number, Readonly<Record<string, string>>, string]>([
    ['a redirect that is not followed', 302, { location: 'https://elsewhere.example' }, 'kube-http-302'],
    ['an HTML page with HTTP 404', 404, { 'content-type': 'text/html' }, 'kube-http-404'],
    ['an answer that is no JSON object', 200, {}, 'kube-odd-answer'],
    ['an overload with HTTP 429', 429, { 'retry-after': '1' }, 'kube-busy'],
    ['a failing gateway with HTTP 502', 502, {}, 'kube-http-502'],
  ])('%s is reported with a code of its own', async ([, status, headers, code], context) => {
    const cluster = await bench(context);
    cluster.faulty(context).next({ kind: 'answer', status, headers, body: '<html>' });
    expect(await told(cluster.client.get(cluster.secret))).toMatch(new RegExp(`^${code} `));
  });

  it('an oversized answer is reported as endless', async (context) => {
    const cluster = await bench(context);
    cluster.faulty(context).next({ kind: 'answer', status: 200, body: 'x'.repeat(5 * 1024 * 1024) });
    expect(await told(cluster.client.get(cluster.secret))).toMatch(/^kube-endless /);
  });

  it('an object without a usable resourceVersion is reported as an odd answer', async (context) => {
    const cluster = await bench(context);
    for (const resourceVersion of ['', '0', null, 5, 'abc']) {
      const body = JSON.stringify({ metadata: { name: 'wx-token', resourceVersion } });
      cluster.faulty(context).next({ kind: 'answer', status: 200, body });
      expect(await told(cluster.client.get(cluster.secret))).toMatch(/^kube-odd-answer /);
    }
  });
});

describe('the Kubernetes client', () => {
  it('the client refuses to send a patch or update without a usable version', async (context) => {
    const { client, secret } = await bench(context);
    const found = await client.get(secret);
    for (const version of ['', '0', 'abc', '-1', ' 1']) {
      await expect(client.mergePatch(secret, version, {})).rejects.toThrow(TypeError);
      const whole = { ...found, metadata: { ...found.metadata, resourceVersion: version } };
      await expect(client.replace(secret, whole)).rejects.toThrow(TypeError);
    }
  });

  it('the client aborts pending requests when the caller aborts or closes it', async (context) => {
    const cluster = await bench(context);
    cluster.faulty(context).freeze();
    const end = new AbortController();
    const told1 = told(cluster.client.get(cluster.secret, { signal: end.signal }));
    const told2 = told(cluster.patch());
    end.abort();
    expect(await told1).toMatch(/^aborted /);
    await cluster.client.close();
    expect(await told2).toMatch(/^aborted /);
    expect(await told(cluster.patch())).toMatch(/^aborted /);
  });
});
