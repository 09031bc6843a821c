import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

const ROOT = fileURLToPath(new URL('../../k8s/', import.meta.url));

/** YAML 1.1, in which 0440 is octal. */
export const AS_KUBECTL = { version: '1.1' } as const;

/** What a manifest says, as far as tests ask. */
export interface Manifest {
  readonly file: string;
  readonly kind: string;
  readonly content: Part;
}

/** A part of a manifest: asked for what may not be there. */
export type Part = Readonly<Record<string, unknown>>;

export function partOf(part: unknown, ...path: readonly string[]): Part {
  const found = path.reduce<unknown>((at, step) => (isPart(at) ? at[step] : undefined), part);
  return isPart(found) ? found : {};
}

export function listOf(part: unknown, ...path: readonly string[]): readonly Part[] {
  const found = partOf(part, ...path.slice(0, -1))[path.at(-1) ?? ''];
  return Array.isArray(found) ? found.filter(isPart) : [];
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every file below `k8s/` with that ending, by its path there. */
export async function filesOf(ending: string): Promise<string[]> {
  const found = await readdir(ROOT, { recursive: true });
  return found.filter((path) => path.endsWith(ending)).sort();
}

export function textOf(file: string): Promise<string> {
  return readFile(join(ROOT, file), 'utf8');
}

/** Where a manifest lies, for what it names beside it. */
export function beside(file: string, name: string): string {
  return join(ROOT, dirname(file), name);
}

/**
 * What changes objects of others, and makes none by itself: test/k8s/kustomize.test.ts builds it with one. And templates:
 * test/k8s/chart.test.ts renders them.
 */
const APART = /^(?:monitoring|components|chart)\//;

/** Every object that the manifests make. */
export async function manifests(): Promise<readonly Manifest[]> {
  const files = (await filesOf('.yaml')).filter((file) => !APART.test(file));
  const all = await Promise.all(
    files.map(async (file) =>
      parseAllDocuments(await textOf(file), AS_KUBECTL).map((document): Manifest => {
        if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`);
        const content: unknown = document.toJS();
        return { file, kind: String(partOf(content)['kind'] ?? ''), content: partOf(content) };
      }),
    ),
  );
  return all.flat();
}

/** What is said of a pod. */
export interface PodPart {
  readonly spec: Part;
  /** All of them, the init containers first. */
  readonly containers: readonly Part[];
}

/** The pod that an object makes; undefined if it makes none. */
export function podOf(content: Part): PodPart | undefined {
  const template = partOf(content, ...(content['kind'] === 'CronJob' ? ['spec', 'jobTemplate'] : []));
  const spec = partOf(template, 'spec', 'template', 'spec');
  const containers = [...listOf(spec, 'initContainers'), ...listOf(spec, 'containers')];
  return containers.length > 0 ? { spec, containers } : undefined;
}

/** Every pod that they make. */
export async function pods(): Promise<readonly (PodPart & { readonly file: string })[]> {
  return (await manifests()).flatMap(({ file, content }) => {
    const pod = podOf(content);
    return pod ? [{ file, ...pod }] : [];
  });
}

/** What the component adds to the spec of a pod. */
export async function sidecarPatch(): Promise<Part> {
  return partOf(
    parse(await textOf('components/sidecar/sidecar.yaml'), AS_KUBECTL),
    'spec',
    'template',
    'spec',
  );
}
