import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { needsTool } from '../support/tools.ts';
import type { Built } from './kustomize.ts';
import { AS_KUBECTL, beside, type Part, partOf } from './manifests.ts';

export const CHART = beside('chart/x', '').replace(/\/$/, '');

/** One account and nothing else: what a user has to say at least. */
export const LEAST: Part = {
  accounts: [{ name: 'shop', type: 'stable-token', appId: 'wx0000000000000000' }],
};

export interface HelmSaid {
  readonly code: number;
  readonly stdout: string;
  /** Without what Helm tells of links. */
  readonly stderr: string;
}

/** What is rendered, and by whom. */
export interface Release {
  readonly chart?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** Runs helm, which is told of no cluster; ends the test where there is none. */
export async function helm(
  args: readonly string[],
  context: Pick<TestContext, 'skip' | 'onTestFinished'>,
): Promise<HelmSaid> {
  await needsTool(context.skip, 'helm');
  const folder = await folderFor(context);
  const homes = ['HELM_CACHE_HOME', 'HELM_CONFIG_HOME', 'HELM_DATA_HOME'].map((name) => [name, folder]);
  const env = { ...process.env, ...Object.fromEntries(homes), KUBECONFIG: join(folder, 'absent') };
  const said = await promisify(execFile)('helm', args, { env, maxBuffer: 2 ** 26 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code: Number(code), stdout: String(stdout), stderr: String(stderr) }),
  );
  const lines = said.stderr.split('\n').filter((line) => !line.includes('found symbolic link in path'));
  return { ...said, stderr: lines.join('\n') };
}

export async function folderFor({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What helm says to these values, whether it takes them or not. */
export async function template(
  values: Part,
  context: TestContext,
  { chart = CHART, name = 'wx-token-sidecar', namespace = 'wx-token' }: Release = {},
): Promise<HelmSaid> {
  const file = join(await folderFor(context), 'values.json');
  await writeFile(file, JSON.stringify(values));
  return helm(['template', name, chart, '--namespace', namespace, '--values', file], context);
}

/** The objects of the chart with these values. */
export async function rendered(
  values: Part,
  context: TestContext,
  release: Release = {},
): Promise<readonly Built[]> {
  const { code, stdout, stderr } = await template(values, context, release);
  if (code !== 0) throw new Error(stderr);
  return objectsIn(stdout);
}

/** What helm tells a user who has installed the chart with these values. */
export async function notes(values: Part, context: TestContext): Promise<string> {
  const file = join(await folderFor(context), 'values.json');
  await writeFile(file, JSON.stringify(values));
  const where = ['--namespace', 'wx-token', '--values', file];
  const { code, stdout, stderr } = await helm(
    ['install', 'wx-token-sidecar', CHART, '--dry-run=client', ...where],
    context,
  );
  if (code !== 0) throw new Error(stderr);
  const [, text] = /^NOTES:\n([\s\S]*)$/m.exec(stdout) ?? [];
  if (text === undefined) throw new Error(`helm tells nothing: ${stdout}`);
  return text;
}

function objectsIn(text: string): readonly Built[] {
  return parseAllDocuments(text, AS_KUBECTL).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0];
    const content = partOf(document.toJS());
    const { name, namespace } = partOf(content, 'metadata');
    return content['kind'] === undefined
      ? []
      : [{ kind: String(content['kind']), name: String(name), namespace, content }];
  });
}

/** The only object of a kind, with a name that ends so. */
export function one(objects: readonly Built[], kind: string, suffix = ''): Part {
  const found = objects.filter((object) => object.kind === kind && object.name.endsWith(suffix));
  if (found.length !== 1 || !found[0]) throw new Error(`there are ${found.length} of ${kind}`);
  return found[0].content;
}

/** The configuration that a ConfigMap holds. */
export function configIn(configMap: Part): Part {
  return partOf(parse(String(partOf(configMap, 'data')['config.yaml'])));
}
