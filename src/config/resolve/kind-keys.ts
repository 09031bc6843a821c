import * as v from 'valibot';
import { credentialKinds } from '../../providers/kinds.ts';

/** Every key that names an account of some type; that of the default type first. */
export function idKeys(): readonly string[] {
  return [...new Set(credentialKinds.map(({ id }) => id.key))];
}

/** Whether a value is one that somebody wrote: the default of a key is there without that. */
export function isSaid(value: unknown, schema: v.GenericSchema): boolean {
  return value !== undefined && value !== v.getDefault(schema);
}
