import { describe, expect, it } from 'vitest';
import type { ClusterEvent } from '../../../src/core/events/cluster.ts';
import { SECOND } from '../../../src/core/time.ts';
import { createClusterLog } from '../../../src/observability/log/cluster-log.ts';
import { fakeClock } from '../../support/clock.ts';
import { PASSING_FAULT } from '../../support/story.ts';
import { journal } from '../journal.ts';

function told(...events: readonly ClusterEvent[]) {
  const log = journal();
  const write = createClusterLog(log.logger, fakeClock());
  for (const event of events) write(event);
  return log.entries().map(({ level, message }) => `${level} ${message}`);
}

const object = 'Secret shop/wx-token';
const trouble = {
  type: 'trouble',
  object,
  failure: { ...PASSING_FAULT, message: 'no answer' },
} as const satisfies ClusterEvent;

describe('cluster log', () => {
  it('a log line says who leads and why the leadership ended', () => {
    const lease = 'shop/wx-token';
    expect(
      told(
        { type: 'leads', lease },
        { type: 'follows', lease, why: 'late' },
        { type: 'follows', lease, why: 'taken' },
        { type: 'held', lease, holder: 'pod-7' },
        { type: 'follows', lease, why: 'released' },
        { type: 'follows', lease, why: 'kept' },
        { type: 'follows', lease, why: 'gone' },
      ),
    ).toEqual([
      'info became the leader: this daemon refreshes for all',
      'warn lost leadership: could not renew the Lease in time; another daemon leads as soon as one can',
      'info lost leadership: another daemon leads now',
      'info pod-7 holds the Lease: this daemon follows it',
      'info released the Lease: another daemon leads from now on',
      'warn could not release the Lease: another daemon leads when it has expired',
      'warn lost leadership: the Lease was deleted; no daemon refreshes until it is created again',
    ]);
  });

  it('trouble with an object is logged once, then more and more rarely while it lasts', () => {
    const log = journal();
    const clock = fakeClock();
    const write = createClusterLog(log.logger, clock);
    const lines = () => log.entries().map(({ message }) => message);
    for (let second = 0; second < 59; second += 1) {
      write(trouble);
      write({ ...trouble, object: 'Lease shop/wx-token' });
      clock.pass(SECOND);
    }
    expect(lines()).toEqual([`${object}: no answer`, 'Lease shop/wx-token: no answer']);
    for (let second = 0; second < 4 * 3_600; second += 1) {
      write(trouble);
      clock.pass(SECOND);
    }
    expect(lines().length).toBeLessThan(12);
    const before = lines().length;
    write({ type: 'well', object });
    clock.pass(60 * SECOND);
    write(trouble);
    expect(lines().slice(before)).toEqual([`the ${object} can be reached again`, `${object}: no answer`]);
  });

  it('trouble that comes and goes is logged once a minute at most, and the last line of it is true', () => {
    const log = journal();
    const clock = fakeClock();
    const write = createClusterLog(log.logger, clock);
    const lines = () => log.entries().map(({ message }) => message);
    for (let second = 0; second < 600; second += 1) {
      write(second % 2 === 0 ? trouble : { type: 'well', object });
      clock.pass(SECOND);
    }
    expect(lines().length).toBeGreaterThan(2);
    expect(lines().length).toBeLessThanOrEqual(20);
    expect(lines().at(-1)).toBe(`the ${object} can be reached again`);
    for (let second = 0; second < 61; second += 1) {
      write(trouble);
      clock.pass(SECOND);
    }
    expect(lines().at(-1)).toBe(`${object}: no answer`);
  });

  it('trouble with another code or class is logged as a new one', () => {
    const refused = { ...trouble.failure, class: 'refused', code: 'kube-forbidden' } as const;
    const starting = { ...refused, class: 'passing', message: `may not get the ${object}` } as const;
    const events = [trouble.failure, starting, refused, refused].map((failure) => ({ ...trouble, failure }));
    expect(told(...events)).toEqual([
      `warn ${object}: no answer`,
      `warn may not get the ${object}`,
      `warn ${object}: no answer`,
    ]);
  });

  it('the end of a trouble that was never logged is not logged either', () => {
    expect(told({ type: 'well', object })).toEqual([]);
  });
});
