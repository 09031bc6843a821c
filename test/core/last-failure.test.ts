import { describe, expect, it } from 'vitest';
import { type Failure, PASSING } from '../../src/core/failure.ts';
import { currentFailure, lastFailureOf, withHeard, withLastFailure } from '../../src/core/last-failure.ts';
import type { LastFailure } from '../../src/core/record.ts';
import type { State } from '../../src/core/state/index.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { PASSING_FAULT, type Story, tell } from '../support/story.ts';

const QUOTA: Failure = {
  ...PASSING_FAULT,
  class: 'quota',
  code: 'wx-45009',
  message: 'no more',
  effect: 'none',
};
const REFUSED: Failure = { ...QUOTA, class: 'refused', code: 'wx-40125', message: 'no' };
const { backoff: _b, effect: _e, ...TOLD } = QUOTA;

const contextOf = ({ policy, clock }: Story) => ({ policy, now: clock.now(), random: 0.5 });

/** What another daemon has met and written down, a second ago. */
function met(story: Story, changes: Partial<LastFailure> = {}): LastFailure {
  const at = story.clock.now().wall - SECOND;
  return { failure: TOLD, at, until: at + HOUR, failures: 1, since: at, ...changes };
}

const withRecord = (state: State, changes: Partial<State['record']>): State => ({
  ...state,
  record: { ...state.record, ...changes },
});

describe('failures in the record', () => {
  it('a refusal by the platform is recorded with its pause, secret and count', () => {
    const story = tell('stable-token');
    const { wall, monotonic } = story.clock.now();
    const state: State = {
      ...story.state(),
      ...{ fingerprint: 'f', hold: { why: 'backoff', until: monotonic + HOUR + 0.4 } },
    };
    const first = lastFailureOf(state, QUOTA, contextOf(story));
    expect(first).toEqual({
      ...{ failure: TOLD, fingerprint: 'f', at: wall, until: wall + HOUR, failures: 1, since: wall },
    });
    story.clock.pass(2 * HOUR);
    const again = lastFailureOf(withRecord(story.state(), { lastFailure: first }), QUOTA, contextOf(story));
    expect(again).toMatchObject({ failures: 2, since: wall, at: wall + 2 * HOUR, until: wall + 2 * HOUR });
    expect(again).not.toHaveProperty('fingerprint');
  });

  it('a passing fault is recorded without a pause and keeps the pause of a refusal', () => {
    const story = tell('stable-token');
    const { wall, monotonic } = story.clock.now();
    const held: State = { ...story.state(), hold: { why: 'backoff', until: monotonic + HOUR } };
    expect(lastFailureOf(held, PASSING_FAULT, contextOf(story))).toMatchObject({ at: wall, until: wall });
    const before = met(story, { failures: 3, until: wall + 1 });
    const during = lastFailureOf(withRecord(held, { lastFailure: before }), PASSING_FAULT, contextOf(story));
    expect(during).toEqual({ ...before, failures: 4 });
    const over = met(story, { failures: 3, until: wall });
    const after = lastFailureOf(withRecord(held, { lastFailure: over }), PASSING_FAULT, contextOf(story));
    expect(after).toMatchObject({ failure: { code: 'timeout' }, failures: 4, since: over.since });
  });
});

describe('failures of another AppSecret', () => {
  const current = (changes: Partial<State['record']>, fingerprint?: string) => {
    const state = withRecord(tell('stable-token').state(), changes);
    return currentFailure({ ...state, ...(fingerprint && { fingerprint }) });
  };
  const refused = { ...met(tell('stable-token')), failure: { ...TOLD, class: 'refused' as const } };

  it('a proven AppSecret is not blamed for the refusal of another one', () => {
    expect(
      current({ lastFailure: { ...refused, fingerprint: 'wrong' }, secrets: ['ours'] }, 'ours'),
    ).toBeUndefined();
  });

  it.each<[string, Partial<State['record']>, string | undefined]>([
    [
      'this very secret was refused',
      { lastFailure: { ...refused, fingerprint: 'ours' }, secrets: ['ours'] },
      'ours',
    ],
    ['nobody knows which secret was refused', { lastFailure: refused, secrets: ['ours'] }, 'ours'],
    [
      'the secret is not proven',
      { lastFailure: { ...refused, fingerprint: 'wrong' }, secrets: ['other'] },
      'ours',
    ],
    [
      'our secret cannot be read',
      { lastFailure: { ...refused, fingerprint: 'wrong' }, secrets: ['ours'] },
      undefined,
    ],
    [
      'no secret was refused',
      { lastFailure: { ...met(tell('wecom')), fingerprint: 'wrong' }, secrets: ['ours'] },
      'ours',
    ],
  ])('a failure counts when %s', (_, changes, fingerprint) => {
    expect(current(changes, fingerprint)).toBe(changes.lastFailure);
  });

  it('a record without a last failure reports none', () => {
    expect(current({ secrets: ['ours'] }, 'ours')).toBeUndefined();
  });
});

describe('failures of another daemon', () => {
  /** What a daemon that had seen `generation` makes of a record with that last failure. */
  function heard(
    story: Story,
    lastFailure: LastFailure | undefined,
    changes: Partial<State> = {},
    generation = 3,
  ) {
    const before = withRecord(story.state(), { generation });
    const known = { ...withRecord(before, lastFailure ? { lastFailure } : {}), ...changes };
    return {
      known,
      after: withLastFailure(
        before,
        lastFailure ? withRecord(known, { lastFailure }) : known,
        contextOf(story),
      ),
    };
  }

  it('the pause of another daemon is kept like our own', () => {
    const story = tell('stable-token');
    const lastFailure = met(story);
    const { after } = heard(story, lastFailure);
    expect(after).toMatchObject({
      failure: { code: 'wx-45009', effect: 'none', backoff: PASSING },
      heard: true,
      failures: 1,
      hold: { why: 'backoff', until: story.clock.now().monotonic + HOUR - SECOND },
    });
  });

  it('the pause of another daemon never exceeds its length, whatever the clock says', () => {
    const story = tell('stable-token');
    const at = story.clock.now().wall + 2 * HOUR;
    const { after } = heard(story, met(story, { at, until: at + MINUTE }));
    expect(after.hold?.until).toBe(story.clock.now().monotonic + MINUTE);
  });

  it('a pause that is over or no longer than ours changes nothing', () => {
    const story = tell('stable-token');
    const { wall, monotonic } = story.clock.now();
    const over = heard(story, met(story, { until: wall }));
    expect(over.after).toEqual(over.known);
    const hold = { why: 'backoff', until: monotonic + HOUR - SECOND } as const;
    const longer = heard(story, met(story), { hold });
    expect(longer.after).toEqual(longer.known);
    const shorter = heard(story, met(story), { hold: { ...hold, until: hold.until - 1 } });
    expect(shorter.after.hold?.until).toBe(hold.until);
  });

  it('a failure that is already known is not taken over again', () => {
    const story = tell('stable-token');
    const lastFailure = met(story);
    const before = withRecord(story.state(), { generation: 3, lastFailure });
    expect(withLastFailure(before, before, contextOf(story))).toBe(before);
  });

  it('the refusal of another secret causes no pause, that of our own does', () => {
    const story = tell('stable-token');
    const about = (fingerprint: string) => met(story, { fingerprint });
    expect(heard(story, about('other'), { fingerprint: 'ours' }).after).not.toHaveProperty('hold');
    expect(heard(story, about('ours'), { fingerprint: 'ours' }).after).toHaveProperty('hold');
    expect(heard(story, about('any')).after).toHaveProperty('hold');
  });

  it('a restart retries after a refusal and keeps the pause of a used-up quota', () => {
    const story = tell('stable-token');
    const { backoff: _, effect: _none, ...refused } = REFUSED;
    expect(heard(story, met(story, { failure: refused }), {}, 0).after).not.toHaveProperty('hold');
    expect(heard(story, met(story, { failure: refused }), {}, 3).after).toHaveProperty('hold');
    expect(heard(story, met(story), {}, 0).after).toHaveProperty('hold');
  });

  it('a daemon with a failure of its own does not mark it as heard from another', () => {
    const story = tell('stable-token');
    const own = { ...story.state(), failure: PASSING_FAULT, failures: 4 };
    expect(withHeard(own, met(story))).toMatchObject({ failures: 4, failure: { code: 'wx-45009' } });
    expect(withHeard(own, met(story))).not.toHaveProperty('heard');
    expect(withHeard({ ...own, heard: true }, met(story))).toHaveProperty('heard', true);
  });

  it('a mirror shows the failure of its source and clears it when it is over', () => {
    const story = tell('stable-token', { follows: true });
    const { after } = heard(story, met(story));
    expect(after).toMatchObject({ heard: true, failure: { code: 'wx-45009' } });
    expect(after).not.toHaveProperty('hold');
    const well = withLastFailure(after, withRecord({ ...after, failures: 2 }, {}), contextOf(story));
    expect(well.failures).toBe(2);
    const { lastFailure: _gone, ...record } = after.record;
    const over = withLastFailure(after, { ...after, record }, contextOf(story));
    expect(over).toMatchObject({ failures: 0 });
    expect(over).not.toHaveProperty('failure');
    expect(over).not.toHaveProperty('heard');
  });
});
