import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { encodeEntry } from '../../src/codec/details.ts';
import { Secret } from '../../src/core/secret.ts';
import { SECOND } from '../../src/core/time.ts';
import { contentOf } from '../support/files.ts';
import { SECRET_NAME } from '../support/kubernetes/role.ts';
import { SECRET, SECRETS } from '../support/kubernetes/shop.ts';
import { startProgram } from '../support/program.ts';
import { startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { type Cluster, cluster } from './cluster.ts';

type AtEnd = Parameters<typeof cluster>[0];

/** The pod of an app, without an AppSecret. */
async function mirrorOf(
  { folder, shop }: Cluster,
  atEnd: AtEnd,
  { kubeconfig = shop.mirror, credential = 'shop', hasTicket = true } = {},
) {
  const at = join(folder, `app-${credential}`);
  const [file, ticket] = [join(at, 'volume', 'token'), join(at, 'volume', 'jsapi.json')];
  await mkdir(at, { recursive: true });
  const config = join(at, 'config.yaml');
  const document = {
    schedule: '* * * * * *',
    http: { listen: '127.0.0.1:0' },
    credentials: [
      {
        name: 'copy',
        type: 'mirror',
        from: { kubernetesSecret: { namespace: 'shop', name: 'wx-token', credential } },
        publish: [
          { type: 'file', path: file },
          ...(hasTicket ? [{ type: 'file', path: ticket, of: 'jsapi', format: 'json' }] : []),
        ],
      },
    ],
  };
  await writeFile(config, stringify(document));
  const env = { KUBECONFIG: kubeconfig, WXTOKEN_CONFIG: config };
  const start = (args: readonly string[] = []) => startProgram(args, { env }, atEnd);
  return { file, ticket, start, env };
}

/** Whole to the eyes of a reader. */
const token = (mark: string) => `84_${'x'.repeat(130)}${mark}`;

/** What a daemon that fetches writes into the Secret, of a token with so many ms of life left. */
function held(mark: string, life = 7_200 * SECOND) {
  const issuedAt = Math.ceil((Date.now() + life) / SECOND) * SECOND - 7_200 * SECOND;
  const value = token(mark);
  const entry = encodeEntry(
    {
      ...{ value: new Secret(value), expiresIn: 7_200, generation: mark.charCodeAt(0) },
      ...{ issuedAt, expiresAt: issuedAt + 7_200 * SECOND },
    },
    { name: 'shop', type: 'stable-token', appId: 'wx0000000000000000', kind: 'token' },
  );
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return { shop: base64(value), 'shop.json': base64(entry) };
}

describe.concurrent('mirrors', () => {
  it('a mirror publishes the token and the ticket that another daemon fetches', async ({
    onTestFinished,
  }) => {
    const group = await cluster(onTestFinished, { size: 1, type: 'stable-token', ticket: true });
    const mirror = await mirrorOf(group, onTestFinished);
    const program = mirror.start();
    const value = await eventually(() => contentOf(mirror.file));
    expect(value).toBe((await group.shop.data())['shop']);
    const details = JSON.parse(await eventually(() => contentOf(`${mirror.file}.json`)));
    expect(details).toMatchObject({ name: 'copy', type: 'stable-token', app_id: 'wx0000000000000000' });
    const ticket = JSON.parse(await eventually(() => contentOf(mirror.ticket)));
    expect(ticket).toMatchObject({ type: 'jsapi', ticket: (await group.shop.data())['shop.jsapi'] });

    const [pod] = group.pods;
    expect(await pod?.refresh(['--force'])).toMatchObject({ code: 0 });
    await eventually(async () => (await contentOf(mirror.file)) !== value);
    expect(await contentOf(mirror.file)).toBe((await group.shop.data())['shop']);
    program.signal('SIGHUP');
    program.signal('SIGTERM');
    expect(await program.exited).toEqual({ code: 0, signal: null });
    const targets = group.shop.server.heard.filter(({ status }) => status >= 400).map(({ method }) => method);
    expect(targets).not.toContain('PATCH');
  });

  it('damaged token data in the Secret is restored without a call', async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished, { size: 2 });
    await group.settled();
    const before = await group.shop.data();
    for (const damage of [{ 'shop.json': 'e30=' }, { 'shop.json': null }, { shop: 'eA==' }]) {
      await group.shop.ask('PATCH', SECRET, { data: damage });
      await eventually(async () => JSON.stringify(await group.shop.data()) === JSON.stringify(before));
    }
    const once = await (await mirrorOf(group, onTestFinished, { hasTicket: false })).start(['once']).exited;
    expect(once).toMatchObject({ code: 0 });
    expect(await group.journal.fetches()).toHaveLength(1);
  });

  it('`once` of a mirror exits with 75 and says which Secret it waits for', async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished, { size: 0 });
    const mirror = await mirrorOf(group, onTestFinished);
    const patient = mirror.start(['once', '--timeout', '10s']);
    expect(await patient.exited).toMatchObject({ code: 75 });
    expect(patient.stderr()).toMatch(/not published: the Secret shop\/wx-token does not hold shop yet/);
  });

  it('a mirror keeps its file and logs a missing, empty, forbidden or dead source', async ({
    onTestFinished,
  }) => {
    const group = await cluster(onTestFinished, { size: 0 });
    const { shop } = group;
    const mirror = await mirrorOf(group, onTestFinished, { hasTicket: false });
    const reader = startRestlessReader({ file: mirror.file }, onTestFinished);
    const write = (mark: string, life?: number) => shop.ask('PATCH', SECRET, { data: held(mark, life) });
    const holds = (mark: string) =>
      eventually(async () => (await contentOf(mirror.file)) === token(mark), { for: `${mark} in the file` });
    const status = async () => {
      const program = mirror.start(['status', '--json']);
      const { code } = await program.exited;
      const { daemon, credentials } = JSON.parse(program.stdout());
      return { code, daemon, ...credentials[0] };
    };
    /** What the daemon has met it writes down a moment later. */
    const becomes = (expected: Readonly<Record<string, unknown>>) =>
      eventually(async () => expect(await status()).toMatchObject(expected) ?? true);
    await shop.ask('DELETE', SECRET);

    const program = mirror.start();
    const told = (code: string) => program.logged((line) => line['code'] === code);
    expect(await told('kube-missing')).toMatchObject({
      message: 'there is no Secret shop/wx-token, or no namespace shop',
      advice: expect.stringMatching(/^create it, empty \(kubectl -n shop create secret generic wx-token\)/),
    });
    await becomes({ code: 3, state: 'missing', state_error: { code: 'kube-missing' } });

    await shop.ask('POST', SECRETS, { metadata: { name: SECRET_NAME } });
    expect(await told('source-empty')).toMatchObject({
      credential: 'copy',
      message: expect.stringMatching(/the Secret shop\/wx-token does not hold shop yet$/),
      advice: 'is the daemon that writes it running, and is the credential called so there?',
    });

    await write('a');
    await holds('a');
    await becomes({
      ...{ code: 0, credential: 'copy', state: 'fresh', account: 'mirror/shop/wx-token/shop' },
      daemon: { state: 'running', pid: program.pid },
      ...{ issued_at: expect.any(Number), next: { brief: 'read its source' } },
    });
    const table = mirror.start(['status']);
    expect(await table.exited).toMatchObject({ code: 0 });
    expect(table.stdout()).toMatch(/^copy +token +\S+ +\d+s? .* 1h 59m/m);

    await shop.forbidMirrors();
    expect(await told('kube-forbidden')).toMatchObject({
      message: 'system:serviceaccount:shop:mirror may not get the Secret shop/wx-token (HTTP 403)',
      advice: expect.stringMatching(/resourceNames \["wx-token"\], verbs \["get"\]/),
    });
    await write('b');
    expect(await contentOf(mirror.file)).toBe(token('a'));
    const before = program.log().length;
    await shop.allowMirrors();
    await holds('b');
    expect(
      program
        .log()
        .slice(before)
        .map(({ message }) => message),
    ).toContain('the Secret shop/wx-token can be reached again');

    await write('c', -SECOND);
    expect(await told('source-dead')).toMatchObject({
      credential: 'copy',
      message: 'shop of the Secret shop/wx-token has expired and was not replaced',
      advice: 'look at the daemon that writes it',
    });
    expect(await contentOf(mirror.file)).toBe(token('b'));
    await write('d');
    await holds('d');
    await becomes({ code: 0, state: 'fresh' });
    expect((await reader.stop()).bad).toEqual([]);
  });

  it('`refresh` of a mirror exits with 78 and says where to refresh instead', async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished, { size: 0 });
    const mirror = await mirrorOf(group, onTestFinished);
    const refresh = mirror.start(['refresh']);
    expect(await refresh.exited).toMatchObject({ code: 78 });
    expect(refresh.stderr()).toMatch(/copy: is only mirrored here: refresh it where it is fetched/);
  });
});

describe.concurrent('the check command in a cluster', () => {
  it('`check --online` reports on the Lease and the Secret and changes nothing', async ({
    onTestFinished,
  }) => {
    const group = await cluster(onTestFinished, { size: 1 });
    const [pod] = group.pods;
    await group.settled();
    const before = await group.shop.data();
    const online = await pod?.command(['check', '--online']);
    expect(online?.code).toBe(0);
    expect(online?.stdout).toMatch(/^cluster\n {2}refresher +one of all daemons, elected by the Lease/m);
    expect(online?.stdout).toMatch(/Lease +it is there and may be read, watched and renewed/);
    expect(online?.stdout).toMatch(/Secret +it is there and may be read, watched and written/);
    expect(online?.stdout).not.toMatch(/private state folder/);
    expect(await group.shop.data()).toEqual(before);
    await group.shop.ask('DELETE', '/api/v1/namespaces/shop/secrets/wx-token');
    const missing = await pod?.command(['check', '--online']);
    expect(missing?.code).toBe(77);
    expect(missing?.stdout).toMatch(/Secret +there is no Secret shop\/wx-token/);
  });

  it('`check --online` tells where a mirror reads and what is there', async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished, { size: 1 });
    await group.settled();
    const mirror = await mirrorOf(group, onTestFinished);
    const online = mirror.start(['check', '--online']);
    expect(await online.exited).toMatchObject({ code: 0 });
    expect(online.stdout()).toMatch(/mirror of +shop in the Secret shop\/wx-token/);
    expect(online.stdout()).toMatch(/token +it holds one with 1 h 59 min of life left/);
    expect(online.stdout()).toMatch(/jsapi +it holds none yet/);
  });

  it('`check` and `run` of a mirror exit with 78 outside a cluster', async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished, { size: 0 });
    const { env } = await mirrorOf(group, onTestFinished);
    for (const command of ['check', 'run']) {
      const alone = startProgram([command], { env: { ...env, KUBECONFIG: '' } }, onTestFinished);
      expect(await alone.exited).toMatchObject({ code: 78 });
      expect(alone.stderr()).toMatch(/credentials: there is no Kubernetes here/);
    }
  });
});
