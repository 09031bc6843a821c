import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { type DeedName, histories } from './deeds.ts';
import { type Beginning, play, type Tale, type Wait } from './history.ts';

const TICK = 5 * SECOND;
/** More of them, from elsewhere: RUNS=5000 SEED=7 npx vitest run test/core/properties.test.ts */
const RUNS = Number(process.env['RUNS'] ?? 10);
const SEED = Number(process.env['SEED'] ?? 1);

const beginnings: fc.Arbitrary<Beginning> = fc.record({
  type: fc.constantFrom('stable-token' as const, 'access-token' as const),
  budget: fc.record({
    fetchesPerDay: fc.constantFrom(8, 40, 200, 2000),
    forcedPerDay: fc.constantFrom(2, 4, 20),
  }),
  coordinated: fc.boolean(),
  refusalForces: fc.boolean(),
  recheck: fc.boolean(),
  luck: fc.oneof(
    fc.record({ seed: fc.nat(1_000_000) }),
    fc.record({ always: fc.constantFrom(0, 0.5, 0.999_999) }),
  ),
  startsRight: fc.constant(true),
});

/** Whatever happened, but for what is named. */
function always(check: (tale: Tale, beginning: Beginning) => void, ...without: readonly DeedName[]): void {
  const property = fc.property(beginnings, histories(...without), (beginning, deeds) => {
    check(play(beginning, deeds), beginning);
  });
  void fc.assert(property, { numRuns: RUNS, seed: SEED });
}

/** The most that lie within any stretch of `length`, the end not included. Times in order, ms. */
function mostWithin(times: readonly number[], length: number): number {
  return times.reduce((most, time, index) => {
    const within = times.slice(index).findIndex((later) => later - time >= length);
    return Math.max(most, within < 0 ? times.length - index : within);
  }, 0);
}

describe('planner under random histories', () => {
  it('the planner always comes to a wait after a few steps', () => {
    always(({ spins }) => expect(spins).toBe(0));
  });

  it('the planner asks the platform at most twice a tick and three times per outside event', () => {
    always(({ fetches, outside }) => {
      const times = fetches.map(({ at }) => at);
      const most = 2 * (HOUR / TICK) + 3 * mostWithin(outside, HOUR);
      expect(mostWithin(times, HOUR)).toBeLessThanOrEqual(most);
    });
  });

  it('the planner never waits longer than the reason of the wait allows', () => {
    always(({ waits }) => {
      for (const wait of waits) expect(wait.step.ms, wait.step.why).toBeLessThanOrEqual(longestWait(wait));
    });
  });

  it('the planner comes back to a live published token once all is well', () => {
    always(({ recovery }) => expect(recovery).toBeDefined());
  });

  it('generations of records and published tokens never go back while a daemon runs', () => {
    always(({ generations, publications }) => {
      for (const known of generations.values()) expect(known).toEqual(known.toSorted((a, b) => a - b));
      for (const life of generations.keys()) {
        const told = publications.filter((publication) => publication.life === life);
        const order = told.map(({ token }) => token.generation);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }
    });
  });

  it('the planner publishes no token that is believed dead or unsettled', () => {
    always(({ publications }) => {
      for (const { left, unsettled } of publications) {
        expect(left).toBeGreaterThan(0);
        expect(unsettled).toBe(false);
      }
    });
  });

  it('the planner forces a refresh only for a person or a confirmed refusal', () => {
    always(({ fetches, policy }) => {
      for (const { forced, manual, confirmedDead } of fetches) {
        const byPerson = manual === 'forced' || (manual === 'preferred' && policy.manual === 'forced');
        const byReaders = confirmedDead && policy.refusalForces;
        if (forced) expect(policy.manual !== 'ordinary' && (byPerson || byReaders)).toBe(true);
      }
    });
  });

  it('the planner leaves 30 s between two forced refreshes', () => {
    always(({ fetches }) => {
      const forced = fetches.filter((fetch) => fetch.forced).map(({ at }) => at);
      expect(mostWithin(forced, 30 * SECOND)).toBeLessThanOrEqual(1);
    }, 'lose');
  });

  it('the planner keeps within its budgets in any 24 hours', () => {
    always(
      ({ fetches, losses }, { budget }) => {
        const all = fetches.map(({ at }) => at);
        const forced = fetches.filter((fetch) => fetch.forced).map(({ at }) => at);
        const lost = mostWithin(losses, DAY);
        // What is not known to be spent may be spent again, but for a part of it.
        const most = budget.fetchesPerDay + lost * Math.ceil(0.75 * budget.fetchesPerDay);
        expect(mostWithin(all, DAY)).toBeLessThanOrEqual(most);
        const mostForced = budget.forcedPerDay + lost * Math.ceil(budget.forcedPerDay / 2);
        expect(mostWithin(forced, DAY)).toBeLessThanOrEqual(mostForced);
      },
      'sleep',
      'forge',
      'store',
    );
  });
});

describe('tokens while clocks are set', () => {
  it('a daemon never waits beyond the true end of its token, however clocks are set', () => {
    always((tale) => neverWaitsTooLong(tale, 10 * MINUTE), 'sleep', 'forge', 'restart', 'lose');
  });
});

describe('tokens while clocks are right', () => {
  it('a daemon never waits beyond the true end of its token while clocks are right', () => {
    always((tale) => neverWaitsTooLong(tale, 0), 'setClock', 'forge');
  });

  it('a token is never published after its true end while clocks are right', () => {
    always(
      ({ publications, issued }) => {
        for (const { token, at } of publications)
          expect(issued.get(token.value.reveal())?.end ?? at).toBeGreaterThanOrEqual(at);
      },
      'setClock',
      'forge',
    );
  });

  it('an access-token is never replaced by one that the platform issued earlier', () => {
    always(
      ({ policy, publications, generations, issued }) => {
        if (!policy.destructive) return;
        for (const life of generations.keys()) {
          const told = publications.filter((publication) => publication.life === life);
          const order = told.map(({ token }) => issued.get(token.value.reveal())?.number ?? 0);
          expect(order).toEqual(order.toSorted((a, b) => a - b));
        }
      },
      'setClock',
      'forge',
      'lose',
    );
  });
});

/** @param shortest life that counts, ms: clocks that differ by a minute pass for right ones */
function neverWaitsTooLong({ waits, issued }: Tale, shortest: number): void {
  for (const { step, state, at } of waits) {
    const token = issued.get(state.record.token?.value.reveal() ?? '');
    if (step.why !== 'fresh' || !token || token.end - token.born < shortest) continue;
    expect(at + step.ms).toBeLessThanOrEqual(token.end);
  }
}

/** By its reason, ms. */
function longestWait({ step, state, left = 0 }: Wait): number {
  switch (step.why) {
    case 'fresh':
    case 'lagging':
      return left;
    case 'backoff':
      return Math.max(1.2 * (state.attempts.failure?.backoff.cap ?? 0), 1.2 * MINUTE);
    case 'unready':
    case 'blocked':
      return 1.2 * MINUTE;
    case 'token':
      return SECOND;
    case 'source':
    case 'pushed-ticket':
      return MINUTE / 2;
    case 'gathering':
      return 2 * SECOND;
    case 'readers':
      return MINUTE;
    case 'budget':
      return DAY + HOUR;
  }
}
