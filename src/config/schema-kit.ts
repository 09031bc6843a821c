import * as v from 'valibot';

/** What the schema of the configuration is made of. Its descriptions are what editors show. */

/** A key that may be left out; which ones may not is said by {@link mapping}. */
export function key<const S extends v.GenericSchema>(schema: S, description: string) {
  return v.optional(v.pipe(schema, v.description(description)));
}

/** A key that is there with this value where it is left out. */
export function preset<const S extends v.GenericSchema, const D extends v.InferInput<S>>(
  schema: S,
  description: string,
  value: D,
) {
  return v.optional(v.pipe(schema, v.description(description)), value);
}

/**
 * Keys and their values.
 * @param required keys that an editor asks for; that they are there is checked where it can be said what they are for
 */
export function mapping<const E extends v.ObjectEntries>(
  entries: E,
  required: readonly (keyof E & string)[] = [],
) {
  return v.pipe(v.strictObject(entries, 'must be keys with their values'), v.metadata({ required }));
}

/** Any number of them. One that is wrong is reported and stands as undefined, so that the others keep their places. */
export function list<const S extends v.GenericSchema>(item: S, message: string) {
  return v.array(v.undefinedable(item), message);
}
