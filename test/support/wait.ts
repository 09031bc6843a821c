import { setTimeout as delay } from 'node:timers/promises';

/** How often a fact is looked for, in ms. */
const LOOK = 20;

export interface Patience {
  /** Milliseconds until the wait is given up (default 15 s). */
  readonly within?: number;
  /** Completes "still waiting for …" when it is given up. */
  readonly for?: string;
}

/**
 * Asks until the answer is truthy, and returns it. A check that throws has not come true yet.
 * @throws {Error} when it never was, saying what was seen last
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { within = 15_000, for: what = 'a condition' }: Patience = {},
): Promise<Exclude<NonNullable<T>, false>> {
  const deadline = performance.now() + within;
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
      throw new Error(`after ${within} ms still waiting for ${what}; last seen: ${last}`, { cause: seen });
    }
    await delay(LOOK);
  }
}

function isTrue<T>(answer: T): answer is Exclude<NonNullable<T>, false> {
  return Boolean(answer);
}
