import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificates } from '../providers/certificates.ts';
import { type ApiServer, startApiServer } from '../support/kubernetes/api-server.ts';
import { kubeconfig } from '../support/kubernetes/kubeconfig.ts';
import { type AtEnd, type Program, startProgram } from '../support/program.ts';
import { APP_ID, type Workbench, workbench } from './workbench.ts';

/** A platform, a volume and a cluster with a Secret: everything for a daemon that publishes into both. */
export interface ClusterBench extends Workbench {
  readonly server: ApiServer;
  /** Of a daemon whose configuration names the Secret, and the file unless it is to be without. */
  readonly clusterEnv: Readonly<Record<string, string>>;
  start(args?: readonly string[]): Program;
  /** What the Secret holds, decoded. */
  secret(): Readonly<Record<string, string>>;
}

export const SECRETS = '/api/v1/namespaces/shop/secrets';

export interface ClusterBenchOptions {
  readonly target?: Readonly<Record<string, string>>;
  readonly withFile?: boolean;
  readonly type?: 'stable-token' | 'access-token';
}

export async function clusterBench(
  atEnd: AtEnd,
  { target = {}, withFile = true, type = 'stable-token' }: ClusterBenchOptions = {},
): Promise<ClusterBench> {
  const bench = await workbench(atEnd);
  const made = await makeCertificates();
  const tls = typeof made === 'string' ? undefined : { ...made.server, ca: made.authority };
  const server = await startApiServer(tls ? { tls } : {});
  atEnd(server.close);
  const file = join(bench.folder, 'kubeconfig');
  await writeFile(file, kubeconfig({ server: server.url, ca: tls?.ca, user: { token: server.adminToken } }));
  const config = join(bench.folder, 'config.json');
  const inSecret = {
    type: 'kubernetes-secret',
    namespace: 'shop',
    name: 'wx-token',
    key: 'token',
    ...target,
  };
  const credential = {
    ...{ name: 'shop', type, appId: APP_ID, secretFile: join(bench.folder, 'secrets', 'app.secret') },
    publish: [...(withFile ? [{ type: 'file', path: bench.file }] : []), inSecret],
  };
  const document = {
    schedule: '* * * * * *',
    stateDir: join(bench.folder, 'state'),
    platform: { baseUrl: bench.sandbox.url },
    credentials: [credential],
  };
  await writeFile(config, JSON.stringify(document));
  const clusterEnv = { WXTOKEN_CONFIG: config, KUBECONFIG: file };
  server.direct('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
  server.direct('POST', SECRETS, { metadata: { name: 'wx-token' }, data: { other: 'b2YgdXM=' } });

  return {
    ...bench,
    ...{ server, clusterEnv },
    start: (args = []) => startProgram(args, { env: clusterEnv }, atEnd),
    secret() {
      const { data = {} } = server.direct('GET', `${SECRETS}/wx-token`) as {
        readonly data?: Record<string, string>;
      };
      const texts = Object.entries(data).map(([key, value]) => [
        key,
        Buffer.from(value, 'base64').toString(),
      ]);
      return Object.fromEntries(texts);
    },
  };
}
