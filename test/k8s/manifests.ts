import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const ROOT = fileURLToPath(new URL('../../k8s/', import.meta.url));

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

/** What changes objects of others, and makes none by itself: test/k8s/kustomize.test.ts builds it with one. */
const APART = /^(?:monitoring|components)\//;

/** Every object that the manifests make. */
export async function manifests(): Promise<readonly Manifest[]> {
  const files = (await filesOf('.yaml')).filter((file) => !APART.test(file));
  const all = await Promise.all(
    files.map(async (file) =>
      parseAllDocuments(await textOf(file)).map((document): Manifest => {
        if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`);
        const content: unknown = document.toJS();
        return { file, kind: String(partOf(content)['kind'] ?? ''), content: partOf(content) };
      }),
    ),
  );
  return all.flat();
}

/** Every pod that they make, with all of its containers. */
export async function pods(): Promise<readonly { file: string; spec: Part; containers: readonly Part[] }[]> {
  const found = await manifests();
  return found
    .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
    .map(({ file, content }) => {
      const spec = partOf(content, 'spec', 'template', 'spec');
      return { file, spec, containers: [...listOf(spec, 'initContainers'), ...listOf(spec, 'containers')] };
    });
}
