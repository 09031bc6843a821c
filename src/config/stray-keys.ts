import type * as v from 'valibot';
import { closest } from './closest.ts';
import type { KeyPath } from './key-path.ts';
import { isMapping, type Mapping } from './mapping.ts';
import { entriesOf, homeOf, itemOf, typesOf } from './schema-walk.ts';

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
export function withoutStrays(
  schema: v.GenericSchema,
  value: unknown,
  path: KeyPath,
  refuse: Refuse,
): unknown {
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
