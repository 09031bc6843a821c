import type * as v from 'valibot';
import { closest, didYouMean } from '../../core/closest.ts';
import { en, oneOf, verbatim, type Text as Words, zh } from '../../core/text.ts';
import { type Complain, type KeyPath, pathKey } from '../../schema/key-path.ts';
import { complaintsOf } from '../../schema/message.ts';
import { endsProblem } from '../../schema/odd-text.ts';
import { Text, Title } from '../../schema/values.ts';
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
  for (const { issue, what } of complaintsOf(Document, value)) {
    const path = pathOf(issue);
    if (wrong.has(pathKey(path))) continue;
    refuse(path, what);
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

const LITERAL_SECRET: Words = {
  en:
    'a secret may not stand here, where it would be copied, committed and shown: put it into a file and name that in ' +
    'secretFile, or into a variable and name that in secretEnv',
  zh: '机密不能写在这里，会被复制、提交和显示：写入一个文件并在 secretFile 里写它的路径，或放进变量并在 secretEnv 里写变量名',
};
const NO_VALUE: Words = { en: 'has no value: give it one, or remove it', zh: '没有值：给它一个值，或去掉它' };
const NO_LIST: Words = { en: 'must not be a list', zh: '不能是列表' };
const NO_TYPE: Words = { en: 'is not a known type here', zh: '这里没有这种类型' };
const NO_KEY: Words = { en: 'is not a known key here', zh: '这里没有这个配置项' };

/**
 * Called for each problem. `meant` is the absent key that the user probably meant, which then does not count as
 * missing.
 */
export type Refuse = (path: KeyPath, what: Words, meant?: KeyPath) => void;

/**
 * Removes and refuses the keys that the schema does not know and those that have no value. A mistyped `type` is
 * replaced by the one that was probably meant, so that the keys beside it can be checked. Messages never repeat a
 * value: it may be a secret in the wrong place.
 * @returns the rest of the value
 */
function withoutStrays(schema: v.GenericSchema, value: unknown, path: KeyPath, refuse: Refuse): unknown {
  if (value === null) {
    refuse(path, NO_VALUE);
    return undefined;
  }
  if (Array.isArray(value)) {
    const item = itemOf(schema);
    if (item) return value.map((each, index) => withoutStrays(item, each, [...path, index], refuse));
    // The schema would take the indexes of a list for keys.
    refuse(path, NO_LIST);
    return undefined;
  }
  if (typeof value === 'string' && !isFreeText(schema)) {
    const problem = endsProblem(value);
    if (problem === undefined) return value;
    refuse(path, problem);
    return undefined;
  }
  if (!isMapping(value)) return value;
  const meantType = mistypedChoice(schema, value);
  if (meantType !== undefined) refuse([...path, 'type'], didYouMean(NO_TYPE, [meantType]));
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
      else if (home !== undefined) refuse(here, belongsTo(home));
      else if (meant === undefined) refuse(here, withoutLikeness(name, entries));
      else refuse(here, didYouMean(NO_KEY, [meant]), Object.hasOwn(value, meant) ? here : [...path, meant]);
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

function belongsTo(home: Words): Words {
  return { en: en`${NO_KEY}; it belongs to ${home}`, zh: zh`${NO_KEY}；它属于：${home}` };
}

/** Complains of a key that is like no other: who wrote it meant something by it, and it may say what. */
function withoutLikeness(name: string, entries: Entries): Words {
  const meant = [...wordsIn(name, Object.keys(entries)), ...typesBelow(name, entries)];
  if (meant.length > 0) return didYouMean(NO_KEY, meant);
  const below = sectionsWith(name, entries);
  if (below.length > 0) return belongsTo(oneOf(below));
  const known = Object.keys(entries).filter((key) => !key.startsWith('$'));
  return {
    en: en`${NO_KEY}; there are ${known.join(', ')}`,
    zh: zh`${NO_KEY}；这里有 ${known.join('、')}`,
  };
}

/** Keys that end in a word: `secretFile` for `file`. */
function wordsIn(name: string, known: readonly string[]): string[] {
  const last = name.slice(0, 1).toUpperCase() + name.slice(1).toLowerCase();
  return known.filter((key) => key.endsWith(last));
}

/** What is said by an entry of a list with that type: `file` is a type of the entries of `publish`. */
function typesBelow(name: string, entries: Entries): Words[] {
  return Object.entries(entries).flatMap(([above, schema]) => {
    const item = itemOf(schema);
    if (!item || !typesOf(item).includes(name)) return [];
    return [{ en: `an entry of ${above} with type: ${name}`, zh: `${above} 里 type: ${name} 的一项` }];
  });
}

/** The sections in which there is a key of this name, whatever their type. */
function sectionsWith(name: string, entries: Entries): Words[] {
  return Object.entries(entries).flatMap(([above, schema]) => {
    const item = itemOf(schema);
    const core = unwrap(item ?? schema);
    const all =
      'entries' in core ? [core.entries as Entries] : optionsOf(core).map((option) => option.entries);
    return all.some((keys) => Object.hasOwn(keys, name)) ? [sectionName(above, item !== undefined)] : [];
  });
}

function sectionName(name: string, isList: boolean): Words {
  return isList ? { en: `each of ${name}`, zh: `${name} 的各项` } : verbatim(name);
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
function homeOf(name: string): Words | undefined {
  if (Object.hasOwn(Document.entries, name)) {
    return { en: 'the top of the file, beside credentials', zh: '文件的顶层，与 credentials 并列' };
  }
  const homes = Object.entries(Document.entries).flatMap(([above, schema]) => {
    const item = itemOf(schema);
    const entries = entriesOf(item ?? schema, {});
    return entries && Object.hasOwn(entries, name) ? [sectionName(above, item !== undefined)] : [];
  });
  return homes.length > 0 && homes.length <= 3 ? oneOf(homes) : undefined;
}
