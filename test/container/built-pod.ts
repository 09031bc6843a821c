import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, type TestContext } from 'vitest';
import { sha256 } from '../e2e/workbench.ts';
import { folderFor } from '../k8s/helm.ts';
import { type Part, partOf, podOf } from '../k8s/manifests.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { startUp } from './example.ts';
import { type ContainerPlan, containerOf } from './plan.ts';
import { type Container, type Pod, startPod } from './pod.ts';
import { planOfPod } from './pod-plan.ts';

/** As those manifests mount the configuration. */
export const CHECK = [
  'wx-token-sidecar',
  'check',
  '--online',
  '--config',
  '/etc/wx-token-config/config.yaml',
];

export async function expectChecked(container: Container, words: readonly string[]): Promise<void> {
  const { code, output, complaint } = await container.exec(...words);
  expect(code, output + complaint).toBe(0);
}

/** The only token that the platform has handed out. */
export async function issued(pod: Pod): Promise<unknown> {
  const [fetch, ...more] = await pod.fetches();
  expect(more).toEqual([]);
  return fetch?.tokenSha256;
}

/** The pod that built objects make, with its volumes, but without its containers. */
export async function startedPod(context: TestContext, objects: readonly { readonly content: Part }[]) {
  const contents = objects.map(({ content }) => content);
  const pod = contents.flatMap((content) => podOf(content) ?? [])[0];
  if (!pod) throw new Error('there is no pod');
  const configMap = contents.find(({ kind }) => kind === 'ConfigMap');
  const plan = planOfPod(pod.spec, {
    'wx-appsecret': { main: TEST_ACCOUNT.secret },
    [String(partOf(configMap, 'metadata')['name'])]: {
      'config.yaml': String(partOf(configMap, 'data')['config.yaml']),
    },
  });
  const started = await startPod(plan.volumes, [], context.onTestFinished);
  return {
    ...started,
    plan: (name: string) => containerOf(plan, name),
    /** That container, once its startupProbe has succeeded. */
    async begun(name: string, { options = [], env = {} }: Partial<Added> = {}): Promise<Container> {
      const written = containerOf(plan, name);
      const container = await started.start(
        { ...written, options: [...written.options, ...options] },
        { env },
      );
      await startUp(started, written, container);
      return container;
    },
  };
}

/** What the refresher publishes, and keeps in the Secret, is the one token that the platform has handed out. */
export async function expectToken(
  pod: Pod,
  { secret }: Awaited<ReturnType<typeof startApi>>,
  daemon: Container,
  account: string,
): Promise<void> {
  const token = await secret('wx-token', account);
  expect(sha256(token)).toBe(await issued(pod));
  const file = `fs.readFileSync('/var/run/wx/${account}/token', 'utf8')`;
  expect((await daemon.exec('node', '--print', file)).output.trimEnd()).toBe(token);
}

/** What is not as written: where the API server is. */
interface Added {
  readonly options: ContainerPlan['options'];
  readonly env: Readonly<Record<string, string>>;
}

/** An imitation of an API server in the network of a pod, with these objects and the rights that they give. */
export async function startApi(
  pod: Pod,
  context: TestContext,
  objects: readonly { readonly content: Part }[],
) {
  const folder = await folderFor(context);
  await writeFile(join(folder, 'objects.json'), JSON.stringify(objects.map(({ content }) => content)));
  await build({
    entryPoints: [join(import.meta.dirname, 'api-server.ts')],
    outfile: join(folder, 'api-server.mjs'),
    ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const api = await pod.start({
    ...{ name: 'api', image: 'node', memoryLimit: Number.NaN, probes: {}, ports: {} },
    options: ['--user', '0:0', '--volume', `${folder}:/api`],
    entrypoint: ['node'],
    command: ['/api/api-server.mjs', '/api'],
  });
  const said = await eventually(async () => /^\{.*\}$/m.exec(await api.log())?.[0], {
    for: 'the API server',
  }).catch(async (cause: Error) => {
    throw new Error(`${cause.message}; it said:\n${await api.log()}`, { cause });
  });
  const { url, adminToken } = JSON.parse(said);
  const added: Added = {
    options: ['--volume', `${folder}/kubeconfig:/etc/kubeconfig:ro`],
    env: { KUBECONFIG: '/etc/kubeconfig' },
  };
  return {
    changes: added,
    /** What a key of a Secret holds. */
    async secret(name: string, key: string): Promise<string> {
      const options = JSON.stringify({ headers: { authorization: `Bearer ${adminToken}` } });
      const path = `${url}/api/v1/namespaces/wx-token/secrets/${name}`;
      const script = `fetch('${path}', ${options}).then((answer) => answer.text()).then(console.log)`;
      const { output } = await api.exec('node', '-e', script);
      return Buffer.from(String(partOf(JSON.parse(output), 'data')[key]), 'base64').toString();
    },
  };
}
