import { setTimeout as delay } from 'node:timers/promises';

/** How often a fact is looked for, in ms. */
const LOOK = 20;

/**
 * When a wait is given up, in ms. One length for all of them, which no test can shorten: how long a fact takes depends on
 * what else the machine does, and only a fact that never comes is waited for to the end. Shorter than the time limit of
 * a test in `vitest.config.ts`, so that the failure says what was waited for.
 */
const GIVEN_UP = 240_000;

export interface Awaited {
  /** Completes "still waiting for …" when it is given up. */
  readonly for?: string;
}

/**
 * Asks until the answer is truthy, and returns it. A check that throws has not come true yet.
 * @throws {Error} when it never was, saying what was seen last
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { for: what = 'a condition' }: Awaited = {},
): Promise<Exclude<NonNullable<T>, false>> {
  const deadline = performance.now() + GIVEN_UP;
  for (;;) {
    let seen: unknown;
    try {
      const answer = await check();
      if (isTrue(answer)) return answer;
      seen = answer;
    } catch (error) {
      seen = error;
    }
    if (performance.now() >= deadline) {
      const last = seen instanceof Error ? seen.message : String(seen);
      throw new Error(`after ${GIVEN_UP / 1_000} s still waiting for ${what}; last seen: ${last}`, {
        cause: seen,
      });
    }
    await delay(LOOK);
  }
}

function isTrue<T>(answer: T): answer is Exclude<NonNullable<T>, false> {
  return Boolean(answer);
}
