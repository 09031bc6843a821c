/**
 * The accounts that have authorised a third party, as the platform lists them. A list only ever adds at once: what it
 * lacks is remembered as missing, since the list changes while it is read, and platforms err.
 */
import { DAY } from './time.ts';

/** What the list of an entry is called among the kinds of a credential. */
export const LIST_KIND = 'accounts';

/** What the platform answered when it was asked for the list. */
export interface Listed {
  readonly ids: readonly string[];
  /** Whether the answer is the whole list. Otherwise it says nothing of an account that is not in it. */
  readonly isComplete: boolean;
}

/** What is known of the list. */
export interface Listing {
  /** When the whole list was last read, epoch ms; 0: it never was. */
  readonly at: number;
  /** Since when lists have lacked an account, epoch ms; 0: the last one had it. By its id. */
  readonly accounts: Readonly<Record<string, number>>;
}

/** An account that lists have lacked for longer than this is forgotten, ms. */
export const LONGEST_ABSENCE = 30 * DAY;

/** What is known after another answer. @param at when the platform gave it, epoch ms */
export function relisted(before: Listing | undefined, { ids, isComplete }: Listed, at: number): Listing {
  const known = before?.accounts ?? {};
  const present = Object.fromEntries(ids.map((id) => [id, 0]));
  if (!isComplete) return { at: before?.at ?? 0, accounts: { ...known, ...present } };
  const absent = Object.entries(known)
    .filter(([id]) => !Object.hasOwn(present, id))
    .map(([id, since]) => [id, since === 0 ? at : Math.min(since, at)] as const)
    .filter(([, since]) => at - since < LONGEST_ABSENCE);
  return { at, accounts: { ...present, ...Object.fromEntries(absent) } };
}

/**
 * How an account stands. `missing`: whole lists lack it, but not yet for so long. `gone`: the last whole list still lacked
 * it after so long.
 */
export type ListStanding = 'listed' | 'missing' | 'gone';

/**
 * Says how an account stands. Time alone ends nothing: only a whole list does, that was read long enough after the first
 * one that lacked the account.
 * @param patience how long an account may be missing, ms
 */
export function listStanding(
  { at, accounts }: Listing,
  id: string,
  patience: number,
): ListStanding | undefined {
  const since = Object.hasOwn(accounts, id) ? accounts[id] : undefined;
  if (since === undefined) return undefined;
  if (since === 0) return 'listed';
  return at - since >= patience ? 'gone' : 'missing';
}

/** The name of one of the accounts of an entry: no credential that is configured has a dot in its name. */
export function listedName(entry: string, id: string): string {
  return `${entry}.${id}`;
}
