import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { PASSING_FAULT, TARGET, tell, token } from '../support/story.ts';

describe('records in the store', () => {
  it('a newer record in the store is taken over without a platform call', () => {
    const neighbour = tell('stable-token');
    neighbour.fetch(token('a'));
    const story = tell('stable-token');
    story.happen({ type: 'observed', record: neighbour.state().record });
    expect(story.plan()).toMatchObject({ publish: [TARGET], step: { kind: 'wait', why: 'fresh' } });
  });

  it('an older record in the store is overwritten with our newer one', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    const old = story.state().record;
    story.fetch(token('b'));
    const { record } = story.state();
    story.happen({ type: 'observed', record: old });
    expect(story.state().record).toBe(record);
    expect(story.plan().step).toEqual({ kind: 'save' });
  });

  it('a record that the store has lost is saved again', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({ type: 'observed', record: undefined });
    expect(story.plan().step).toEqual({ kind: 'save' });
  });

  it('a token from the store ends when the platform said, whatever the clock of its writer', () => {
    const neighbour = tell('stable-token');
    neighbour.clock.set(48 * HOUR);
    neighbour.fetch(token('a'));
    const story = tell('stable-token');
    story.happen({ type: 'observed', record: neighbour.state().record });
    story.clock.pass(2 * HOUR);
    expect(story.plan()).toMatchObject({ publish: [], step: { kind: 'fetch', reason: 'expired' } });
  });

  it('a forged token end in the store is cut to the believed lifetime', () => {
    const writer = tell('stable-token');
    writer.fetch(token('a'));
    const { record } = writer.state();
    const forged = record.token && {
      ...record.token,
      expiresAt: Date.UTC(2100, 0, 1),
      issuedAt: Date.UTC(2099, 0, 1),
    };
    const story = tell('stable-token');
    story.happen({ type: 'observed', record: { ...record, ...(forged && { token: forged }) } });
    const shown = story.state().record.token;
    expect(shown?.expiresAt).toBeLessThanOrEqual(story.clock.now().wall + 2 * HOUR);
    expect(shown?.issuedAt).toBeLessThanOrEqual(story.clock.now().wall);
  });

  it('a quota error in the store keeps other daemons quiet for its full pause', () => {
    const refused = tell('stable-token');
    const story = tell('stable-token');
    refused.fetch(token('a'));
    story.happen({ type: 'observed', record: refused.state().record });
    refused.clock.pass(2 * HOUR);
    story.clock.pass(2 * HOUR);
    refused.fail({
      class: 'quota',
      code: 'wx-45009',
      effect: 'none',
      backoff: { first: HOUR, growth: 1, cap: HOUR, jitter: 'added' },
    });
    story.happen({ type: 'observed', record: refused.state().record });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
    story.clock.pass(59 * MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
    story.clock.pass(30 * MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'fetch' });
  });

  it('an expired token in the store is not published', () => {
    const story = tell('stable-token');
    const neighbour = tell('stable-token');
    neighbour.fetch(token('a'));
    story.clock.pass(3 * HOUR);
    story.happen({ type: 'observed', record: neighbour.state().record });
    expect(story.plan()).toMatchObject({ publish: [], step: { kind: 'fetch', reason: 'expired' } });
  });

  it('an open intent in the store leads to a fetch and limits the token to the overlap', () => {
    const crashed = tell('access-token');
    crashed.fetch(token('a'));
    crashed.clock.pass(HOUR);
    crashed.fail();
    const story = tell('access-token');
    story.clock.pass(HOUR + MINUTE);
    story.happen({ type: 'observed', record: crashed.state().record });
    expect(story.plan()).toMatchObject({ publish: [TARGET], step: { kind: 'fetch', reason: 'unfinished' } });
    story.clock.pass(4 * MINUTE);
    expect(story.plan().publish).toEqual([]);
  });

  it('a plain refusal after an intent makes the token in the store trusted again', () => {
    const neighbour = tell('access-token');
    neighbour.fetch(token('a'));
    const story = tell('access-token');
    neighbour.fail();
    story.happen({ type: 'observed', record: neighbour.state().record });
    neighbour.happen({ type: 'failed', failure: { ...PASSING_FAULT, effect: 'none' } });
    story.happen({ type: 'observed', record: neighbour.state().record });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('a new token in the store satisfies an ordinary refresh request', () => {
    const story = tell('access-token');
    const neighbour = tell('access-token');
    neighbour.fetch(token('a'));
    story.happen({ type: 'observed', record: neighbour.state().record });
    story.happen({ type: 'requested', strength: 'preferred' });
    neighbour.fetch(token('b'));
    story.happen({ type: 'observed', record: neighbour.state().record });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });
});

describe('broken state folder', () => {
  it('a broken state folder does not delay an ordinary stable-token call', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.clock.pass(7200 * SECOND - 5 * MINUTE);
    for (let time = 0; time < 10; time += 1) story.happen({ type: 'unstored', failure: PASSING_FAULT });
    story.clock.pass(30 * SECOND);
    story.happen({ type: 'unstored', failure: PASSING_FAULT });
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'due' });
  });

  it('a broken state folder delays an access-token call by half a minute at most', () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    story.clock.pass(HOUR);
    story.happen({ type: 'requested', strength: 'preferred' });
    for (let time = 0; time < 20; time += 1) story.happen({ type: 'unstored', failure: PASSING_FAULT });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'blocked' });
    story.clock.pass(30 * SECOND);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'requested' });
  });

  it('a broken state folder turns a forced refresh into an ordinary call', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.clock.pass(HOUR);
    story.happen({ type: 'requested', strength: 'forced' });
    expect(story.plan().step).toMatchObject({ kind: 'fetch', forced: true });
    story.happen({ type: 'unstored', failure: PASSING_FAULT });
    expect(story.plan().step).toMatchObject({ kind: 'fetch', forced: false, downgraded: 'store' });
  });

  it('a broken state folder does not shorten the backoff after a quota error', () => {
    const story = tell('stable-token');
    story.fail({ class: 'quota', backoff: { first: HOUR, growth: 1, cap: HOUR, jitter: 'added' } });
    story.happen({ type: 'unstored', failure: PASSING_FAULT });
    story.clock.pass(30 * MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
  });

  it('an older token under a higher generation does not replace the newest token', () => {
    const [early, late] = [tell('stable-token'), tell('stable-token')];
    early.fetch(token('a'), 7200, early.clock.now().wall);
    const shared = early.state().record;
    late.happen({ type: 'observed', record: shared });
    // The one that asks more often has counted further, but what it holds is older.
    late.clock.pass(HOUR);
    late.happen({ type: 'requested', strength: 'forced' });
    late.fetch(token('b'), 7200, late.clock.now().wall);
    late.happen({ type: 'observed', record: shared });
    const written = { ...shared, generation: shared.generation + 10 };
    const a = shared.token && { ...shared.token, generation: written.generation };
    late.happen({ type: 'observed', record: { ...written, ...(a && { token: a }) } });
    expect(late.state().record.token?.value.reveal()).toBe(token('b'));
    expect(late.state().record.generation).toBeGreaterThan(written.generation);
    expect(late.plan()).toMatchObject({ publish: [TARGET], step: { kind: 'save' } });
  });
});

describe('publication', () => {
  it('a failing target is retried without a platform call', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({ type: 'unpublished', target: TARGET, failure: PASSING_FAULT });
    expect(story.plan()).toMatchObject({ publish: [], step: { kind: 'wait', why: 'fresh' } });
    story.clock.pass(SECOND);
    expect(story.plan().publish).toEqual([TARGET]);
  });

  it('a target is due at once when a new token came during the write', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    const generation = story.state().record.token?.generation ?? 0;
    story.fetch(token('b'));
    story.happen({ type: 'published', target: TARGET, generation });
    expect(story.plan().publish).toEqual([TARGET]);
  });

  it('a published target is checked again after a minute', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.publish();
    expect(story.plan().publish).toEqual([]);
    story.clock.pass(MINUTE);
    expect(story.plan().publish).toEqual([TARGET]);
  });

  it('a token is published before its record can be saved', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({ type: 'observed', record: undefined });
    story.happen({ type: 'unstored', failure: PASSING_FAULT });
    expect(story.plan()).toMatchObject({ publish: [TARGET], step: { kind: 'wait', why: 'fresh' } });
    story.clock.pass(MINUTE);
    expect(story.plan().step).toEqual({ kind: 'save' });
  });
});
