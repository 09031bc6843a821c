import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTerm } from '../../../src/coordination/lease/elector.ts';
import type { ClusterEvent } from '../../../src/core/events/cluster.ts';
import { PASSING } from '../../../src/core/failure.ts';
import { SECOND } from '../../../src/core/time.ts';
import { fakeClock } from '../../support/clock.ts';

const TIMES = { duration: 15 * SECOND, renewDeadline: 10 * SECOND, retryPeriod: 2 * SECOND };
const LEASE = 'shop/wx-token-sidecar';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function elected() {
  const clock = fakeClock();
  const events: ClusterEvent[] = [];
  let times = 0;
  const term = createTerm({
    ...{ lease: LEASE, times: TIMES, clock, report: (event) => events.push(event) },
    elected: () => {
      times += 1;
    },
  });
  /** Both clocks and the timers. */
  const pass = (ms: number) => {
    clock.pass(ms);
    vi.advanceTimersByTime(ms);
  };
  return { ...term, clock, events, pass, elections: () => times };
}

describe('terms of leadership', () => {
  it('a daemon leads from its first renewal on and reports it once', () => {
    const { isActive, renewed, clock, events, elections, pass } = elected();
    expect(isActive()).toBe(false);
    renewed(clock.now());
    expect(isActive()).toBe(true);
    pass(2 * SECOND);
    renewed(clock.now());
    expect(events).toEqual([{ type: 'leads', lease: LEASE }]);
    expect(elections()).toBe(1);
  });

  it('a leader without renewals stops leading at the renew deadline and reports being late', () => {
    const { isActive, renewed, clock, events, pass } = elected();
    renewed(clock.now());
    pass(TIMES.renewDeadline - 1);
    expect(isActive()).toBe(true);
    pass(1);
    expect(isActive()).toBe(false);
    pass(1);
    expect(events.at(-1)).toEqual({ type: 'follows', lease: LEASE, why: 'late' });
    expect(events).toHaveLength(2);
  });

  it('a renewal restarts the deadline from the moment it was sent', () => {
    const { isActive, renewed, clock, events, pass } = elected();
    renewed(clock.now());
    pass(6 * SECOND);
    const sent = clock.now();
    pass(2 * SECOND);
    renewed(sent);
    pass(7 * SECOND);
    expect(isActive()).toBe(true);
    expect(events).toHaveLength(1);
    pass(SECOND);
    expect(isActive()).toBe(false);
  });

  it('a leader that loses the Lease reports the reason once', () => {
    const { isActive, lost, renewed, clock, events, pass } = elected();
    lost('taken');
    expect(events).toEqual([]);
    renewed(clock.now());
    const failure = {
      class: 'passing',
      code: 'timeout',
      message: 'x',
      zh: { message: 'x' },
      effect: 'none',
      backoff: PASSING,
    } as const;
    lost('kept', failure);
    expect(isActive()).toBe(false);
    lost('gone');
    pass(TIMES.duration);
    expect(events.slice(1)).toEqual([{ type: 'follows', lease: LEASE, why: 'kept', failure }]);
  });

  it('a daemon that ends stops leading at once and reports the released Lease later', () => {
    const { end, isActive, lost, renewed, clock, events, pass } = elected();
    renewed(clock.now());
    end();
    expect(isActive()).toBe(false);
    pass(TIMES.duration);
    expect(events).toHaveLength(1);
    lost('released');
    expect(events.at(-1)).toEqual({ type: 'follows', lease: LEASE, why: 'released' });
  });

  it('a daemon that is elected again reports it again', () => {
    const { lost, renewed, clock, events, elections } = elected();
    renewed(clock.now());
    lost('late');
    renewed(clock.now());
    expect(events.map(({ type }) => type)).toEqual(['leads', 'follows', 'leads']);
    expect(elections()).toBe(2);
  });
});
