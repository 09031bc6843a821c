import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { createClient, type KubernetesClient } from '../../src/kubernetes/client.ts';
import { findConnection } from '../../src/kubernetes/connection.ts';
import type { Connection } from '../../src/kubernetes/connection-types.ts';
import type { Timeouts } from '../../src/kubernetes/http.ts';
import { type ObjectName, objectPath } from '../../src/kubernetes/resources.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { type Certificates, makeCertificates } from '../providers/certificates.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../support/kubernetes/api-server.ts';
import { kubeconfig } from '../support/kubernetes/kubeconfig.ts';
import { LEASE_NAME, type Rule, SECRET_NAME } from '../support/kubernetes/role.ts';
import { eventually } from '../support/wait.ts';
import { type Asker, createAsker } from './asker.ts';

/** `npm run test:k8s` asks the cluster that KUBECONFIG names; all else, and where it names none, an imitation. */
const REAL = process.env['WITH_CLUSTER'] ? process.env['KUBECONFIG'] : undefined;

/** Somebody who may do certain things in the namespace of the test. */
export interface Somebody {
  readonly connection: Connection;
  /** Requests of any kind, as they are. */
  readonly ask: Asker;
  /** Path of a file for KUBECONFIG. */
  readonly kubeconfig: string;
  client(timeouts?: Partial<Timeouts>): KubernetesClient;
}

/** A namespace of one's own, real or imitated. */
export interface TestCluster {
  readonly namespace: string;
  readonly secret: ObjectName<'secrets'>;
  readonly lease: ObjectName<'leases'>;
  readonly admin: Somebody;
  /** A service account that may do what these rules of a Role say. */
  account(rules: readonly Partial<Rule>[], name?: string): Promise<Somebody>;
  /**
   * Somebody who shows this token, or nothing at all. The certificate with which an administrator logs in on kind, kubeadm
   * or minikube does not go along: it would go before any token.
   */
  stranger(token?: string): Promise<Somebody>;
  /** Absent where the cluster is a real one. */
  readonly imitation?: ApiServer;
  /** The imitation, for what no real server does when it is told to; ends the test where there is none. */
  faulty(context: TestContext): ApiServer;
}

/** What answers in the end is not cut off, however busy the machine: a test of limits says which. */
const PATIENT = { connect: 120_000, call: 120_000, opening: 120_000 } as const;

type AtEnd = (undo: () => Promise<void>) => void;

let certificates: Promise<Certificates | string> | undefined;

/** Made once for all tests of a file. */
export function testCertificates(): Promise<Certificates | string> {
  certificates ??= makeCertificates();
  return certificates;
}

export async function openCluster(atEnd: AtEnd, options: ApiServerOptions = {}): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const { server, file } =
    REAL === undefined ? await imitate(folder, atEnd, options) : { server: undefined, file: REAL };
  const admin = await somebody(file, atEnd);
  const { cert: _cert, key: _key, ...trust } = await admin.connection.trust();
  const namespace = `wx-token-sidecar-test-${randomBytes(4).toString('hex')}`;
  const path = `/api/v1/namespaces/${namespace}`;
  await done(admin.ask('POST', '/api/v1/namespaces', { metadata: { name: namespace } }));
  // An imitation takes with it what it holds.
  if (!server) {
    atEnd(async () => {
      await admin.ask('DELETE', path);
    });
  }

  const secret = { resource: 'secrets', namespace, name: SECRET_NAME } as const;

  async function account(rules: readonly Partial<Rule>[], name = 'somebody'): Promise<Somebody> {
    const rights = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    const metadata = { name };
    await done(admin.ask('POST', `${path}/serviceaccounts`, { metadata }));
    await done(admin.ask('POST', `${rights}/roles`, { metadata, rules }));
    const subjects = [{ kind: 'ServiceAccount', name, namespace }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
    await done(admin.ask('POST', `${rights}/rolebindings`, { metadata, subjects, roleRef }));
    const { body } = await done(admin.ask('POST', `${path}/serviceaccounts/${name}/token`, { spec: {} }));
    const { token } = body['status'] as { readonly token: string };
    const own = join(folder, `${name}.kubeconfig`);
    const { ca, servername } = trust;
    const cluster = servername === undefined ? {} : { 'tls-server-name': servername };
    await writeFile(
      own,
      kubeconfig({ server: admin.connection.server, namespace, ca, cluster, user: { token } }),
    );
    const made = await somebody(own, atEnd);
    // A real server takes a moment to know them; one that forbids for ever is found by what is tested.
    const isKnown = async () => (await made.ask('GET', objectPath(secret))).status !== 403;
    const mayGet = rules.some(
      ({ resources, verbs }) => resources?.includes('secrets') && verbs?.includes('get'),
    );
    if (mayGet) await eventually(isKnown, { for: 'the rights of a new Role' });
    return made;
  }

  return {
    namespace,
    secret,
    lease: { resource: 'leases', namespace, name: LEASE_NAME },
    admin,
    account,
    stranger: (token) => {
      const shown = token === undefined ? undefined : new Secret(token);
      const connection = { ...admin.connection, trust: async () => trust, token: async () => shown };
      return known(connection, file, atEnd);
    },
    ...(server && { imitation: server }),
    faulty: (context) => server ?? context.skip('a real cluster does not break when it is told to'),
  };
}

async function imitate(folder: string, atEnd: AtEnd, options: ApiServerOptions) {
  const pem = await testCertificates();
  const tls = typeof pem === 'string' ? undefined : { ...pem.server, ca: pem.authority };
  const server = await startApiServer({ ...(tls && { tls }), ...options });
  atEnd(server.close);
  const file = join(folder, 'admin.kubeconfig');
  // With TLS by a certificate, as on kind, kubeadm and minikube.
  const pair = typeof pem === 'string' ? undefined : pem.server;
  const user = pair
    ? { 'client-certificate-data': base64(pair.cert), 'client-key-data': base64(pair.key) }
    : { token: server.adminToken };
  await writeFile(file, kubeconfig({ server: server.url, ca: tls?.ca, user }));
  return { server, file };
}

async function somebody(file: string, atEnd: AtEnd): Promise<Somebody> {
  const { connection, problems } = await findConnection({ KUBECONFIG: file });
  if (!connection) throw new Error(problems.map(({ en }) => en).join('\n'));
  return known(connection, file, atEnd);
}

async function known(connection: Connection, file: string, atEnd: AtEnd): Promise<Somebody> {
  const ask = await createAsker(connection);
  atEnd(ask.close);
  return {
    connection,
    ask,
    kubeconfig: file,
    client(timeouts) {
      const client = createClient(connection, { clock: systemClock, timeouts: { ...PATIENT, ...timeouts } });
      atEnd(client.close);
      return client;
    },
  };
}

function base64(pem: string): string {
  return Buffer.from(pem).toString('base64');
}

async function done(answer: ReturnType<Asker>): Promise<Awaited<ReturnType<Asker>>> {
  const { status, body } = await answer;
  if (status !== 200 && status !== 201) throw new Error(`not made: ${JSON.stringify(body)}`);
  return { status, body };
}
