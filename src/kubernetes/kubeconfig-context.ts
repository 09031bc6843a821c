import { unusable } from './credential-files.ts';

/** The keys of a cluster or user whose values are words; those of others are marked by their presence alone. */
export type Section = Readonly<Record<string, string>>;

interface Chosen {
  readonly cluster: Section;
  readonly user: Section;
  readonly namespace: string;
}

/** @throws {EdgeError} `kube-credentials` where the current context does not lead to a cluster and a user */
export function chosenContext(document: unknown, file: string): Chosen {
  const current = wordsOf(document)['current-context'];
  if (!current) throw unusable(`${file} has no current-context`);
  const context = named(document, 'contexts', 'context', current, file);
  const { cluster, user, namespace = 'default' } = context;
  return {
    cluster: named(document, 'clusters', 'cluster', cluster ?? '', file),
    user: named(document, 'users', 'user', user ?? '', file),
    namespace,
  };
}

function named(document: unknown, list: string, key: string, name: string, file: string): Section {
  const entries = fieldOf(document, list);
  const found = Array.isArray(entries)
    ? entries.find((entry: unknown) => fieldOf(entry, 'name') === name)
    : undefined;
  if (!found) throw unusable(`${file} has no entry ${JSON.stringify(name)} in ${list}`);
  return wordsOf(fieldOf(found, key));
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

/** An empty value says nothing, as in Go; what is no word is there all the same. */
function wordsOf(value: unknown): Section {
  if (typeof value !== 'object' || value === null) return {};
  const said = Object.entries(value).filter(([, each]) => each !== undefined && each !== null && each !== '');
  return Object.fromEntries(said.map(([key, each]) => [key, typeof each === 'object' ? '…' : String(each)]));
}
