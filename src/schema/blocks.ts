import * as v from 'valibot';
import { closest, didYouMean } from '../core/closest.ts';
import { en, oneOf, type Text as Words, zh } from '../core/text.ts';
import { type Message, type Spoken, say, sayOf } from './message.ts';

/** The building blocks of the schema. Editors show the descriptions. */

/** Creates an optional key. Required keys are listed in the call of {@link mapping}. */
export function key<const S extends v.GenericSchema>(schema: S & Spoken<S>, description: string) {
  return v.optional(v.pipe(schema, v.description(description)));
}

/** Creates an optional key with a default value. */
export function preset<const S extends v.GenericSchema, const D extends v.InferInput<S>>(
  schema: S & Spoken<S>,
  description: string,
  value: D,
) {
  return v.optional(v.pipe(schema, v.description(description)), value);
}

const KEYS: Words = { en: 'must be keys with their values', zh: '必须是配置项及其值' };

/**
 * Creates the schema of a mapping that rejects unknown keys.
 * @param required keys that an editor asks for; the program checks elsewhere that they are set, where the message can
 *   say what they are for
 */
export function mapping<const E extends v.ObjectEntries>(
  entries: E,
  required: readonly (keyof E & string)[] = [],
) {
  return v.pipe(v.strictObject(entries, say(KEYS)), v.metadata({ required }));
}

/**
 * Creates the schema of a list. An invalid item is reported and becomes undefined, so that the other items keep their
 * indexes.
 */
export function list<const S extends v.GenericSchema>(item: S & Spoken<S>, message: Words) {
  return v.array(v.undefinedable(item), say(message));
}

/** Says that a value must be one of these. */
export function mustBe(values: readonly string[]): Words {
  const all = oneOf(values);
  return { en: en`must be ${all}`, zh: zh`必须是 ${all}` };
}

/** The same for a picklist, which also says which of them was probably meant. */
export function mustBeOneOf(values: readonly string[]): Message {
  return sayOf(({ input }) => {
    const meant = typeof input === 'string' ? closest(input, values) : undefined;
    return didYouMean(mustBe(values), meant === undefined ? [] : [meant]);
  });
}

/** Joins names for a description: `a, b or c`. */
export function inWords(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** The values of the own keys of a kind, checked by their schemas. */
export type Options<E extends v.ObjectEntries> = { readonly [K in keyof E]: v.InferOutput<E[K]> };
