import * as v from 'valibot';
import { type Complain, type KeyPath, pathKey } from './key-path.ts';
import { isMapping, isPart, type Mapping } from './mapping.ts';
import { Document } from './schema.ts';
import { type Refuse, withoutStrays } from './stray-keys.ts';

/** What is right of a document, and where it was not: what was taken out there is wrong, not missing. */
export interface Cleaned {
  readonly value: Mapping;
  /** See {@link pathKey}. */
  readonly wrong: ReadonlySet<string>;
}

/** Tells of everything in a document that is wrong by itself and takes it out, so that the rest can be checked in the same go. */
export function clean(document: Mapping, complain: Complain): Cleaned {
  const wrong = new Set<string>();
  const refuse: Refuse = (path, what, meant = path) => {
    for (const each of [path, meant]) wrong.add(pathKey(each));
    complain(path, what);
  };
  const value = withoutStrays(Document, document, [], refuse);
  const { issues = [] } = v.safeParse(Document, value);
  for (const issue of issues) {
    const path = pathOf(issue);
    if (wrong.has(pathKey(path))) continue;
    refuse(path, issue.message);
    // Without its type nothing can be said of the rest.
    takeOut(value, issue.type === 'variant' && path.at(-1) === 'type' ? path.slice(0, -1) : path);
  }
  return { value: isMapping(value) ? value : {}, wrong };
}

function pathOf(issue: v.BaseIssue<unknown>): KeyPath {
  return (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
}

/** It leaves undefined, so that what follows in a list keeps its place. */
function takeOut(value: unknown, path: KeyPath): void {
  const last = path.at(-1) ?? '';
  const holder = path.slice(0, -1).reduce((part, step) => (isPart(part) ? part[step] : undefined), value);
  if (isPart(holder)) holder[last] = undefined;
}
