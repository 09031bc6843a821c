import type { Election } from './election.ts';
import { parseJson } from './record-codec.ts';
import type { Part } from './secret-layout.ts';

export type Warn = (
  message: string,
  fields?: { readonly credential: string; readonly advice?: string },
) => void;

/** One name in a Secret that daemons take for two accounts. */
export interface Contest {
  /** The Secret, in words. */
  readonly where: string;
  readonly key: string;
  readonly theirs: string;
  readonly ours: string;
}

/** Of which account a record says that it is; undefined where it does not. */
export function accountIn({ record }: Part): string | undefined {
  try {
    const { account } = parseJson(record ?? '') as { readonly account?: unknown };
    return typeof account === 'string' ? account : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A change of the configuration reaches one daemon before another. If each wrote down what it knows, none would ever come
 * to an end: whoever leads has the last word, and the others keep what they have until they see things as it does.
 */
export function contested(
  { where, key, theirs, ours }: Contest,
  { leads, holder }: Pick<Election, 'leads' | 'holder'>,
): { readonly line: string; readonly advice: string } {
  const what = `the ${where} keeps another account under ${key}: ${theirs}, and here it is ${ours}`;
  const who = holder() ?? 'nobody';
  const then = leads()
    ? 'this daemon leads and replaces it'
    : `${who} leads and decides; what is published here stays, and is not refreshed`;
  return {
    line: `${what}; ${then}`,
    advice:
      'all daemons that share a Secret need the same configuration and AppSecrets; a change reaches one pod before another, ' +
      'so wait a minute or two before you look for the one that is different',
  };
}
