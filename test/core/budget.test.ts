import { describe, expect, it } from 'vitest';
import { fetchHold, forcedObstacle, refund, spend, spent } from '../../src/core/budget.ts';
import { emptyLedger, type Ledger } from '../../src/core/record.ts';
import type { LedgerTime } from '../../src/core/state/clock.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';

/** A full hour, by the platform's time. */
const NOW = 500_000 * HOUR;
const HOUR_NOW = NOW / HOUR;

const certain = (at = NOW): LedgerTime => ({ at, certain: true });
const guessed = (at = NOW): LedgerTime => ({ at, certain: false });

/** A ledger whose past is known; hours are counted from now. */
function ledger(hours: Readonly<Record<number, number>>, changes: Partial<Ledger> = {}): Ledger {
  const fetches = Object.entries(hours)
    .map(([hour, calls]) => ({ hour: HOUR_NOW + Number(hour), calls }))
    .toSorted((a, b) => a.hour - b.hour);
  return { fetches, forced: [], since: NOW - 30 * DAY, ...changes };
}

const hoursOf = ({ fetches }: Ledger) =>
  Object.fromEntries(fetches.map(({ hour, calls }) => [hour - HOUR_NOW, calls]));

describe('fetch budget', () => {
  it('half of the budget may be spent at once', () => {
    expect(fetchHold(ledger({ '-1': 49 }, { lastFetch: NOW }), 100, certain())).toBe(0);
  });

  it('the second half of the budget is spread evenly over a day', () => {
    const half = ledger({ '-1': 50 }, { lastFetch: NOW - 10 * MINUTE });
    expect(fetchHold(half, 100, certain())).toBe(DAY / 50 - 10 * MINUTE);
    expect(fetchHold({ ...half, lastFetch: NOW - DAY / 50 }, 100, certain())).toBe(0);
    expect(fetchHold(ledger({ '-1': 99 }, { lastFetch: NOW }), 100, certain())).toBe(DAY / 50);
  });

  it('a spent budget allows a call when its oldest hour is 25 hours old', () => {
    const used = ledger({ '-20': 60, '-3': 40 }, { lastFetch: NOW - 3 * HOUR });
    expect(fetchHold(used, 100, certain())).toBe(5 * HOUR);
    expect(fetchHold(ledger({ '-30': 7, '-20': 60, '-3': 40 }), 100, certain())).toBe(5 * HOUR);
    expect(fetchHold(ledger({ '-24': 60, '0': 40 }), 100, certain())).toBe(HOUR);
    expect(fetchHold(ledger({ '-25': 60, '0': 40 }, { lastFetch: NOW - HOUR }), 100, certain())).toBe(0);
  });

  it('a fresh ledger allows a quarter of the budget at once and the rest evenly', () => {
    const fresh = (calls: number) => ledger({ 0: calls }, { since: NOW - DAY + 1, lastFetch: NOW });
    expect(fetchHold(fresh(24), 100, certain())).toBe(0);
    expect(fetchHold(fresh(25), 100, certain())).toBe(DAY / 50);
    const known = ledger({ 0: 49 }, { since: NOW - DAY, lastFetch: NOW });
    expect(fetchHold(known, 100, certain())).toBe(0);
  });

  it('a day without calls that only our clock claims halves the forced budget', () => {
    const idleFor = (ms: number) => ledger({ 0: 30 }, { lastFetch: NOW - ms });
    expect(fetchHold(idleFor(DAY + 1), 100, guessed())).toBe(0);
    // The call lies so far back that its turn has come; the forced ones tell what is known.
    const forced = { forced: [{ hour: HOUR_NOW, calls: 10 }] };
    expect(forcedObstacle({ ...idleFor(DAY + 1), ...forced }, 20, guessed())).toBe('forced-budget');
    expect(forcedObstacle({ ...idleFor(DAY), ...forced }, 20, guessed())).toBeUndefined();
    expect(forcedObstacle({ ...idleFor(DAY + 1), ...forced }, 20, certain())).toBeUndefined();
    expect(forcedObstacle({ ...ledger({ 0: 30 }), ...forced }, 20, guessed())).toBeUndefined();
  });

  it('calls dated into the future slow the budget down and never block it for good', () => {
    const future = ledger({ 5: 100 }, { lastFetch: NOW + 5 * HOUR });
    expect(fetchHold(future, 100, certain())).toBe(0);
    expect(fetchHold(future, 100, guessed())).toBe(DAY / 50);
    expect(fetchHold(ledger({ 0: 100 }, { lastFetch: NOW }), 100, certain())).toBe(25 * HOUR);
  });

  it('a last call dated two seconds ahead counts as just made', () => {
    const at = (ahead: number) => ledger({ 0: 60 }, { lastFetch: NOW + ahead });
    expect(fetchHold(at(2 * SECOND), 100, certain())).toBe(DAY / 50);
    expect(fetchHold(at(2 * SECOND + 1), 100, certain())).toBe(0);
    expect(fetchHold(ledger({ 0: 60 }), 100, certain())).toBe(0);
  });
});

describe('forced budget', () => {
  it('two forced refreshes are 30 seconds apart', () => {
    const at = (ago: number) => ledger({}, { lastForced: NOW - ago });
    expect(forcedObstacle(at(30 * SECOND - 1), 20, certain())).toBe('spacing');
    expect(forcedObstacle(at(30 * SECOND), 20, certain())).toBeUndefined();
  });

  it('the forced budget holds for a day, half of it on the first day', () => {
    const forced = (count: number, since = NOW - 30 * DAY) =>
      ledger({}, { forced: [{ hour: HOUR_NOW - 2, calls: count }], since });
    expect(forcedObstacle(forced(19), 20, certain())).toBeUndefined();
    expect(forcedObstacle(forced(20), 20, certain())).toBe('forced-budget');
    expect(forcedObstacle(forced(9, NOW), 20, certain())).toBeUndefined();
    expect(forcedObstacle(forced(10, NOW), 20, certain())).toBe('forced-budget');
    expect(forcedObstacle(forced(1, NOW), 3, certain())).toBeUndefined();
    expect(forcedObstacle(forced(2, NOW), 3, certain())).toBe('forced-budget');
  });
});

describe('ledger of calls', () => {
  it('a call is counted in its hour, a forced one also as forced', () => {
    const ordinary = spend(ledger({ 0: 2, '-1': 1 }), false, certain());
    expect(hoursOf(ordinary)).toEqual({ '-1': 1, 0: 3 });
    expect(ordinary).toMatchObject({ lastFetch: NOW, forced: [] });
    expect(ordinary).not.toHaveProperty('lastForced');
    const forced = spend(ordinary, true, certain(NOW + MINUTE));
    expect(forced).toMatchObject({
      ...{ lastFetch: NOW + MINUTE, lastForced: NOW + MINUTE, forced: [{ hour: HOUR_NOW, calls: 1 }] },
    });
    expect(spent(forced, certain())).toEqual({ fetches: 5, forced: 1 });
  });

  it('the ledger forgets hours over a day old only by platform time', () => {
    const old = ledger({ '-25': 4, '-24': 2 });
    expect(hoursOf(spend(old, false, certain()))).toEqual({ '-24': 2, 0: 1 });
    expect(hoursOf(spend(old, false, guessed()))).toEqual({ '-25': 4, '-24': 2, 0: 1 });
    expect(spent(old, guessed()).fetches).toBe(2);
  });

  it('the ledger counts future calls as spent now only by platform time', () => {
    const future = ledger({ 3: 4, 0: 1 });
    expect(hoursOf(spend(future, false, certain()))).toEqual({ 0: 6 });
    expect(hoursOf(spend(future, false, guessed()))).toEqual({ 3: 4, 0: 2 });
    expect(spent(future, certain()).fetches).toBe(5);
  });

  it('a ledger that begins in the future is moved to now only by platform time', () => {
    const late = ledger({}, { since: NOW + HOUR });
    expect(spend(late, false, certain()).since).toBe(NOW);
    expect(spend(late, false, guessed()).since).toBe(NOW + HOUR);
    expect(spend(ledger({}), false, certain()).since).toBe(NOW - 30 * DAY);
  });

  it('a ledger begins anew after a day without calls that only our clock claims', () => {
    const gap = ledger({}, { lastFetch: NOW - DAY - 1 });
    expect(spend(gap, false, guessed()).since).toBe(NOW);
    expect(spend(gap, false, certain()).since).toBe(NOW - 30 * DAY);
  });

  it('a call that never left this host is refunded, and never more than was spent', () => {
    expect(hoursOf(refund(ledger({ 0: 3 }, { lastFetch: NOW })))).toEqual({ 0: 2 });
    expect(hoursOf(refund(ledger({ 0: 0 }, { lastFetch: NOW })))).toEqual({ 0: 0 });
    expect(hoursOf(refund(ledger({ '-1': 1 }, { lastFetch: NOW })))).toEqual({ '-1': 1 });
    const unused = emptyLedger(NOW);
    expect(refund(unused)).toBe(unused);
    expect(unused).toEqual({ fetches: [], forced: [], since: NOW });
  });
});

describe('first day of a ledger', () => {
  /** What is fetched in a day by somebody who fetches whenever the budget allows it. */
  function fetchedFrom(start: Ledger, limit: number): number {
    let [known, at, calls] = [start, NOW, 0];
    while (at < NOW + DAY && calls <= limit) {
      const hold = fetchHold(known, limit, certain(at));
      if (hold === 0) {
        known = spend(known, false, certain(at));
        calls += 1;
      }
      at += hold;
    }
    return calls;
  }

  it('three quarters of the budget are the most that a fresh ledger can spend', () => {
    expect(fetchedFrom(emptyLedger(NOW), 2000)).toBe(500 + 999);
  });

  it('a ledger with a known past can spend all of its budget in a day', () => {
    expect(fetchedFrom(ledger({}), 2000)).toBe(1000 + 999);
  });
});
