import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { collectionPath } from '../../src/kubernetes/resources.ts';
import { APP_ID, APP_SECRET } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import { MIRROR, type Rule, WRITER } from '../support/kubernetes/role.ts';
import { type AtEnd, type Program, startProgram } from '../support/program.ts';
import { openSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { openCluster } from './cluster.ts';

/** The objects of the manifests in a cluster, and daemons that ask it by the rights that the manifests give. */
async function namespace(atEnd: AtEnd) {
  const cluster = await openCluster(atEnd);
  const { admin, secret, lease } = cluster;
  const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
  await admin.ask('POST', collectionPath(secret), { metadata: { name: secret.name } });
  await admin.ask('POST', collectionPath(lease), { ...kind, metadata: { name: lease.name } });
  const sandbox = await openSandbox({ accounts: [{ appId: APP_ID, secret: APP_SECRET }] });
  atEnd(sandbox.close);
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const secretFile = join(folder, 'app.secret');
  await writeFile(secretFile, APP_SECRET, { mode: 0o600 });

  const refresher = (file: string) => ({
    cluster: { lease: { name: lease.name }, secret: { name: secret.name } },
    platform: { baseUrl: sandbox.url },
    credentials: [
      {
        name: 'shop',
        type: 'access-token',
        appId: APP_ID,
        secretFile,
        publish: [{ type: 'file', path: file }],
      },
    ],
  });
  const mirror = (file: string) => {
    const from = { kubernetesSecret: { name: secret.name, credential: 'shop' } };
    return { credentials: [{ name: 'shop', type: 'mirror', from, publish: [{ type: 'file', path: file }] }] };
  };

  /** A daemon, or another command, with a volume of its own. */
  async function start(
    name: string,
    role: 'refresher' | 'mirror',
    kubeconfig: string,
    args: readonly string[] = [],
  ): Promise<Program & { readonly file: string }> {
    const at = join(folder, name);
    await mkdir(at, { recursive: true });
    const file = join(at, 'volume', 'token');
    const document = { schedule: '* * * * * *', ...(role === 'mirror' ? mirror(file) : refresher(file)) };
    await writeFile(join(at, 'config.yaml'), stringify(document));
    const env = { KUBECONFIG: kubeconfig, WXTOKEN_CONFIG: join(at, 'config.yaml') };
    return { ...startProgram(args, { env }, atEnd), file };
  }

  return { ...cluster, sandbox, start };
}

/** Every right of the rules, as `VERB RESOURCE/NAME`. */
function rightsIn(rules: readonly Rule[]): string[] {
  return rules.flatMap(({ resources, resourceNames, verbs }) =>
    verbs.map((verb) => `${verb} ${resources[0]}/${resourceNames[0]}`),
  );
}

/** The same rules without one right. */
function without(right: string, rules: readonly Rule[]): readonly Rule[] {
  return rules.map((rule) => ({
    ...rule,
    verbs: rule.verbs.filter((verb) => !rightsIn([{ ...rule, verbs: [verb] }]).includes(right)),
  }));
}

const VERBS: Readonly<Record<string, string>> = { GET: 'get', WATCH: 'watch', PATCH: 'patch', PUT: 'update' };

/** The right that a request needed. */
function rightOf(method: string, target: string): string {
  const { pathname, searchParams } = new URL(`http://server${target}`);
  const [, resource, name] = /\/(secrets|leases)(?:\/([^/]+))?$/.exec(pathname) ?? [];
  const selected = searchParams.get('fieldSelector')?.replace('metadata.name=', '');
  return `${VERBS[method] ?? method} ${resource}/${name ?? selected}`;
}

const forbidden = (program: Program) => program.log().filter((line) => line['code'] === 'kube-forbidden');

describe.concurrent('the Roles of k8s/', () => {
  it('the Roles allow what refreshers and mirrors do and nothing else', async ({ onTestFinished }) => {
    const { account, namespace: own, sandbox, start, imitation } = await namespace(onTestFinished);
    const { kubeconfig } = await account(WRITER, 'refresher');
    const reader = await account(MIRROR, 'mirror');
    const first = await start('first', 'refresher', kubeconfig);
    await first.logged(/^became the leader/);
    const second = await start('second', 'refresher', kubeconfig);
    const mirror = await start('mirror', 'mirror', reader.kubeconfig);
    const all = [first, second, mirror];
    const published = async (among: readonly { readonly file: string }[], than?: string) => {
      const [value, ...others] = await Promise.all(among.map(({ file }) => contentOf(file)));
      return value !== than && others.every((other) => other === value) && value;
    };
    const before = await eventually(() => published(all));
    second.signal('SIGHUP');
    const after = await eventually(() => published(all, before));
    first.signal('SIGTERM');
    expect(await first.exited).toEqual({ code: 0, signal: null });
    await second.logged(/^became the leader/);
    second.signal('SIGHUP');
    await eventually(() => published([second, mirror], after));
    expect(await sandbox.calls('/cgi-bin/token')).toBe(3);
    for (const program of all) expect(forbidden(program)).toEqual([]);
    for (const program of [second, mirror]) program.signal('SIGTERM');
    for (const program of all) expect(await program.exited).toEqual({ code: 0, signal: null });

    // A real server tells nobody what was asked of it.
    const heard = imitation?.heard ?? [];
    for (const [name, rules] of [
      ['refresher', WRITER],
      ['mirror', MIRROR],
    ] as const) {
      const theirs = heard.filter(({ user }) => user === `system:serviceaccount:${own}:${name}`);
      expect(theirs.filter(({ status }) => status === 403 || status === 401)).toEqual([]);
      const used = new Set(theirs.map(({ method, target }) => rightOf(method, target)));
      if (imitation) expect([...used].sort()).toEqual(rightsIn(rules).sort());
    }
  });

  it('check --online names the missing right for each right taken from the Roles', async ({
    onTestFinished,
  }) => {
    const { account, start } = await namespace(onTestFinished);
    const tried = [
      ...rightsIn(WRITER).map((right) => ({ right, role: 'refresher', rules: WRITER }) as const),
      ...rightsIn(MIRROR).map((right) => ({ right, role: 'mirror', rules: MIRROR }) as const),
    ];
    for (const [index, { right, role, rules }] of tried.entries()) {
      const name = `${role}-${index}`;
      const { kubeconfig } = await account(without(right, rules), name);
      const check = await start(name, role, kubeconfig, ['check', '--online']);
      expect(await check.exited, right).toMatchObject({ code: expect.toSatisfy((code) => code !== 0) });
      const [verb, object = ''] = right.split(' ');
      const [resource, of] = object.split('/');
      expect(check.stdout(), right).toContain(`may not ${verb} the `);
      expect(check.stdout(), right).toContain(
        `resources ["${resource}"], resourceNames ["${of}"], verbs ["${verb}"]`,
      );
    }
  });
});
