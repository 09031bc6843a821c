/**
 * When the token of the record ends, as far as this process can tell by its own clocks, and every reason to believe
 * that it ends later or earlier. `due.ts` says what follows from that.
 */
import type { Intent } from '../record.ts';
import { after, type Deadline, earlier, type Instant, remaining } from '../time.ts';
import { without } from '../without.ts';

export interface Life {
  /** When the record's token ends, by this process's clocks. Absent without a token. */
  readonly end?: Deadline;
  /** The platform has handed the token out again, so it lives until then, whatever `end` says. */
  readonly alive?: Deadline;
  /** The latest end that an intent without an outcome leaves to the token. */
  readonly doubt?: Deadline;
  /** When the platform said that the authorisation behind the token is gone, see `unauthorised.ts`. */
  readonly unauthorised?: Deadline;
  /** When it said so of the token that this one was fetched with. It stands until this one is fetched anew. */
  readonly orphaned?: Deadline;
  /** Monotonic ms at which the platform last answered well, or at which the token was taken over from the store. */
  readonly askedAt?: number;
  /** Monotonic ms of the start of the last request that brought the current token, even if it brought it again. */
  readonly confirmedAt?: number;
  /** This daemon's place in the spread of refreshes, in [0, 1). It is drawn anew with every token. */
  readonly jitterSeed: number;
}

/**
 * There is a new token. Only the doubt of an intent that still has no outcome goes on: a later fetch may be under way.
 */
export function newLife(life: Life, end: Deadline, jitterSeed: number, now: Instant): Life {
  return { end, askedAt: now.monotonic, jitterSeed, ...(life.doubt && { doubt: life.doubt }) };
}

/** The platform answered well just now. */
export function answered(life: Life, now: Instant): Life {
  return { ...life, askedAt: now.monotonic };
}

/** A request that started at `startedAt` brought the current token. */
export function confirmed(life: Life, startedAt: Instant): Life {
  return { ...life, confirmedAt: startedAt.monotonic };
}

/**
 * While an intent has no outcome, the token before it may have been replaced: then it lives on for the platform's
 * overlap at most. Without an intent there is nothing to doubt.
 * @param overlap how long the platform lets a replaced token work on, ms
 */
export function doubted(life: Life, intent: Intent | undefined, overlap: number, now: Instant): Life {
  if (!intent) return undoubted(life);
  return { ...life, doubt: life.doubt ?? after(now, overlap - Math.max(0, now.wall - intent.at)) };
}

/** The outcome of every fetch is known. */
export function undoubted(life: Life): Life {
  return without(life, 'doubt');
}

/** The platform has handed the token out, so nothing that it said before speaks against it. */
export function fetchedAnew(life: Life): Life {
  return life.unauthorised || life.orphaned ? without(life, 'unauthorised', 'orphaned') : life;
}

/**
 * Milliseconds of life that the token has left, every reason to doubt it counted in; undefined without a token. A token
 * that the platform has declared dead has none, whatever its end claims.
 */
export function lifeLeft(life: Life, now: Instant): number | undefined {
  const left = lifeByClocks(life, now);
  const died = diedAt(life);
  return left === undefined || !died ? left : Math.min(left, remaining(died, now));
}

/** When the platform said that the token is dead, because an authorisation is gone; undefined where it has not. */
export function diedAt({ unauthorised, orphaned }: Life): Deadline | undefined {
  return unauthorised && orphaned ? earlier(unauthorised, orphaned) : (unauthorised ?? orphaned);
}

/**
 * As {@link lifeLeft}, whatever the platform has said of the authorisation behind it. So long, what is published stays:
 * that word may be mistaken (it comes also where the platform errs), and nothing better is there.
 */
export function lifeByClocks({ end, alive, doubt }: Life, now: Instant): number | undefined {
  if (!end) return undefined;
  const left = remaining(doubt ? earlier(end, doubt) : end, now);
  return alive ? Math.max(left, remaining(alive, now)) : left;
}
