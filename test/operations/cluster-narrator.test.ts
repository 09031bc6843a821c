import { describe, expect, it } from 'vitest';
import type { ClusterEvent } from '../../src/core/cluster-event.ts';
import { createClusterNarrator } from '../../src/operations/cluster-narrator.ts';
import { PASSING_FAULT } from '../support/story.ts';
import { journal } from './journal.ts';

function told(...events: readonly ClusterEvent[]) {
  const log = journal();
  const narrate = createClusterNarrator(log.logger);
  for (const event of events) narrate(event);
  return log.entries().map(({ level, message }) => `${level} ${message}`);
}

const object = 'Secret shop/wx-token';
const trouble: ClusterEvent = {
  type: 'trouble',
  object,
  failure: { ...PASSING_FAULT, message: 'no answer' },
};

describe('the log of a cluster', () => {
  it('tells who leads, and why no longer', () => {
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
      'info this daemon refreshes for all now',
      'warn this daemon could not renew its Lease in time: another one refreshes for all as soon as one can',
      'info another daemon refreshes for all now',
      'info pod-7 holds the Lease: this daemon follows it',
      'info the Lease was given back: another daemon refreshes for all from now on',
      'warn the Lease could not be given back: another daemon refreshes for all when it has run out',
      'warn the Lease is not there any more: nobody refreshes until it is made again',
    ]);
  });

  it('tells of a trouble once for as long as it lasts, with the object that is meant, and of its end', () => {
    const hours = Array.from({ length: 1_000 }, () => trouble);
    expect(told(...hours, { type: 'well', object }, trouble)).toEqual([
      `warn ${object}: no answer`,
      `info the ${object} can be reached again`,
      `warn ${object}: no answer`,
    ]);
  });

  it('tells of each object by itself, and names none twice', () => {
    const lease = { ...trouble, object: 'Lease shop/wx-token' };
    const named: ClusterEvent = {
      ...trouble,
      failure: { ...trouble.failure, code: 'other', message: `there is no ${object}` },
    };
    expect(told(trouble, lease, named, trouble, lease)).toEqual([
      `warn ${object}: no answer`,
      'warn Lease shop/wx-token: no answer',
      `warn there is no ${object}`,
    ]);
  });

  it('tells once more when it needs a person', () => {
    const lasting: ClusterEvent = { ...trouble, failure: { ...trouble.failure, class: 'refused' } };
    expect(told(trouble, lasting, lasting)).toHaveLength(2);
  });

  it('says nothing of an end of what it has not told of', () => {
    expect(told({ type: 'well', object })).toEqual([]);
  });
});
