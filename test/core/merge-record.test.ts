import { describe, expect, it } from 'vitest';
import { apply } from '../../src/core/apply.ts';
import type { Failure } from '../../src/core/failure.ts';
import { adopt, withFingerprint, withoutSatisfied } from '../../src/core/merge-record.ts';
import { type AccountRecord, ONE_FETCH } from '../../src/core/record.ts';
import { NO_ATTEMPTS } from '../../src/core/state/attempts.ts';
import { NO_DOUBTS } from '../../src/core/state/doubts.ts';
import type { State } from '../../src/core/state/index.ts';
import type { Strength } from '../../src/core/state/request.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { type Changes, changed } from '../support/state.ts';
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

const taken = (story: Story, record: AccountRecord | undefined, changes: Changes = {}) =>
  adopt(changed(story.state(), changes), record, contextOf(story));

describe('records found in the store', () => {
  it('a daemon saves its record again when the store has lost it', () => {
    const story = served();
    const { record } = story.state();
    expect(taken(story, undefined)).toMatchObject({ store: { saved: false }, record });
    expect(taken(story, { ...record, generation: record.generation - 1 })).toMatchObject({
      store: { saved: false },
      record,
    });
    expect(taken(story, record).store.saved).toBe(true);
  });

  it('a fresh daemon has nothing to save into an empty store', () => {
    const story = tell('stable-token');
    expect(taken(story, undefined).store).toMatchObject({
      saved: true,
      lookedAt: story.clock.now().monotonic,
    });
  });

  it('a daemon keeps its token over a newer record with an older token or none', () => {
    const story = served();
    const { record } = story.state();
    const ours = record.token;
    if (!ours) throw new TypeError('it was fetched');
    const { token: _none, ...empty } = { ...record, generation: record.generation + 5 };
    const older = { ...empty, token: { ...ours, generation: ours.generation - 1 } };
    for (const found of [empty, older]) {
      const next = taken(story, found);
      expect(next.store.saved).toBe(false);
      expect(next.record).toMatchObject({ generation: found.generation + 1, token: ours });
    }
  });

  /** Two daemons fetched without seeing each other: theirs is found by us, who could not write ours. */
  function crossed(ours: number | undefined, theirs: number | undefined, saved = false) {
    const story = served('ours', ours);
    const other = served('theirs', theirs);
    const found = { ...other.state().record, generation: story.state().record.generation + 1 };
    const withToken = found.token && { ...found, token: { ...found.token, generation: found.generation } };
    const next = taken(story, withToken ?? found, { store: { saved } });
    return next.record.token?.value.reveal() === token('ours') ? 'ours' : 'theirs';
  }

  it('the token that the platform issued later wins when two daemons fetched independently', () => {
    expect(crossed(2_000, 1_000)).toBe('ours');
    expect(crossed(1_000, 2_000)).toBe('theirs');
    expect(crossed(1_000, 1_000)).toBe('theirs');
  });

  it('the token in the store wins when ours was saved or a platform time is missing', () => {
    expect(crossed(2_000, 1_000, true)).toBe('theirs');
    expect(crossed(undefined, 1_000)).toBe('theirs');
    expect(crossed(2_000, undefined)).toBe('theirs');
    expect(crossed(undefined, undefined)).toBe('theirs');
  });

  it('a daemon publishes its winning token again under a higher generation', () => {
    const story = served('ours', 2_000);
    const other = served('theirs', 1_000).state().record;
    if (!other.token) throw new TypeError('it was fetched');
    const generation = story.state().record.generation + 3;
    const next = taken(
      story,
      { ...other, generation, token: { ...other.token, generation } },
      { store: { saved: false } },
    );
    expect(next.record).toMatchObject({ generation: generation + 1, token: { generation: generation + 1 } });
    expect(next.store.saved).toBe(false);
    expect(next.targets.map(({ dueAt }) => dueAt)).toEqual([0]);
  });

  it('a new token in the store ends every failure but the refusal of our own secret', () => {
    const story = served();
    const other = served('b').state().record;
    const generation = story.state().record.generation + 2;
    if (!other.token) throw new TypeError('it was fetched');
    const found = { ...other, generation, token: { ...other.token, generation } };
    const hold = { why: 'backoff', until: story.clock.now().monotonic + HOUR } as const;
    const held = { failures: 3, hold };
    const refused = { ...held, failure: REFUSED };
    expect(taken(story, found, { attempts: refused }).attempts).toMatchObject(refused);
    for (const over of [
      taken(story, found, { attempts: { ...held, failure: PASSING_FAULT } }),
      taken(story, found, { attempts: { ...refused, reportedByPeer: true } }),
    ]) {
      expect(over.attempts.failures).toBe(0);
      expect(over.attempts).not.toHaveProperty('failure');
      expect(over.attempts).not.toHaveProperty('hold');
    }
  });

  it.each(['endsAuthorisation', 'lacksGrant'] as const)(
    'a new token in the store ends a refusal that is about the account and not about this daemon (%s)',
    (what) => {
      const story = served();
      const other = served('b').state().record;
      const generation = story.state().record.generation + 2;
      if (!other.token) throw new TypeError('it was fetched');
      const found = { ...other, generation, token: { ...other.token, generation } };
      const hold = { why: 'backoff', until: story.clock.now().monotonic + HOUR } as const;
      const failure = { ...REFUSED, code: 'wx-61003', errcode: 61003, [what]: true };
      const { attempts } = taken(story, found, { attempts: { failures: 3, hold, failure } });
      expect(attempts).toEqual(NO_ATTEMPTS);
    },
  );

  it('a daemon backs off while another daemon fetches the same due token', () => {
    const story = served();
    story.clock.pass(2 * HOUR);
    const { record } = story.state();
    const asked = { ...record, generation: record.generation + 1 };
    const fetching = { ...asked, ledger: { ...record.ledger, lastFetch: story.clock.now().wall } };
    expect(taken(story, fetching).attempts).toMatchObject({ failures: 1, hold: { why: 'backoff' } });
    expect(taken(story, asked).attempts).not.toHaveProperty('hold');
    // Nothing is due: then it does not matter who asks.
    const fresh = served();
    const of = fresh.state().record;
    const busy = { ...of, generation: of.generation + 1, ledger: { ...of.ledger, lastFetch: 1 } };
    expect(taken(fresh, busy).attempts).not.toHaveProperty('hold');
    // Nor to one that has never looked before.
    const unread = tell('stable-token');
    const first = { ...unread.state().record, generation: 1 };
    const news = { ...first, ledger: { ...first.ledger, lastFetch: unread.clock.now().wall } };
    expect(taken(unread, news).attempts).not.toHaveProperty('hold');
  });
});

describe('refresh handed over to another daemon', () => {
  /** `further` writes after it was handed over. */
  function answered(further: number, changes: Partial<AccountRecord> = {}, state: Changes = {}) {
    const story = served();
    const { record } = story.state();
    const awaited = record.generation;
    return taken(
      story,
      { ...record, generation: awaited + further, ...changes },
      {
        request: { awaited },
        ...state,
      },
    );
  }

  it('a handed-over refresh is awaited until its fetch ends without a new token', () => {
    expect(answered(0).request).toHaveProperty('awaited');
    expect(answered(ONE_FETCH - 1).request).toHaveProperty('awaited');
    expect(answered(ONE_FETCH).request).not.toHaveProperty('awaited');
    expect(answered(ONE_FETCH).attempts.unready).toBe(1);
    expect(answered(ONE_FETCH, {}, { attempts: { unready: 4 } }).attempts.unready).toBe(4);
  });

  it('a handed-over refresh is awaited while its fetch is under way', () => {
    const intent = { at: 1, forced: false };
    expect(answered(ONE_FETCH, { intent }).request).toHaveProperty('awaited');
    expect(answered(ONE_FETCH + 3, { intent }).request).toHaveProperty('awaited');
  });

  it('a handed-over refresh is answered by the failure that the other daemon met', () => {
    const { backoff: _b, effect: _e, ...failure } = PASSING_FAULT;
    const lastFailure = { failure, at: 5, until: 5, failures: 1, since: 5 };
    const next = answered(ONE_FETCH, { lastFailure });
    expect(next.attempts).toMatchObject({ failure: { code: 'timeout' }, reportedByPeer: true });
    expect(next.attempts.unready).toBe(0);
  });

  it('a handed-over refresh is satisfied by a new token', () => {
    const story = served();
    const other = served('b').state().record;
    const generation = story.state().record.generation + 1;
    if (!other.token) throw new TypeError('it was fetched');
    const found = { ...other, generation, token: { ...other.token, generation } };
    const next = taken(story, found, {
      request: { awaited: story.state().record.generation },
    });
    expect(next.request).not.toHaveProperty('awaited');
    expect(next.attempts.unready).toBe(0);
  });

  it('a handed-over refresh is awaited from the current generation on', () => {
    const story = served();
    const { generation } = story.state().record;
    const asking = changed(story.state(), {
      request: { manual: 'forced' },
      doubts: { spent: 1, lastAt: 0, suspicion: 'ask', by: 'reader' },
    });
    const handedOver = (state: State, reason: 'requested' | 'refused') =>
      apply(state, { type: 'handed-over', reason }, contextOf(story));
    const refresh = handedOver(asking, 'requested');
    expect(refresh).toMatchObject({ request: { awaited: generation }, doubts: asking.doubts });
    expect(refresh.request).not.toHaveProperty('manual');
    const refusal = handedOver(asking, 'refused');
    expect(refusal).toMatchObject({
      request: { awaited: generation, manual: 'forced' },
      doubts: { spent: 1, lastAt: 0 },
    });
    expect(refusal.doubts).not.toHaveProperty('suspicion');
    expect(handedOver(story.state(), 'refused').doubts).toEqual(NO_DOUBTS);
  });
});

describe('refresh that somebody asks for', () => {
  const asked = (changes: Changes, generation?: number) => {
    const story = served();
    const event = {
      type: 'requested',
      strength: 'ordinary',
      ...(generation !== undefined && { generation }),
    } as const;
    return apply(changed(story.state(), changes), event, contextOf(story)).request.manual;
  };

  it('a refresh is not repeated when the token it was meant for is already replaced', () => {
    const { generation = 0 } = served().state().record.token ?? {};
    expect(asked({}, generation - 1)).toBeUndefined();
    expect(asked({}, generation)).toBe('ordinary');
    expect(asked({})).toBe('ordinary');
  });

  it('a refresh joins a fetch under way unless that fetch is in backoff', () => {
    const story = served();
    const { generation = 0 } = story.state().record.token ?? {};
    const { monotonic } = story.clock.now();
    const record = { ...story.state().record, intent: { at: 1, forced: false } };
    const held = (until: number): Changes => ({ record, attempts: { hold: { why: 'backoff', until } } });
    expect(asked({ record }, generation)).toBeUndefined();
    expect(asked(held(monotonic), generation)).toBeUndefined();
    expect(asked(held(monotonic + 1), generation)).toBe('ordinary');
  });

  it('an ordinary refresh is satisfied by any new token, a forced one is not', () => {
    const asking = (manual: Strength) => changed(served().state(), { request: { manual } });
    expect(withoutSatisfied(asking('ordinary')).request).not.toHaveProperty('manual');
    expect(withoutSatisfied(asking('forced')).request.manual).toBe('forced');
  });
});

describe('change of the AppSecret', () => {
  const held = { failures: 4, hold: { why: 'backoff', until: 9 * MINUTE + SECOND } } as const;
  const replaced = (fingerprint: string | undefined, { attempts, ...changes }: Changes) =>
    withFingerprint(
      changed(served().state(), { ...changes, attempts: { ...held, ...attempts } }),
      fingerprint,
    );

  it('a new AppSecret ends the backoff of the refused one', () => {
    const next = replaced('new', { fingerprint: 'old', attempts: { failure: REFUSED } });
    expect(next).toMatchObject({ fingerprint: 'new', attempts: { failures: 0, failure: REFUSED } });
    expect(next.attempts).not.toHaveProperty('hold');
  });

  it('a proven AppSecret is not blamed for the refusal of another one', () => {
    const { record } = served().state();
    const next = replaced('proven', {
      fingerprint: 'old',
      attempts: { failure: REFUSED },
      record: { ...record, secrets: ['proven'] },
    });
    expect(next).toMatchObject({ fingerprint: 'proven', attempts: { failures: 0 } });
    expect(next.attempts).not.toHaveProperty('failure');
  });

  it.each<[string, string | undefined, Changes]>([
    ['the AppSecret cannot be read', undefined, { fingerprint: 'old', attempts: { failure: REFUSED } }],
    ['the AppSecret is the same', 'old', { fingerprint: 'old', attempts: { failure: REFUSED } }],
    ['no AppSecret was known before', 'new', { attempts: { failure: REFUSED } }],
    ['no AppSecret was refused', 'new', { fingerprint: 'old', attempts: { failure: PASSING_FAULT } }],
  ])('the backoff goes on when %s', (_, fingerprint, changes) => {
    expect(replaced(fingerprint, changes)).toMatchObject({
      attempts: { ...held, ...changes.attempts },
    });
  });
});
