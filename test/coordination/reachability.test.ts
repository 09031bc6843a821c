import { describe, expect, it } from 'vitest';
import { createReachability } from '../../src/coordination/reachability.ts';
import type { ClusterEvent } from '../../src/core/cluster-event.ts';
import { EdgeError, PASSING } from '../../src/core/failure.ts';
import { SECOND } from '../../src/core/time.ts';
import { fakeClock } from '../support/clock.ts';

const AWAY = {
  class: 'passing',
  code: 'kube-unreachable',
  message: 'away',
  effect: 'none',
  backoff: PASSING,
} as const;
const OBJECT = 'Secret shop/wx-token';

function observed() {
  const clock = fakeClock();
  const events: ClusterEvent[] = [];
  let recoveries = 0;
  const reachability = createReachability({
    ...{ object: OBJECT, clock, report: (event) => events.push(event) },
    recovered: () => {
      recoveries += 1;
    },
  });
  return { ...reachability, clock, events, recoveries: () => recoveries };
}

describe('an object of the cluster', () => {
  it('an object that is read well causes no report, and tells when that was', () => {
    const { good, clock, events, syncedAt, failure, trouble } = observed();
    expect(syncedAt()).toBeUndefined();
    good();
    expect(syncedAt()).toBe(clock.now().monotonic);
    expect([failure(), trouble(), events]).toEqual([undefined, undefined, []]);
  });

  it('a failure is told at once, and matters after ten seconds without a good answer', () => {
    const { good, bad, clock, events, failure, trouble } = observed();
    good();
    bad(new EdgeError(AWAY));
    expect(events).toEqual([{ type: 'trouble', object: OBJECT, failure: AWAY }]);
    expect(failure()).toEqual(AWAY);
    clock.pass(10 * SECOND - 1);
    expect(trouble()).toBeUndefined();
    clock.pass(1);
    expect(trouble()).toEqual(AWAY);
  });

  it('a failure matters at once where there never was a good answer', () => {
    const { bad, trouble } = observed();
    bad(new EdgeError(AWAY));
    expect(trouble()).toEqual(AWAY);
  });

  it('a recovery is told once', () => {
    const { good, bad, events, failure, recoveries } = observed();
    bad(new Error('odd'));
    expect(failure()).toMatchObject({ class: 'passing', message: 'odd', effect: 'none' });
    good();
    good();
    expect(failure()).toBeUndefined();
    expect(events.slice(1)).toEqual([{ type: 'well', object: OBJECT }]);
    expect(recoveries()).toBe(1);
  });
});
