import type { Clock } from '../../core/ports.ts';
import type { AccountRecord } from '../../core/record.ts';
import { DAY, MINUTE, SECOND } from '../../core/time.ts';

/**
 * Lets other daemons go first after an attempt of this one has failed. Daemons of one machine fail alike; of a fleet one may
 * be cut off from the platform, or not be on its whitelist, while all others are well, and it must not be the one that always
 * tries again first.
 */
export interface StandingBack {
  /** Another daemon of the account has written: there is somebody to go first. */
  heard(): void;
  /** An attempt of this daemon has ended, and this is what came of it. */
  attempted(record: AccountRecord): void;
  /** Whether this daemon leaves the lock to others at the moment. */
  isBack(): boolean;
}

/** Others that were not heard of for so long are not waited for, ms. */
const FORGOTTEN = DAY;

/**
 * After how long others try again, ms: they wait for twice as long after each failure, and no longer than this around the end
 * of a token; see `core/state/attempts.ts`.
 */
const FIRST = SECOND;
const LONGEST = MINUTE;
const URGENT = 10 * SECOND;
/** Around the end of a token they wait no longer than {@link URGENT}, ms. */
const NEAR_END = 2 * MINUTE;
const JITTER = 1.2;

/** And how long they need to take their turn, ms: a tick, and the wait for a lock. */
const TURN = 6 * SECOND;

export function createStandingBack(clock: Clock): StandingBack {
  /** Monotonic ms. */
  let heardAt = Number.NEGATIVE_INFINITY;
  let backUntil = Number.NEGATIVE_INFINITY;

  return {
    heard() {
      heardAt = clock.now().monotonic;
    },
    attempted({ generation, token, lastFailure }) {
      const { monotonic, wall } = clock.now();
      backUntil = Number.NEGATIVE_INFINITY;
      if (!lastFailure || token?.generation === generation) return;
      const { failures, at, until } = lastFailure;
      const longest = token && token.expiresAt - wall < NEAR_END ? URGENT : LONGEST;
      const others = JITTER * Math.min(longest, FIRST * 2 ** (failures - 1));
      backUntil = monotonic + Math.max(others, until - at) + TURN;
    },
    isBack() {
      const { monotonic } = clock.now();
      return monotonic < backUntil && monotonic - heardAt < FORGOTTEN;
    },
  };
}
