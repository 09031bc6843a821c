import { describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/events/report.ts';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { createHistory } from '../../../src/observability/status/history.ts';
import { fakeClock } from '../../support/clock.ts';
import { PASSING_FAULT } from '../../support/story.ts';

const STEP = { kind: 'fetch', reason: 'due', forced: false } as const;
const GOOD: Report = { type: 'refreshed', step: STEP, lifeMs: 7_200_000, tookMs: 100 };
const SAME: Report = { ...GOOD, type: 'unchanged' };
const BAD: Report = {
  type: 'failed',
  step: STEP,
  isFirst: false,
  failure: PASSING_FAULT,
  lifeMs: 0,
  tookMs: 100,
};
const SHOP = { id: 'shop' };
const TICKET = { id: 'shop/jsapi' };

function started() {
  const clock = fakeClock();
  return { clock, history: createHistory(clock), midnight: clock.now().wall };
}

describe('history of calls', () => {
  it('platform calls are counted by hour and result, and nothing else is', () => {
    const { clock, history, midnight } = started();
    for (const report of [GOOD, SAME, BAD, { type: 'adopted', lifeMs: 1 }] satisfies Report[]) {
      history.report(SHOP, report);
    }
    clock.pass(59 * MINUTE);
    history.report(SHOP, BAD);
    clock.pass(2 * MINUTE);
    history.report(SHOP, BAD);
    history.report(TICKET, GOOD);
    history.report(undefined, BAD);
    expect(history.of(SHOP)).toEqual([
      { at: midnight, refreshed: 2, failed: 2 },
      { at: midnight + HOUR, refreshed: 0, failed: 1 },
    ]);
    expect(history.of(TICKET)).toEqual([{ at: midnight + HOUR, refreshed: 1, failed: 0 }]);
  });

  it('calls older than a day are dropped from the history', () => {
    const { clock, history, midnight } = started();
    for (let hour = 0; hour < 30; hour += 1) {
      history.report(SHOP, GOOD);
      clock.pass(HOUR);
    }
    const hours = history.of(SHOP).map(({ at }) => (at - midnight) / HOUR);
    expect(hours).toEqual(Array.from({ length: 23 }, (_, index) => index + 7));
  });

  it('the history of a ticket that is no longer served is forgotten', () => {
    const { history } = started();
    history.report(SHOP, GOOD);
    history.report(TICKET, GOOD);
    history.serve([SHOP]);
    expect([history.of(SHOP).length, history.of(TICKET).length]).toEqual([1, 0]);
  });

  it('hours that lie in the future after a clock is set back are not shown', () => {
    const { clock, history, midnight } = started();
    clock.set(5 * HOUR);
    history.report(SHOP, GOOD);
    clock.set(-5 * HOUR);
    expect(history.of(SHOP)).toEqual([]);
    history.report(SHOP, BAD);
    expect(history.of(SHOP)).toEqual([{ at: midnight, refreshed: 0, failed: 1 }]);
  });
});
