import { describe, expect, it } from 'vitest';
import { decodeRecord, encodeRecord } from '../../src/codec/record.ts';
import { apply } from '../../src/core/apply.ts';
import { platformFailure } from '../../src/core/errcodes/index.ts';
import type { Event } from '../../src/core/events/event.ts';
import type { Failure } from '../../src/core/failure.ts';
import { plan } from '../../src/core/plan.ts';
import { servedLife } from '../../src/core/readiness.ts';
import { initialState, isPublished, liveToken, type State } from '../../src/core/state/index.ts';
import { lifeLeft } from '../../src/core/state/life.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { isRenewed, orphans } from '../../src/core/unauthorised.ts';
import type { TicketType } from '../support/kinds.ts';
import { PASSING_FAULT, type Story, TARGET, tell, token } from '../support/story.ts';

const CANCELLED = platformFailure('open-platform', 'authorizer-token', { errcode: 61_003, errmsg: '' });
const BAD_CODE = platformFailure('wecom-service', 'corp-token', { errcode: 40_084, errmsg: '' });
const DEAD_TOKEN = platformFailure('wecom', 'ticket', { errcode: 40_014, errmsg: '' });

/** An account with a published token that is a while old. */
function account(type: 'authorizer' | 'wecom-corp' = 'authorizer'): Story {
  const story = tell(type);
  story.happen({ type: 'observed', record: undefined, ...(type === 'wecom-corp' && { fingerprint: 'f' }) });
  story.fetch(token('a'));
  story.publish();
  story.clock.pass(5 * MINUTE);
  return story;
}

const now = (story: Story) => story.clock.now();
const served = (story: Story) => servedLife(story.state(), story.policy, now(story)) ?? Number.NaN;
const isAlive = (story: Story) => liveToken(story.state(), now(story)) !== undefined;

/** What a daemon that begins makes of the record that another one has left. */
function afterRestart(story: Story): State {
  const { record } = story.state();
  const stored = decodeRecord(encodeRecord(record), record.account);
  const context = { policy: story.policy, now: now(story), random: 0.5 };
  const begun = initialState(record.account, [TARGET], now(story), 0.5);
  return apply(begun, { type: 'observed', record: stored }, context);
}

describe('a token whose authorisation is gone', () => {
  it.each<[string, Failure['errcode'], 'open-platform' | 'wecom-service', boolean]>([
    ['authorizer-token', 61_003, 'open-platform', true],
    ['authorizer-token', 61_023, 'open-platform', true],
    ['authorizer-token', 50_002, 'open-platform', false],
    ['authorizer-list', 61_003, 'open-platform', false],
    ['query-auth', 61_003, 'open-platform', false],
    ['component-token', 40_001, 'open-platform', false],
    ['corp-token', 40_084, 'wecom-service', true],
    ['corp-token', 48_004, 'wecom-service', true],
    ['corp-token', 40_082, 'wecom-service', false],
    ['suite-token', 48_004, 'wecom-service', false],
  ])('an answer at %s of %i (%s) ends it: %s', (endpoint, errcode = 0, family, ends) => {
    const failure = platformFailure(family, endpoint as 'authorizer-token', { errcode, errmsg: '' });
    expect(failure.endsAuthorisation ?? false).toBe(ends);
  });

  it('is dead from the moment of that word on, is still what is published, and is asked for again by the slow pace', () => {
    const story = account();
    const party = tell('component', {}, 0.5, story.clock);
    party.fetch(token('c'));
    expect(served(story)).toBeGreaterThan(HOUR);
    story.fail(CANCELLED);
    expect([served(story), isAlive(story), isPublished(story.state(), now(story))]).toEqual([
      0,
      false,
      false,
    ]);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
    story.clock.pass(5 * MINUTE);
    expect(served(story)).toBe(-5 * MINUTE);
    expect(story.plan().publish).toEqual([TARGET]);
    story.clock.pass(8 * MINUTE);
    expect(story.plan(party.state()).step).toMatchObject({ kind: 'fetch', reason: 'expired' });
  });

  it('stays dead through failures of other kinds, and lives again with the next success', () => {
    const story = account();
    story.fail(CANCELLED);
    story.clock.pass(2 * HOUR - 10 * MINUTE);
    for (const failure of [
      { ...PASSING_FAULT, effect: 'none' as const },
      platformFailure('open-platform', 'authorizer-token', { errcode: 45_009, errmsg: '' }),
    ]) {
      story.fail(failure);
      expect(isAlive(story)).toBe(false);
      story.clock.pass(2 * HOUR);
    }
    story.fetch(token('b'));
    expect(isAlive(story)).toBe(true);
    expect(story.state().life).not.toHaveProperty('unauthorised');
  });

  it('lives again where the platform hands out the very same one', () => {
    const story = account('wecom-corp');
    story.fail(BAD_CODE);
    expect(isAlive(story)).toBe(false);
    story.clock.pass(20 * MINUTE);
    story.fetch(token('a'), 7200 - 25 * 60);
    expect(isAlive(story)).toBe(true);
  });

  it('is dead to whoever reads the record, and was so since the same moment', () => {
    const story = account();
    story.fail(CANCELLED);
    story.clock.pass(3 * MINUTE);
    const state = afterRestart(story);
    expect(lifeLeft(state.life, now(story))).toBe(-3 * MINUTE);
    story.fetch(token('b'));
    expect(lifeLeft(afterRestart(story).life, now(story))).toBeGreaterThan(HOUR);
  });

  it('is asked for at once after a restart, however young it is: readers have nothing to lose', () => {
    const story = tell('authorizer');
    story.happen({ type: 'observed', record: undefined });
    story.fetch(token('a'));
    const party = tell('component', {}, 0.5, story.clock);
    party.fetch(token('c'));
    story.clock.pass(10 * SECOND);
    story.fail(CANCELLED);
    const { step } = plan(afterRestart(story), story.policy, now(story), party.state());
    expect(step).toMatchObject({ kind: 'fetch', reason: 'expired' });
  });

  it('lives on where a permanent code was refused that has never fetched, or that others have replaced', () => {
    for (const secrets of [['f'], ['other', 'f']]) {
      const story = account('wecom-corp');
      const record = { ...story.state().record, secrets, generation: story.state().record.generation + 1 };
      story.happen({ type: 'observed', record, fingerprint: secrets.length === 1 ? 'wrong' : 'other' });
      story.happen({ type: 'failed', failure: BAD_CODE });
      expect(isAlive(story)).toBe(true);
      expect(story.state().record.lastFailure).toMatchObject({ failure: { code: 'wx-40084' } });
    }
  });

  it('stays dead where a code that never worked takes the place of the one that was cancelled', () => {
    const story = account('wecom-corp');
    story.fail(BAD_CODE);
    story.happen({ type: 'observed', record: story.state().record, fingerprint: 'wrong' });
    story.happen({ type: 'failed', failure: BAD_CODE });
    story.happen({ type: 'observed', record: story.state().record, fingerprint: 'f' });
    expect(isAlive(story)).toBe(false);
  });

  it('is another one than a newer token, of which the word says nothing', () => {
    const story = account();
    story.fail(CANCELLED);
    const { record } = story.state();
    const { lastFailure } = record;
    story.fetch(token('b'));
    const newer = { ...story.state().record, ...(lastFailure && { lastFailure }) };
    story.happen({ type: 'observed', record: { ...newer, generation: newer.generation + 1 } });
    expect(isAlive(story)).toBe(true);
  });
});

/** A ticket of an account, told of what becomes of the token as the loop tells it. */
function ticket(base: Story, type: TicketType = 'corp_jsapi') {
  const story = tell(type, {}, 0.5, base.clock);
  const happen = (event: Event) => story.happen(event);
  let before = base.state();
  return {
    ...story,
    hear() {
      const state = base.state();
      const at = state.life.unauthorised;
      if (at && orphans(state, story.state())) happen({ type: 'orphaned', at });
      if (isRenewed(before, state)) happen({ type: 'base-renewed' });
      before = state;
    },
  };
}

describe('a ticket of an account', () => {
  it('dies with the token, waits for another one, and lives again once it is fetched anew', () => {
    const base = account('wecom-corp');
    const story = ticket(base);
    story.happen({ type: 'observed', record: undefined });
    story.fetch(token('t'));
    story.publish();
    base.fail(BAD_CODE);
    story.hear();
    expect(served(story)).toBe(0);
    expect(story.plan(base.state()).step).toMatchObject({ kind: 'wait', why: 'token' });
    base.clock.pass(20 * MINUTE);
    base.fetch(token('b'));
    story.hear();
    expect([isAlive(story), story.plan(base.state()).step]).toMatchObject([
      false,
      { kind: 'fetch', reason: 'expired' },
    ]);
    story.fetch(token('t'), 7200 - 20 * 60);
    expect(isAlive(story)).toBe(true);
  });

  it('is alive again once another daemon has fetched it', () => {
    const base = account('wecom-corp');
    const story = ticket(base);
    story.happen({ type: 'observed', record: undefined });
    story.fetch(token('t'));
    base.fail(BAD_CODE);
    story.hear();
    base.clock.pass(MINUTE);
    const { record } = story.state();
    const other = (more: number, lastFetch: number) => ({
      ...record,
      generation: record.generation + more,
      ledger: { ...record.ledger, lastFetch },
    });
    story.happen({ type: 'observed', record: other(2, record.ledger.lastFetch ?? 0) });
    expect(isAlive(story)).toBe(false);
    story.happen({ type: 'observed', record: other(4, now(base).wall) });
    expect(isAlive(story)).toBe(true);
  });

  it('that was refused for a dead token is tried at once with the next one, and then has no failure', () => {
    const base = account('wecom-corp');
    const story = ticket(base);
    story.happen({ type: 'observed', record: undefined });
    story.fetch(token('t'));
    story.happen({ type: 'requested', strength: 'ordinary' });
    story.clock.pass(3 * SECOND);
    for (let times = 0; times < 6; times += 1) story.fail(DEAD_TOKEN);
    expect(story.plan(base.state()).step).toMatchObject({ kind: 'wait' });
    base.happen({ type: 'requested', strength: 'ordinary' });
    base.fetch(token('b'));
    story.hear();
    expect(story.plan(base.state()).step).toMatchObject({ kind: 'fetch' });
    story.fetch(token('u'));
    expect(story.state().record).not.toHaveProperty('lastFailure');
    expect(story.plan(base.state()).step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('that met something else waits as long as before', () => {
    const base = account('wecom-corp');
    const story = ticket(base);
    story.happen({ type: 'observed', record: undefined });
    story.fail(platformFailure('wecom', 'ticket', { errcode: 60_020, errmsg: '' }));
    base.happen({ type: 'requested', strength: 'ordinary' });
    base.fetch(token('b'));
    story.hear();
    expect(story.plan(base.state()).step).toMatchObject({ kind: 'wait', why: 'backoff' });
  });
});
