import type * as v from 'valibot';
import type { Mapping } from './mapping.ts';
import { Document } from './schema.ts';

type Entries = Readonly<Record<string, v.GenericSchema>>;

/** The keys that a schema knows; of a choice by type, those of the type that was chosen. */
export function entriesOf(schema: v.GenericSchema, value: Mapping): Entries | undefined {
  const core = unwrap(schema);
  if ('entries' in core) return core.entries as Entries;
  return optionsOf(core).find(({ entries }) => literalOf(entries['type']) === value['type'])?.entries;
}

/** What may be chosen by type; nothing where there is no such choice. */
export function typesOf(schema: v.GenericSchema): string[] {
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

export function itemOf(schema: v.GenericSchema): v.GenericSchema | undefined {
  const core = unwrap(schema);
  return 'item' in core ? (core.item as v.GenericSchema) : undefined;
}

function unwrap(schema: v.GenericSchema): v.GenericSchema {
  return 'wrapped' in schema ? unwrap(schema.wrapped as v.GenericSchema) : schema;
}

/** Where in a configuration a key of this name has its place; undefined where there is none, or more than one. */
export function homeOf(name: string): string | undefined {
  const homes = Object.entries(Document.entries).flatMap(([above, schema]) => {
    const item = itemOf(schema);
    const entries = entriesOf(item ?? schema, {});
    return entries && Object.hasOwn(entries, name) ? [item ? `each of ${above}` : above] : [];
  });
  return homes.length === 1 ? homes[0] : undefined;
}
