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
  /**
   * Since when lists have lacked an account, epoch ms; 0: the last one had it. By its id, in the order in which they came:
   * where there are too many, those that came first are served.
   */
  readonly accounts: Readonly<Record<string, number>>;
}

/** An account that lists have lacked for longer than this is forgotten, ms. */
export const LONGEST_ABSENCE = 30 * DAY;

/**
 * What is known after another answer. An account keeps its place, also while it is missing; one that was gone comes back
 * as the last one.
 * @param at when the platform gave it, epoch ms
 * @param patience how long an account may be missing, ms
 */
export function relisted(
  before: Listing | undefined,
  { ids, isComplete }: Listed,
  at: number,
  patience = LONGEST_ABSENCE,
): Listing {
  const present = new Set(ids);
  const staying: [string, number][] = [];
  const others: [string, number][] = [];
  const known = Object.entries(before?.accounts ?? {});
  for (const [id, since] of known) {
    if (present.has(id)) {
      if (before && listStanding(before, id, patience) === 'gone') continue;
      staying.push([id, 0]);
      present.delete(id);
    } else if (!isComplete) staying.push([id, since]);
    else {
      const lackedSince = since === 0 ? at : Math.min(since, at);
      if (at - lackedSince < LONGEST_ABSENCE) staying.push([id, lackedSince]);
    }
  }
  for (const id of ids) if (present.has(id)) others.push([id, 0]);
  return { at: isComplete ? at : (before?.at ?? 0), accounts: Object.fromEntries([...staying, ...others]) };
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
