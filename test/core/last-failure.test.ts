import { describe, expect, it } from 'vitest';
import { type Failure, PASSING } from '../../src/core/failure.ts';
import { currentFailure, lastFailureOf, withLastFailure } from '../../src/core/last-failure.ts';
import type { LastFailure } from '../../src/core/record.ts';
import { peerFailure } from '../../src/core/state/attempts.ts';
import type { State } from '../../src/core/state/index.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { type Changes, changed } from '../support/state.ts';
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

const withRecord = (state: State, record: Partial<State['record']>): State => changed(state, { record });

describe('failures in the record', () => {
  it('a refusal by the platform is recorded with its pause, secret and count', () => {
    const story = tell('stable-token');
    const { wall, monotonic } = story.clock.now();
    const hold = { why: 'backoff', until: monotonic + HOUR + 0.4 } as const;
    const state = changed(story.state(), { fingerprint: 'f', attempts: { hold } });
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
    const hold = { why: 'backoff', until: monotonic + HOUR } as const;
    const held = changed(story.state(), { attempts: { hold } });
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
  function heard(story: Story, lastFailure: LastFailure | undefined, changes: Changes = {}, generation = 3) {
    const before = withRecord(story.state(), { generation });
    const known = changed(withRecord(before, lastFailure ? { lastFailure } : {}), changes);
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
    expect(after.attempts).toMatchObject({
      failure: { code: 'wx-45009', effect: 'none', backoff: PASSING },
      reportedByPeer: true,
      failures: 1,
      hold: { why: 'backoff', until: story.clock.now().monotonic + HOUR - SECOND },
    });
  });

  it('the pause of another daemon never exceeds its length, whatever the clock says', () => {
    const story = tell('stable-token');
    const at = story.clock.now().wall + 2 * HOUR;
    const { after } = heard(story, met(story, { at, until: at + MINUTE }));
    expect(after.attempts.hold?.until).toBe(story.clock.now().monotonic + MINUTE);
  });

  it('a pause that is over or no longer than ours changes nothing', () => {
    const story = tell('stable-token');
    const { wall, monotonic } = story.clock.now();
    const over = heard(story, met(story, { until: wall }));
    expect(over.after).toEqual(over.known);
    const hold = { why: 'backoff', until: monotonic + HOUR - SECOND } as const;
    const longer = heard(story, met(story), { attempts: { hold } });
    expect(longer.after).toEqual(longer.known);
    const shorter = heard(story, met(story), {
      attempts: { hold: { ...hold, until: hold.until - 1 } },
    });
    expect(shorter.after.attempts.hold?.until).toBe(hold.until);
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
    expect(heard(story, about('other'), { fingerprint: 'ours' }).after.attempts).not.toHaveProperty('hold');
    expect(heard(story, about('ours'), { fingerprint: 'ours' }).after.attempts).toHaveProperty('hold');
    expect(heard(story, about('any')).after.attempts).toHaveProperty('hold');
  });

  it('a restart retries after a refusal and keeps the pause of a used-up quota', () => {
    const story = tell('stable-token');
    const { backoff: _, effect: _none, ...refused } = REFUSED;
    expect(heard(story, met(story, { failure: refused }), {}, 0).after.attempts).not.toHaveProperty('hold');
    expect(heard(story, met(story, { failure: refused }), {}, 3).after.attempts).toHaveProperty('hold');
    expect(heard(story, met(story), {}, 0).after.attempts).toHaveProperty('hold');
  });

  it('a daemon with a failure of its own does not mark it as reported by another', () => {
    const story = tell('stable-token');
    const own = { ...story.state().attempts, failure: PASSING_FAULT, failures: 4 };
    expect(peerFailure(own, met(story))).toMatchObject({ failures: 4, failure: { code: 'wx-45009' } });
    expect(peerFailure(own, met(story))).not.toHaveProperty('reportedByPeer');
    expect(peerFailure({ ...own, reportedByPeer: true }, met(story))).toHaveProperty('reportedByPeer', true);
  });

  it('a mirror shows the failure of its source and clears it when it is over', () => {
    const story = tell('stable-token', { follows: true });
    const { after } = heard(story, met(story));
    expect(after.attempts).toMatchObject({ reportedByPeer: true, failure: { code: 'wx-45009' } });
    expect(after.attempts).not.toHaveProperty('hold');
    const well = withLastFailure(after, changed(after, { attempts: { failures: 2 } }), contextOf(story));
    expect(well.attempts.failures).toBe(2);
    const { lastFailure: _gone, ...record } = after.record;
    const over = withLastFailure(after, { ...after, record }, contextOf(story));
    expect(over.attempts).toMatchObject({ failures: 0 });
    expect(over.attempts).not.toHaveProperty('failure');
    expect(over.attempts).not.toHaveProperty('reportedByPeer');
  });
});
