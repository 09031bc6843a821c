import type * as v from 'valibot';
import { closest } from './closest.ts';
import type { Complain, KeyPath } from './key-path.ts';
import { isMapping } from './mapping.ts';
import { entriesOf, homeOf, itemOf } from './schema-walk.ts';

/** Where people write the AppSecret itself. */
export const LITERAL_SECRETS = ['secret', 'appSecret', 'appsecret', 'app_secret', 'corpSecret', 'corpsecret'];

const LITERAL_SECRET =
  'a secret may not stand here, where it would be copied, committed and shown: put it into a file and name that in ' +
  'secretFile, or into a variable and name that in secretEnv';

/**
 * What is left of a value without keys that its schema does not know and keys without a value, each of which is
 * complained of. Values are never repeated: one may be a secret in the wrong place.
 */
export function withoutStrays(
  schema: v.GenericSchema,
  value: unknown,
  path: KeyPath,
  complain: Complain,
): unknown {
  if (value === null) {
    complain(path, 'has no value: give it one, or remove it');
    return undefined;
  }
  if (Array.isArray(value)) {
    const item = itemOf(schema);
    if (item) return value.map((each, index) => withoutStrays(item, each, [...path, index], complain));
    // The schema would take its indexes for keys.
    complain(path, 'must not be a list');
    return undefined;
  }
  const entries = isMapping(value) ? entriesOf(schema, value) : undefined;
  if (!isMapping(value) || !entries) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) => {
      const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
      if (entry) return [[name, withoutStrays(entry, each, [...path, name], complain)]];
      complain([...path, name], aboutStray(name, path, Object.keys(entries)));
      return [];
    }),
  );
}

function aboutStray(name: string, path: KeyPath, known: readonly string[]): string {
  if (known.includes('secretFile') && LITERAL_SECRETS.includes(name)) return LITERAL_SECRET;
  const meant = closest(name, known);
  if (meant !== undefined) return `is no key here; did you mean ${meant}?`;
  // Of an account or of what is around it; further within, names mean something else.
  const home = path.length <= 2 ? homeOf(name) : undefined;
  if (home !== undefined) return `is no key here; it belongs to ${home}`;
  return `is no key here; there are ${known.filter((key) => !key.startsWith('$')).join(', ')}`;
}
