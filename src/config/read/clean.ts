import * as v from 'valibot';
import { type Complain, type KeyPath, pathKey } from '../../schema/key-path.ts';
import { endsProblem } from '../../schema/odd-text.ts';
import { inWords, Text, Title } from '../../schema/values.ts';
import { Document } from '../schema/index.ts';
import { isMapping, isPart, type Mapping } from './mapping.ts';

/** The valid rest of a document, and the places of what was invalid and removed: it is wrong there, not missing. */
export interface Cleaned {
  readonly value: Mapping;
  /** Paths of the invalid keys, each as {@link pathKey} writes it. */
  readonly wrong: ReadonlySet<string>;
}

/**
 * Reports and removes everything in a document that its schema refuses, so that the rest can be checked in the same
 * run.
 * @param complain called for each problem
 */
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
    // Without a valid `type` the keys beside it cannot be checked, so all of them are removed.
    takeOut(value, issue.type === 'variant' && path.at(-1) === 'type' ? path.slice(0, -1) : path);
  }
  return { value: isMapping(value) ? value : {}, wrong };
}

function pathOf(issue: v.BaseIssue<unknown>): KeyPath {
  return (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
}

/** Sets the value to undefined instead of deleting it, so that the following items of a list keep their places. */
function takeOut(value: unknown, path: KeyPath): void {
  const last = path.at(-1) ?? '';
  const holder = path.slice(0, -1).reduce((part, step) => (isPart(part) ? part[step] : undefined), value);
  if (isPart(holder)) holder[last] = undefined;
}

/** Keys under which users write the AppSecret itself. */
export const LITERAL_SECRETS = ['secret', 'appSecret', 'appsecret', 'app_secret', 'corpSecret', 'corpsecret'];

const LITERAL_SECRET =
  'a secret may not stand here, where it would be copied, committed and shown: put it into a file and name that in ' +
  'secretFile, or into a variable and name that in secretEnv';

/**
 * Called for each problem. `meant` is the absent key that the user probably meant, which then does not count as
 * missing.
 */
export type Refuse = (path: KeyPath, what: string, meant?: KeyPath) => void;

/**
 * Removes and refuses the keys that the schema does not know and those that have no value. A mistyped `type` is
 * replaced by the one that was probably meant, so that the keys beside it can be checked. Messages never repeat a
 * value: it may be a secret in the wrong place.
 * @returns the rest of the value
 */
function withoutStrays(schema: v.GenericSchema, value: unknown, path: KeyPath, refuse: Refuse): unknown {
  if (value === null) {
    refuse(path, 'has no value: give it one, or remove it');
    return undefined;
  }
  if (Array.isArray(value)) {
    const item = itemOf(schema);
    if (item) return value.map((each, index) => withoutStrays(item, each, [...path, index], refuse));
    // The schema would take the indexes of a list for keys.
    refuse(path, 'must not be a list');
    return undefined;
  }
  if (typeof value === 'string' && !isFreeText(schema)) {
    const problem = endsProblem(value);
    if (problem === undefined) return value;
    refuse(path, problem.en);
    return undefined;
  }
  if (!isMapping(value)) return value;
  const meantType = mistypedChoice(schema, value);
  if (meantType !== undefined)
    refuse([...path, 'type'], `is not a known type here; did you mean ${meantType}?`);
  const typed = meantType === undefined ? value : { ...value, type: meantType };
  const entries = entriesOf(schema, typed);
  if (!entries) return value;
  const known = Object.keys(entries);
  return Object.fromEntries(
    Object.entries(typed).flatMap(([name, each]) => {
      const here = [...path, name];
      const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
      if (entry) return [[name, withoutStrays(entry, each, here, refuse)]];
      const isSecret = known.includes('secretFile') && LITERAL_SECRETS.includes(name);
      // Hints at another place are given only for keys of the document and of an account: deeper keys mean something else.
      const home = path.length <= 2 ? homeOf(name) : undefined;
      // A key that is right elsewhere is hardly a mistyped one.
      const meant = isSecret || home !== undefined ? undefined : closest(name, known);
      if (isSecret) refuse(here, LITERAL_SECRET);
      else if (home !== undefined) refuse(here, `is not a known key here; it belongs to ${home}`);
      else if (meant === undefined) refuse(here, `is not a known key here; there are ${listed(known)}`);
      else {
        const absent = Object.hasOwn(value, meant) ? here : [...path, meant];
        refuse(here, `is not a known key here; did you mean ${meant}?`, absent);
      }
      return [];
    }),
  );
}

/** An argument of a program may hold blanks and quotes, a title quotes; it has a rule of its own about blanks. */
const FREE: ReadonlySet<unknown> = new Set([Text, Title]);

/** Whether the schema takes text that may well stand in quotes. */
function isFreeText(schema: v.GenericSchema): boolean {
  const core = unwrap(schema);
  return FREE.has(core) || ('pipe' in core && Array.isArray(core.pipe) && FREE.has(core.pipe[0]));
}

/** The existing type that an unknown `type` probably means; undefined when `type` is known or resembles none. */
function mistypedChoice(schema: v.GenericSchema, { type }: Mapping): string | undefined {
  const types = typesOf(schema);
  return typeof type === 'string' && !types.includes(type) ? closest(type, types) : undefined;
}

function listed(known: readonly string[]): string {
  return known.filter((key) => !key.startsWith('$')).join(', ');
}

type Entries = Readonly<Record<string, v.GenericSchema>>;

/** The keys that a schema knows; for a choice by `type`, the keys of the chosen type. */
function entriesOf(schema: v.GenericSchema, value: Mapping): Entries | undefined {
  const core = unwrap(schema);
  if ('entries' in core) return core.entries as Entries;
  return optionsOf(core).find(({ entries }) => literalOf(entries['type']) === value['type'])?.entries;
}

/** The types that a schema lets users choose from; empty when it has no such choice. */
function typesOf(schema: v.GenericSchema): string[] {
  return optionsOf(unwrap(schema)).map(({ entries }) => String(literalOf(entries['type'])));
}

function optionsOf(core: v.GenericSchema): readonly { readonly entries: Entries }[] {
  return 'options' in core && core.type === 'variant'
    ? (core.options as { readonly entries: Entries }[])
    : [];
}

function literalOf(schema: v.GenericSchema | undefined): unknown {
  return schema && 'literal' in schema ? schema.literal : undefined;
}

function itemOf(schema: v.GenericSchema): v.GenericSchema | undefined {
  const core = unwrap(schema);
  if ('item' in core) return core.item as v.GenericSchema;
  // Of a choice between a word and a list, the list.
  if (core.type !== 'union' || !('options' in core)) return undefined;
  return (core.options as readonly v.GenericSchema[]).map(itemOf).find((item) => item !== undefined);
}

function unwrap(schema: v.GenericSchema): v.GenericSchema {
  return 'wrapped' in schema ? unwrap(schema.wrapped as v.GenericSchema) : schema;
}

/** The sections of a configuration that have a key of this name; undefined when there is none, or more than two. */
function homeOf(name: string): string | undefined {
  if (Object.hasOwn(Document.entries, name)) return 'the top of the file, beside credentials';
  const homes = Object.entries(Document.entries).flatMap(([above, schema]) => {
    const item = itemOf(schema);
    const entries = entriesOf(item ?? schema, {});
    return entries && Object.hasOwn(entries, name) ? [item ? `each of ${above}` : above] : [];
  });
  return homes.length > 0 && homes.length <= 3 ? inWords(homes) : undefined;
}

/** Characters; a longer text was not meant to be a name. */
const LONGEST = 64;

/**
 * Finds the candidate that a mistyped name probably means: the one with the fewest edits, if these are few enough for a
 * typing mistake.
 * @returns undefined when no candidate is similar enough
 */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const alike = candidates.find((candidate) => bare(candidate) === bare(name));
  if (alike !== undefined) return alike;
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: distance(name, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  return best && best.edits <= Math.min(3, Math.floor(name.length / 2)) ? best.candidate : undefined;
}

/** Removes what users write in several ways: case, underscores, hyphens and blanks. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[_\- ]/g, '');
}

/** The Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const substitute = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(substitute, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
