import * as v from 'valibot';
import { credentialKinds } from '../../providers/kinds.ts';

/** Returns every key that holds an account id, that of the default type first. */
export function idKeys(): readonly string[] {
  return [...new Set(credentialKinds.map(({ id }) => id.key))];
}

/**
 * Tells whether the operator set a value, as opposed to the default of its key. A value equal to the default counts
 * as not set.
 */
export function isSet(value: unknown, schema: v.GenericSchema): boolean {
  return value !== undefined && value !== v.getDefault(schema);
}
