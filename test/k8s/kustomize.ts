import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { TestContext } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { runTool } from '../support/tools.ts';
import { beside, type Part, partOf } from './manifests.ts';

/** An object as it would be applied. */
export interface Built {
  readonly kind: string;
  readonly name: string;
  readonly namespace: unknown;
  readonly content: Part;
}

/** What a folder below `k8s/` comes to; ends the test where there is no kubectl. */
export function built(folder: string, context: TestContext): Promise<readonly Built[]> {
  return builtIn(beside(folder, '').replace(/\/$/, ''), context);
}

/** What an overlay of the base comes to, with these files beside it. */
export async function overlaid(
  overlay: Part,
  files: Readonly<Record<string, string>>,
  context: TestContext,
): Promise<readonly Built[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const resources = [relative(folder, beside('base/x', '').replace(/\/$/, ''))];
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await writeFile(join(folder, 'kustomization.yaml'), stringify({ resources, ...overlay }));
  return builtIn(folder, context);
}

/** What workloads come to with the component that adds the sidecar; `overlay` is what their kustomization says besides. */
export async function withSidecar(
  workloads: readonly Part[],
  context: TestContext,
  overlay: Part = {},
): Promise<readonly Built[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'app.yaml'), workloads.map((workload) => stringify(workload)).join('---\n'));
  const components = [relative(folder, beside('components/sidecar/x', '').replace(/\/$/, ''))];
  const kustomization = { resources: ['app.yaml'], components, ...overlay };
  await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization));
  return builtIn(folder, context);
}

/** Kinds of objects that make pods. */
export const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'] as const;

export type Workload = (typeof WORKLOADS)[number];

/** An app that knows nothing of the sidecar but where the token lies. */
export function workload(kind: Workload, spec: Part): Part {
  const isJob = kind === 'Job' || kind === 'CronJob';
  const template = {
    metadata: { labels: { app: 'shop' } },
    spec: isJob ? { restartPolicy: 'OnFailure', ...spec } : spec,
  };
  const selector = { matchLabels: { app: 'shop' } };
  const job = { spec: { template } };
  const inner: Readonly<Record<Workload, Part>> = {
    Deployment: { selector, template },
    StatefulSet: { selector, serviceName: 'shop', template },
    DaemonSet: { selector, template },
    Job: job.spec,
    CronJob: { schedule: '0 3 * * *', jobTemplate: job },
  };
  const apiVersion = isJob ? 'batch/v1' : 'apps/v1';
  return { apiVersion, kind, metadata: { name: 'shop' }, spec: inner[kind] };
}

/** What a folder comes to. */
export async function builtIn(folder: string, context: TestContext): Promise<readonly Built[]> {
  const { code, output } = await runTool(context, 'kubectl', ['kustomize', folder]);
  if (code !== 0) throw new Error(output);
  return parseAllDocuments(output).map((document) => {
    const content: unknown = document.toJS();
    const { name, namespace } = partOf(content, 'metadata');
    return { kind: String(partOf(content)['kind']), name: String(name), namespace, content: partOf(content) };
  });
}
