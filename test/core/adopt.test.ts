import { describe, expect, it } from 'vitest';
import { adopt, withFingerprint, withoutSatisfiedRequest } from '../../src/core/adopt.ts';
import type { Failure } from '../../src/core/failure.ts';
import { type AccountRecord, ONE_FETCH } from '../../src/core/record.ts';
import type { State } from '../../src/core/state.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { handedOver, requested } from '../../src/core/wish.ts';
import { PASSING_FAULT, type Story, tell, token } from '../support/story.ts';

const REFUSED: Failure = {
  ...PASSING_FAULT,
  class: 'refused',
  code: 'wx-40125',
  message: 'no',
  effect: 'none',
};

const contextOf = ({ policy, clock }: Story) => ({ policy, now: clock.now(), random: 0.5 });

/** A daemon with a token of two hours, at a platform that dates its answers. */
function served(mark = 'a', date?: number): Story {
  const story = tell('stable-token');
  story.fetch(token(mark), 7200, date);
  story.publish();
  return story;
}

const taken = (story: Story, record: AccountRecord | undefined, changes: Partial<State> = {}) =>
  adopt({ ...story.state(), ...changes }, record, contextOf(story));

describe('a record that is found in the store', () => {
  it('a store that has lost our last write is given it again', () => {
    const story = served();
    const { record } = story.state();
    expect(taken(story, undefined)).toMatchObject({ saved: false, record });
    expect(taken(story, { ...record, generation: record.generation - 1 })).toMatchObject({
      saved: false,
      record,
    });
    expect(taken(story, record).saved).toBe(true);
  });

  it('an empty store lacks nothing of a daemon that knows nothing', () => {
    const story = tell('stable-token');
    expect(taken(story, undefined)).toMatchObject({ saved: true, lookedAt: story.clock.now().monotonic });
  });

  it('a newer record with an older token, or none, was written on top of an old store: ours goes on', () => {
    const story = served();
    const { record } = story.state();
    const ours = record.token;
    if (!ours) throw new TypeError('it was fetched');
    const { token: _none, ...empty } = { ...record, generation: record.generation + 5 };
    const older = { ...empty, token: { ...ours, generation: ours.generation - 1 } };
    for (const found of [empty, older]) {
      const next = taken(story, found);
      expect(next.saved).toBe(false);
      expect(next.record).toMatchObject({ generation: found.generation + 1, token: ours });
    }
  });

  /** Two daemons fetched without seeing each other: theirs is found by us, who could not write ours. */
  function crossed(ours: number | undefined, theirs: number | undefined, saved = false) {
    const story = served('ours', ours);
    const other = served('theirs', theirs);
    const found = { ...other.state().record, generation: story.state().record.generation + 1 };
    const withToken = found.token && { ...found, token: { ...found.token, generation: found.generation } };
    const next = taken(story, withToken ?? found, { saved });
    return next.record.token?.value.reveal() === token('ours') ? 'ours' : 'theirs';
  }

  it('of two tokens whose writers did not see each other the one that the platform handed out later wins', () => {
    expect(crossed(2_000, 1_000)).toBe('ours');
    expect(crossed(1_000, 2_000)).toBe('theirs');
    expect(crossed(1_000, 1_000)).toBe('theirs');
  });

  it('the token in the store wins where ours was saved, or the platform told no time', () => {
    expect(crossed(2_000, 1_000, true)).toBe('theirs');
    expect(crossed(undefined, 1_000)).toBe('theirs');
    expect(crossed(2_000, undefined)).toBe('theirs');
    expect(crossed(undefined, undefined)).toBe('theirs');
  });

  it('a token of ours that wins is published again, with a generation above theirs', () => {
    const story = served('ours', 2_000);
    const other = served('theirs', 1_000).state().record;
    if (!other.token) throw new TypeError('it was fetched');
    const generation = story.state().record.generation + 3;
    const next = taken(
      story,
      { ...other, generation, token: { ...other.token, generation } },
      { saved: false },
    );
    expect(next.record).toMatchObject({ generation: generation + 1, token: { generation: generation + 1 } });
    expect(next).toMatchObject({ saved: false });
    expect(Object.values(next.targets).map(({ dueAt }) => dueAt)).toEqual([0]);
  });

  it('a new token does not make our own refused secret better, and ends every other failure', () => {
    const story = served();
    const other = served('b').state().record;
    const generation = story.state().record.generation + 2;
    if (!other.token) throw new TypeError('it was fetched');
    const found = { ...other, generation, token: { ...other.token, generation } };
    const hold = { why: 'backoff', until: story.clock.now().monotonic + HOUR } as const;
    const held = { failures: 3, hold };
    expect(taken(story, found, { ...held, failure: REFUSED })).toMatchObject({ ...held, failure: REFUSED });
    for (const over of [
      taken(story, found, { ...held, failure: PASSING_FAULT }),
      taken(story, found, { ...held, failure: REFUSED, heard: true }),
    ]) {
      expect(over.failures).toBe(0);
      expect(over).not.toHaveProperty('failure');
      expect(over).not.toHaveProperty('hold');
    }
  });

  it('whoever waits for the same fetch as another daemon leaves it the time for it', () => {
    const story = served();
    story.clock.pass(2 * HOUR);
    const { record } = story.state();
    const asked = { ...record, generation: record.generation + 1 };
    const fetching = { ...asked, ledger: { ...record.ledger, lastFetch: story.clock.now().wall } };
    expect(taken(story, fetching)).toMatchObject({ failures: 1, hold: { why: 'backoff' } });
    expect(taken(story, asked)).not.toHaveProperty('hold');
    // Nothing is due: then it does not matter who asks.
    const fresh = served();
    const of = fresh.state().record;
    const busy = { ...of, generation: of.generation + 1, ledger: { ...of.ledger, lastFetch: 1 } };
    expect(taken(fresh, busy)).not.toHaveProperty('hold');
    // Nor to one that has never looked before.
    const unread = tell('stable-token');
    const first = { ...unread.state().record, generation: 1 };
    const news = { ...first, ledger: { ...first.ledger, lastFetch: unread.clock.now().wall } };
    expect(taken(unread, news)).not.toHaveProperty('hold');
  });
});

describe('a refresh that another daemon was asked for', () => {
  /** `further` writes after it was handed over. */
  function answered(further: number, changes: Partial<AccountRecord> = {}, state: Partial<State> = {}) {
    const story = served();
    const { record } = story.state();
    const awaited = record.generation;
    return taken(story, { ...record, generation: awaited + further, ...changes }, { awaited, ...state });
  }

  it('a fetch that is over without a new token ends the wait, and nothing before it', () => {
    expect(answered(0)).toHaveProperty('awaited');
    expect(answered(ONE_FETCH - 1)).toHaveProperty('awaited');
    expect(answered(ONE_FETCH)).not.toHaveProperty('awaited');
    expect(answered(ONE_FETCH).unready).toBe(1);
    expect(answered(ONE_FETCH, {}, { unready: 4 }).unready).toBe(4);
  });

  it('a fetch that is under way is waited for', () => {
    const intent = { at: 1, forced: false };
    expect(answered(ONE_FETCH, { intent })).toHaveProperty('awaited');
    expect(answered(ONE_FETCH + 3, { intent })).toHaveProperty('awaited');
  });

  it('what the other daemon met is the answer', () => {
    const { backoff: _b, effect: _e, ...failure } = PASSING_FAULT;
    const setback = { failure, at: 5, until: 5, failures: 1, since: 5 };
    const next = answered(ONE_FETCH, { setback });
    expect(next).toMatchObject({ failure: { code: 'timeout' }, heard: true });
    expect(next.unready).toBe(0);
  });

  it('a new token meets the wish', () => {
    const story = served();
    const other = served('b').state().record;
    const generation = story.state().record.generation + 1;
    if (!other.token) throw new TypeError('it was fetched');
    const found = { ...other, generation, token: { ...other.token, generation } };
    const next = taken(story, found, { awaited: story.state().record.generation });
    expect(next).not.toHaveProperty('awaited');
    expect(next.unready).toBe(0);
  });

  it('a wish that is handed over is awaited from the record as it is', () => {
    const story = served();
    const { generation } = story.state().record;
    const asking: State = {
      ...story.state(),
      manual: 'forced',
      refusals: { spent: 1, lastAt: 0, suspicion: 'ask' },
    };
    const refresh = handedOver(asking, 'requested');
    expect(refresh).toMatchObject({ awaited: generation, refusals: asking.refusals });
    expect(refresh).not.toHaveProperty('manual');
    const refusal = handedOver(asking, 'refused');
    expect(refusal).toMatchObject({
      awaited: generation,
      manual: 'forced',
      refusals: { spent: 1, lastAt: 0 },
    });
    expect(refusal.refusals).not.toHaveProperty('suspicion');
    expect(handedOver(story.state(), 'refused')).not.toHaveProperty('refusals');
  });
});

describe('a refresh that somebody asks for', () => {
  const asked = (changes: Partial<State>, generation?: number) => {
    const story = served();
    const event = {
      type: 'requested',
      strength: 'ordinary',
      ...(generation !== undefined && { generation }),
    } as const;
    return requested({ ...story.state(), ...changes }, event, contextOf(story)).manual;
  };

  it('a token that has gone since it was asked for elsewhere need not be replaced again', () => {
    const { generation = 0 } = served().state().record.token ?? {};
    expect(asked({}, generation - 1)).toBeUndefined();
    expect(asked({}, generation)).toBe('ordinary');
    expect(asked({})).toBe('ordinary');
  });

  it('a request that is under way is not made twice, unless it is being waited out', () => {
    const story = served();
    const { generation = 0 } = story.state().record.token ?? {};
    const { monotonic } = story.clock.now();
    const record = { ...story.state().record, intent: { at: 1, forced: false } };
    expect(asked({ record }, generation)).toBeUndefined();
    expect(asked({ record, hold: { why: 'backoff', until: monotonic } }, generation)).toBeUndefined();
    expect(asked({ record, hold: { why: 'backoff', until: monotonic + 1 } }, generation)).toBe('ordinary');
  });

  it('an ordinary request is met by any new token, a forced one is not', () => {
    const state = served().state();
    expect(withoutSatisfiedRequest({ ...state, manual: 'ordinary' })).not.toHaveProperty('manual');
    expect(withoutSatisfiedRequest({ ...state, manual: 'forced' }).manual).toBe('forced');
  });
});

describe('an AppSecret that is another one than before', () => {
  const held = { failures: 4, hold: { why: 'backoff', until: 9 * MINUTE + SECOND } } as const;
  const replaced = (fingerprint: string | undefined, changes: Partial<State>) =>
    withFingerprint({ ...served().state(), ...held, ...changes }, fingerprint);

  it('a new secret deserves a try, whatever the one before has met', () => {
    const next = replaced('new', { fingerprint: 'old', failure: REFUSED });
    expect(next).toMatchObject({ fingerprint: 'new', failures: 0, failure: REFUSED });
    expect(next).not.toHaveProperty('hold');
  });

  it('a secret that has fetched before is not blamed for the one that was refused', () => {
    const { record } = served().state();
    const next = replaced('proven', {
      fingerprint: 'old',
      failure: REFUSED,
      record: { ...record, secrets: ['proven'] },
    });
    expect(next).toMatchObject({ fingerprint: 'proven', failures: 0 });
    expect(next).not.toHaveProperty('failure');
  });

  it.each<[string, string | undefined, Partial<State>]>([
    ['it cannot be read', undefined, { fingerprint: 'old', failure: REFUSED }],
    ['it is the same', 'old', { fingerprint: 'old', failure: REFUSED }],
    ['none was known', 'new', { failure: REFUSED }],
    ['nothing was refused', 'new', { fingerprint: 'old', failure: PASSING_FAULT }],
  ])('the pause goes on where %s', (_, fingerprint, changes) => {
    expect(replaced(fingerprint, changes)).toMatchObject({ ...held, failure: changes.failure });
  });
});
