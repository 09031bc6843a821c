import { describe, expect, it } from 'vitest';
import { PASSING } from '../../src/core/failure.ts';
import { begin } from '../../src/core/outcome.ts';
import type { Publisher } from '../../src/core/ports.ts';
import { unwritten } from '../../src/core/restart-cost.ts';
import { Secret } from '../../src/core/secret.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { type Story, TARGET, tell } from '../support/story.ts';

const FULL = {
  class: 'passing',
  code: 'ENOSPC',
  message: 'full',
  zh: { message: 'full' },
  effect: 'unsent',
  backoff: PASSING,
} as const;

function target(tellsAll: boolean, id = TARGET): Publisher {
  return { id, tellsAll, prepare: async () => [], publish: async () => 'written' };
}

function told(story: Story, ...publishers: readonly Publisher[]) {
  return unwritten(story.state(), { policy: story.policy, publishers }, story.clock.now());
}

/** A fetch that was written down before it was sent, and whose answer cannot be. */
function fetchUnsaved({ state, policy, clock, happen }: Story, value: string) {
  happen({ type: 'began', record: begin(state(), policy, false, clock.now()), saved: true });
  happen({ type: 'fetched', answer: { value: new Secret(value), expiresIn: 7200 }, startedAt: clock.now() });
  happen({ type: 'unstored', failure: FULL });
}

describe('what a restart costs while the record cannot be written', () => {
  it('nothing is told while the store holds everything, nor in the moment that saving takes', () => {
    const story = tell('stable-token');
    expect(told(story)).toBeUndefined();
    story.fetch('the-first-token');
    expect(told(story)).toBeUndefined();
    const { happen, clock } = story;
    happen({
      type: 'fetched',
      answer: { value: new Secret('the-second-token'), expiresIn: 7200 },
      startedAt: clock.now(),
    });
    expect(story.state().store.saved).toBe(false);
    expect(told(story)).toBeUndefined();
    clock.pass(10 * SECOND);
    expect(told(story)).toEqual({
      since: { wall: clock.now().wall - 10 * SECOND, monotonic: clock.now().monotonic - 10 * SECOND },
      restartCosts: 'call',
    });
  });

  it.each([
    ['stable-token', 'call'],
    ['access-token', 'token'],
  ] as const)('a %s that is published nowhere to be read back costs: %s', (type, cost) => {
    const story = tell(type);
    story.fetch('the-token-of-the-record');
    story.clock.pass(HOUR);
    fetchUnsaved(story, 'the-token-of-this-process');
    expect(told(story, target(true))?.restartCosts).toBe(cost);
    story.publish();
    expect(told(story, target(true))?.restartCosts).toBe('ledger');
    // A value alone does not tell its age: it is asked for at once.
    expect(told(story, target(false))?.restartCosts).toBe(cost);
    // Another target holds an older one.
    expect(told(story, target(true, 'file:/elsewhere'))?.restartCosts).toBe(cost);
  });

  it.each(['stable-token', 'access-token'] as const)(
    'a %s that the record holds costs the calls since',
    (type) => {
      const story = tell(type);
      story.fetch('the-token-of-the-record');
      story.happen({ type: 'failed', failure: { ...FULL, effect: 'none' } });
      story.happen({ type: 'unstored', failure: FULL });
      expect(told(story)).toMatchObject({ failure: FULL, restartCosts: 'ledger' });
      // The record is gone, and with it the token.
      story.happen({ type: 'observed', record: undefined });
      expect(told(story)?.restartCosts).toBe(type === 'access-token' ? 'token' : 'call');
    },
  );

  it('a token that has ended is fetched anyway', () => {
    const story = tell('access-token');
    fetchUnsaved(story, 'the-token-of-this-process');
    story.clock.pass(3 * HOUR);
    expect(told(story)?.restartCosts).toBe('ledger');
  });

  it('a store that holds everything and cannot be locked costs nothing', () => {
    const story = tell('access-token');
    story.fetch('the-token-of-the-record');
    story.happen({ type: 'unstored', failure: FULL });
    expect(told(story)).toMatchObject({ failure: FULL, restartCosts: 'nothing' });
  });

  it('the time is that of the first trouble, however often it is met again, until the record is written', () => {
    const story = tell('stable-token');
    story.clock.pass(MINUTE);
    const since = story.clock.now();
    fetchUnsaved(story, 'the-token-of-this-process');
    for (let times = 0; times < 5; times += 1) {
      story.clock.pass(MINUTE);
      story.happen({ type: 'unstored', failure: FULL });
      story.happen({ type: 'observed', record: undefined });
      expect(told(story)?.since).toEqual(since);
    }
    // The store can be locked again, and has not been written.
    story.happen({ type: 'freed' });
    expect(told(story)).toEqual({ since, restartCosts: 'call' });
    story.happen({ type: 'saved', generation: story.state().record.generation });
    expect(told(story)).toBeUndefined();
    story.clock.pass(MINUTE);
    story.happen({ type: 'unstored', failure: FULL });
    expect(told(story)?.since).toEqual(story.clock.now());
  });

  it('a mirror calls nobody', () => {
    const story = tell('stable-token', { follows: true });
    story.happen({ type: 'unstored', failure: FULL });
    expect(told(story)).toMatchObject({ restartCosts: 'source' });
  });
});
