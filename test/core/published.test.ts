import { describe, expect, it } from 'vitest';
import type { Token } from '../../src/core/credential.ts';
import { type Published, weigh } from '../../src/core/published.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import { lifeLeft } from '../../src/core/state/life.ts';
import type { CredentialType } from '../support/kinds.ts';
import { type Story, TARGET, tell } from '../support/story.ts';

const HOUR = 3_600_000;
const TYPES = ['stable-token', 'access-token'] as const;

/** A daemon whose record has a token of an hour ago, and what its target holds. */
function begun(type: CredentialType) {
  const before = tell(type);
  before.fetch('the-token-of-the-record');
  const { record } = before.state();
  before.clock.pass(HOUR);
  const now = before.clock.now().wall;
  const found = (changes: Partial<Token> = {}, age = 600_000): Published => ({
    token: {
      value: new Secret('the-token-that-is-published'),
      expiresIn: 7200,
      issuedAt: now - age,
      expiresAt: now - age + 2 * HOUR,
      generation: record.generation + 1,
      ...changes,
    },
  });
  /** The same process begins anew with what it finds. */
  function begin(stored: AccountRecord | undefined, ...published: readonly Published[]): Story {
    const story = tell(type, {}, 0.5, before.clock);
    story.happen({ type: 'observed', record: stored, published });
    return story;
  }
  return { record, found, begin, now };
}

const tokenOf = (story: Story) => story.state().record.token?.value.reveal();
const OURS = 'the-token-of-the-record';
const THEIRS = 'the-token-that-is-published';

describe.each(TYPES)('the newest of record and publication wins (%s)', (type) => {
  it('a published token that is newer than the record is taken over and saved, without a call', () => {
    const { record, found, begin } = begun(type);
    const story = begin(record, found());
    expect(tokenOf(story)).toBe(THEIRS);
    expect(story.state().store.saved).toBe(false);
    expect(story.plan().step).toEqual({ kind: 'save' });
    expect(story.state().record.ledger).toEqual(record.ledger);
    expect(story.state().record.generation).toBeGreaterThan(record.generation);
  });

  it('a published token that is older than the record is not', () => {
    const { record, found, begin } = begun(type);
    expect(tokenOf(begin(record, found({ generation: record.generation - 1 }, HOUR + 600_000)))).toBe(OURS);
  });

  it('without a record the published token is adopted, and nothing is fetched', () => {
    const { found, begin } = begun(type);
    const story = begin(undefined, found());
    expect(tokenOf(story)).toBe(THEIRS);
    expect(story.plan().step).toEqual({ kind: 'save' });
  });

  it('a published token that is dead, or from the future, is no evidence', () => {
    const { record, found, begin } = begun(type);
    for (const age of [2 * HOUR, 3 * HOUR, -24 * HOUR]) {
      expect(tokenOf(begin(record, found({}, age)))).toBe(OURS);
      expect(tokenOf(begin(undefined, found({}, age)))).toBeUndefined();
    }
  });

  it('the newest of several targets that disagree wins, in any order', () => {
    const { record, found, begin } = begun(type);
    const newer = found(
      { value: new Secret('the-newest-of-the-three'), generation: record.generation + 5 },
      60_000,
    );
    const older = found({ generation: record.generation - 1 }, HOUR + 600_000);
    for (const order of [
      [newer, found(), older],
      [older, found(), newer],
      [found(), newer, older],
    ]) {
      expect(tokenOf(begin(record, ...order))).toBe('the-newest-of-the-three');
      expect(tokenOf(begin(undefined, ...order))).toBe('the-newest-of-the-three');
    }
  });

  it('the intent of the fetch that brought the published token is settled', () => {
    const { record, found, begin, now } = begun(type);
    const lagging = {
      ...record,
      generation: record.generation + 1,
      intent: { at: now - 600_500, forced: true },
    };
    const story = begin(lagging, found({ generation: record.generation + 2 }));
    expect(story.state().record.intent).toBeUndefined();
    expect(
      lifeLeft(story.state().life, { wall: now, monotonic: story.clock.now().monotonic }),
    ).toBeGreaterThan(HOUR);
  });

  it('an intent after the published token still says that it may be dying', () => {
    const { record, found, begin, now } = begun(type);
    const later = { ...record, generation: record.generation + 1, intent: { at: now - 1000, forced: true } };
    expect(begin(later, found({ generation: record.generation + 9 })).state().record.intent).toBeDefined();
  });

  it('a value whose age nobody knows makes the platform be asked, and our token stays until then', () => {
    const { record, found, begin } = begun(type);
    const bare: Published = { ...found({ generation: 0 }), isBare: true };
    const story = begin(record, bare);
    expect(tokenOf(story)).toBe(OURS);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'refused' });
    const weighed = () => {
      const { token } = story.state().record;
      if (!token) throw new Error('no token');
      return weigh(bare, token, story.state(), { policy: story.policy, now: story.clock.now(), random: 0.5 });
    };
    expect(weighed()).toBe('newer');
    story.fetch(type === 'stable-token' ? OURS : 'the-token-after-both');
    expect(weighed()).toBe('older');
  });

  it('a value whose age nobody knows is not taken over, even where there is no other token', () => {
    const { found, begin } = begun(type);
    const story = begin(undefined, { ...found({ generation: 0 }), isBare: true });
    expect(tokenOf(story)).toBeUndefined();
    expect(story.plan()).toMatchObject({ publish: [], step: { kind: 'fetch', reason: 'missing' } });
  });

  it('whoever writes values again and again makes the platform be asked once a minute', () => {
    const { record, found, begin, now } = begun(type);
    const story = begin(record);
    const scribble = (text: string) => {
      const passed = story.clock.now().wall - now;
      const published: Published = {
        ...found({ value: new Secret(text), generation: 0 }, -passed),
        isBare: true,
      };
      story.happen({ type: 'found', target: TARGET, published });
      return story.plan().step;
    };
    expect(scribble('the-first-scribbled-value')).toMatchObject({ kind: 'fetch', reason: 'refused' });
    expect(story.plan().publish).toEqual([]);
    story.fetch('the-token-after-the-scribble');
    story.clock.pass(30_000);
    expect(scribble('the-second-scribbled-value').kind).toBe('wait');
    story.clock.pass(60_000);
    expect(scribble('the-third-scribbled-value')).toMatchObject({ kind: 'fetch', reason: 'refused' });
  });

  it('a running daemon that finds a newer token takes it over', () => {
    const { record, found, begin } = begun(type);
    const story = begin(record);
    expect(tokenOf(story)).toBe(OURS);
    story.happen({ type: 'found', target: TARGET, published: found({ generation: 1 }, 1_000) });
    expect(tokenOf(story)).toBe(OURS);
    story.happen({
      type: 'found',
      target: TARGET,
      published: found({ generation: record.generation + 1 }, 1_000),
    });
    expect(tokenOf(story)).toBe(THEIRS);
  });

  it('a store that comes back with an older token than the published one is written anew', () => {
    const { record, found, begin } = begun(type);
    const story = begin(undefined, found({ generation: record.generation + 2 }));
    story.happen({ type: 'observed', record });
    expect(tokenOf(story)).toBe(THEIRS);
    expect(story.state().store.saved).toBe(false);
  });
});

describe('the same token in both', () => {
  it('nothing is taken over, and nothing has to be saved', () => {
    const { record, begin } = begun('stable-token');
    const { token } = record;
    if (!token) throw new Error('no token');
    const story = begin(record, { token }, { token: { ...token, generation: 0 } });
    expect(story.state().record).toEqual(record);
    expect(story.state().store.saved).toBe(true);
  });
});
