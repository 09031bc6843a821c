import * as v from 'valibot';
import { type Complain, type KeyPath, pathKey } from '../key-path.ts';
import { Document } from '../schema/index.ts';
import { isMapping, isPart, type Mapping } from './mapping.ts';

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

/** Where people write the AppSecret itself. */
export const LITERAL_SECRETS = ['secret', 'appSecret', 'appsecret', 'app_secret', 'corpSecret', 'corpsecret'];

const LITERAL_SECRET =
  'a secret may not stand here, where it would be copied, committed and shown: put it into a file and name that in ' +
  'secretFile, or into a variable and name that in secretEnv';

/** Told of what is wrong; also of an absent key that was meant, which is not missing then. */
export type Refuse = (path: KeyPath, what: string, meant?: KeyPath) => void;

/**
 * What is left of a value without keys that its schema does not know and keys without a value, each of which is
 * refused. A choice by a type that is mistyped is taken for the one that was probably meant, so that the rest of it can
 * be checked. Values are never repeated: one may be a secret in the wrong place.
 */
function withoutStrays(schema: v.GenericSchema, value: unknown, path: KeyPath, refuse: Refuse): unknown {
  if (value === null) {
    refuse(path, 'has no value: give it one, or remove it');
    return undefined;
  }
  if (Array.isArray(value)) {
    const item = itemOf(schema);
    if (item) return value.map((each, index) => withoutStrays(item, each, [...path, index], refuse));
    // The schema would take its indexes for keys.
    refuse(path, 'must not be a list');
    return undefined;
  }
  if (!isMapping(value)) return value;
  const meantType = mistypedChoice(schema, value);
  if (meantType !== undefined) refuse([...path, 'type'], `is no type here; did you mean ${meantType}?`);
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
      const meant = isSecret ? undefined : closest(name, known);
      if (isSecret) refuse(here, LITERAL_SECRET);
      else if (meant === undefined) refuse(here, aboutStray(path, name, known));
      else {
        const absent = Object.hasOwn(value, meant) ? here : [...path, meant];
        refuse(here, `is no key here; did you mean ${meant}?`, absent);
      }
      return [];
    }),
  );
}

/** The type that was probably meant by one that there is not. */
function mistypedChoice(schema: v.GenericSchema, { type }: Mapping): string | undefined {
  const types = typesOf(schema);
  return typeof type === 'string' && !types.includes(type) ? closest(type, types) : undefined;
}

function aboutStray(path: KeyPath, name: string, known: readonly string[]): string {
  // Of an account or of what is around it; further within, names mean something else.
  const home = path.length <= 2 ? homeOf(name) : undefined;
  if (home !== undefined) return `is no key here; it belongs to ${home}`;
  return `is no key here; there are ${known.filter((key) => !key.startsWith('$')).join(', ')}`;
}

type Entries = Readonly<Record<string, v.GenericSchema>>;

/** The keys that a schema knows; of a choice by type, those of the type that was chosen. */
function entriesOf(schema: v.GenericSchema, value: Mapping): Entries | undefined {
  const core = unwrap(schema);
  if ('entries' in core) return core.entries as Entries;
  return optionsOf(core).find(({ entries }) => literalOf(entries['type']) === value['type'])?.entries;
}

/** What may be chosen by type; nothing where there is no such choice. */
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
  return 'item' in core ? (core.item as v.GenericSchema) : undefined;
}

function unwrap(schema: v.GenericSchema): v.GenericSchema {
  return 'wrapped' in schema ? unwrap(schema.wrapped as v.GenericSchema) : schema;
}

/** Where in a configuration a key of this name has its place; undefined where there is none, or more than one. */
function homeOf(name: string): string | undefined {
  const homes = Object.entries(Document.entries).flatMap(([above, schema]) => {
    const item = itemOf(schema);
    const entries = entriesOf(item ?? schema, {});
    return entries && Object.hasOwn(entries, name) ? [item ? `each of ${above}` : above] : [];
  });
  return homes.length === 1 ? homes[0] : undefined;
}

/** What is longer was not meant to be a name. */
const LONGEST = 64;

/** The candidate that was probably meant: the fewest edits away, if those are few enough for a typing mistake. */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const alike = candidates.find((candidate) => bare(candidate) === bare(name));
  if (alike !== undefined) return alike;
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: distance(name, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  return best && best.edits <= Math.min(3, Math.floor(name.length / 2)) ? best.candidate : undefined;
}

/** Without what people write in several ways. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[_\- ]/g, '');
}

/** Levenshtein's distance. */
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
