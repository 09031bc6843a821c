import { describe, expect, it } from 'vitest';
import { createReachability } from '../../../src/coordination/cluster/secret-cache.ts';
import type { ClusterEvent } from '../../../src/core/events/cluster.ts';
import { EdgeError, PASSING } from '../../../src/core/failure.ts';
import { SECOND } from '../../../src/core/time.ts';
import { fakeClock } from '../../support/clock.ts';

const AWAY = {
  class: 'passing',
  code: 'kube-unreachable',
  message: 'away',
  zh: { message: 'away' },
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

describe('reachability of a cluster object', () => {
  it('an object that is read successfully causes no event, and the time is kept', () => {
    const { succeeded, clock, events, syncedAt, failure, trouble } = observed();
    expect(syncedAt()).toBeUndefined();
    succeeded();
    expect(syncedAt()).toBe(clock.now().monotonic);
    expect([failure(), trouble(), events]).toEqual([undefined, undefined, []]);
  });

  it('a failure is reported at once and counts as trouble after ten seconds', () => {
    const { succeeded, failed, clock, events, failure, trouble } = observed();
    succeeded();
    failed(new EdgeError(AWAY));
    expect(events).toEqual([{ type: 'trouble', object: OBJECT, failure: AWAY }]);
    expect(failure()).toEqual(AWAY);
    clock.pass(10 * SECOND - 1);
    expect(trouble()).toBeUndefined();
    clock.pass(1);
    expect(trouble()).toEqual(AWAY);
  });

  it('a failure counts as trouble at once when no read has ever succeeded', () => {
    const { failed, trouble } = observed();
    failed(new EdgeError(AWAY));
    expect(trouble()).toEqual(AWAY);
  });

  it('a recovery is reported once', () => {
    const { succeeded, failed, events, failure, recoveries } = observed();
    failed(new Error('odd'));
    expect(failure()).toMatchObject({ class: 'passing', message: 'odd', effect: 'none' });
    succeeded();
    succeeded();
    expect(failure()).toBeUndefined();
    expect(events.slice(1)).toEqual([{ type: 'well', object: OBJECT }]);
    expect(recoveries()).toBe(1);
  });
});
