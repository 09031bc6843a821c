import { expect, type TestContext } from 'vitest';
import { listOf, type Part, partOf, pods } from '../k8s/manifests.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { imageFor, type Outcome } from './engine.ts';
import { type ContainerPlan, containerOf, type Plan } from './plan.ts';
import { type Container, type Pod, startPod } from './pod.ts';
import { planOfPod } from './pod-plan.ts';

export const TOKEN = '/var/run/wx/token';

/** In place of the app, to look out of: with its user, group and mounts. */
const APP = { instead: ['sleep', 'infinity'] } as const;

export interface Example {
  readonly plan: Plan;
  /** What the manifest says of the whole pod. */
  readonly security: Part;
  readonly pod: Pod;
  /** What the manifest says of a container. */
  told(name: string): Part;
}

/** The pod of an example, with its volumes, but without its containers. */
export async function example(
  context: TestContext,
  name: string,
  rules: readonly string[] = [],
): Promise<Example> {
  await imageFor(context);
  const found = (await pods()).find(({ file }) => file === `examples/${name}/deployment.yaml`);
  if (!found) throw new Error(`there is no pod in ${name}`);
  const { spec } = found;
  const plan = planOfPod(spec, {
    'wx-appsecret': { appsecret: TEST_ACCOUNT.secret },
    'shop-php': { 'index.php': '<?php' },
  });
  return {
    plan,
    security: partOf(spec, 'securityContext'),
    pod: await startPod(plan.volumes, rules, context.onTestFinished),
    told: (wanted) =>
      partOf(
        [...listOf(spec, 'initContainers'), ...listOf(spec, 'containers')].find(
          (container) => container['name'] === wanted,
        ),
      ),
  };
}

/** The example of the sidecar as far as the kubelet has brought it when the app begins. */
export async function sidecarExample(
  context: TestContext,
  {
    rules = [],
    env = {},
  }: { readonly rules?: readonly string[]; readonly env?: Record<string, string> } = {},
) {
  const it = await example(context, 'sidecar-php', rules);
  const sidecarPlan = containerOf(it.plan, 'wx-token');
  const sidecar = await it.pod.start(sidecarPlan, { env });
  await startUp(it.pod, sidecarPlan, sidecar);
  const app = await it.pod.start(containerOf(it.plan, 'app'), APP);
  return { ...it, sidecar, sidecarPlan, app };
}

/** Asks as the kubelet does, at the port that the manifest names. */
export async function probe(pod: Pod, { probes, ports }: ContainerPlan, name: string): Promise<number> {
  const { path, port } = partOf(probes[name], 'httpGet');
  const { status } = await pod.ask(`http://127.0.0.1:${ports[String(port)]}${path}`);
  return status;
}

/** Resolves when the startupProbe has succeeded, for which it has as long as the manifest gives it. */
export async function startUp(pod: Pod, plan: ContainerPlan, container: Container): Promise<void> {
  await eventually(async () => (await probe(pod, plan, 'startupProbe')) === 200, {
    for: 'the startupProbe',
  }).catch(async (cause: Error) => {
    throw new Error(`${cause.message}; the sidecar said:\n${await container.log()}`, { cause });
  });
}

/** What an app gets when it reads the token. */
export async function readBy(app: Container): Promise<string> {
  const { output, complaint } = await app.exec('cat', TOKEN);
  expect(complaint).toBe('');
  return output;
}

/** What Node says to an expression: our own image holds nothing else that could be run. */
async function inNode(container: Container, expression: string): Promise<Outcome> {
  return container.exec('node', '--print', expression);
}

/** Why no file can be made there: a code of the system, or '' when one has been made. */
export async function whyNotMade(container: Container, path: string): Promise<string> {
  const { complaint } = await inNode(container, `fs.writeFileSync(${JSON.stringify(path)}, '')`);
  return /\bcode: '(\w+)'/.exec(complaint)?.[1] ?? complaint;
}

/** What /proc tells of the first process. */
export async function statusOf(container: Container): Promise<Readonly<Record<string, string>>> {
  const { output } = await inNode(container, `fs.readFileSync('/proc/1/status', 'utf8')`);
  return Object.fromEntries(
    [...output.matchAll(/^(\w+):\s*(.*)$/gm)].map(([, key, value = '']) => [key, value.trim()]),
  );
}

/** Asks it to end, and tells how that went. */
export async function endByTerm(
  container: Container,
): Promise<{ readonly code: number; readonly ms: number }> {
  const asked = performance.now();
  await container.signal('TERM');
  const code = await container.ended();
  return { code, ms: Math.round(performance.now() - asked) };
}
