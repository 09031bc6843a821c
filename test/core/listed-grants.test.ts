import { describe, expect, it } from 'vitest';
import { EdgeError } from '../../src/core/failure.ts';
import { Secret } from '../../src/core/secret.ts';
import { codeOf, isNewGrant } from '../../src/core/state/authorisation.ts';
import { MINUTE } from '../../src/core/time.ts';
import { type Story, tell, token } from '../support/story.ts';

const refused = { first: 10 * MINUTE, growth: 1, cap: 10 * MINUTE, jitter: 'added' } as const;

const grant = (name: string, authorisedAt?: number) => ({
  refreshToken: new Secret(`refreshtoken@@@${name}`),
  ...(authorisedAt !== undefined && { authorisedAt }),
});

/** An account that was fetched with that refresh token. */
function account(name: string, authorisedAt?: number): Story {
  const story = tell('authorizer');
  story.happen({
    type: 'fetched',
    answer: { value: new Secret(token('one')), expiresIn: 7200, grant: grant(name, authorisedAt) },
    startedAt: story.clock.now(),
  });
  story.happen({ type: 'saved', generation: story.state().record.generation });
  return story;
}

function party() {
  const story = tell('component');
  story.fetch(token('p'));
  return story.state();
}

const isNew = (story: Story, listed: ReturnType<typeof grant>, readAt: number) =>
  isNewGrant(listed, story.state(), readAt, story.clock.now());

const code = (story: Story) => ({
  ...{ value: new Secret('queryauthcode@@@x'), mark: 'x' },
  receivedAt: story.clock.now().wall,
});

describe('an account as the list tells of it', () => {
  it('another refresh token is another authorisation, but in a reading that is older than the token', () => {
    const story = account('a');
    const { wall } = story.clock.now();
    expect(isNew(story, grant('a'), wall + 1)).toBe(false);
    expect(isNew(story, grant('b'), wall + 1)).toBe(true);
    expect(isNew(story, grant('b'), wall - 1)).toBe(false);
  });

  it('a later time of authorisation is one as well, and an earlier one never is', () => {
    const story = account('a', 2000);
    const { wall } = story.clock.now();
    expect(isNew(story, grant('a', 3000), wall - 1)).toBe(true);
    expect(isNew(story, grant('b', 1000), wall + 1)).toBe(false);
    expect(isNew(story, grant('b', 2000), wall + 1)).toBe(true);
  });

  it('one that waits because the list had nothing for it goes on at once; any other is fetched anyway', () => {
    const story = tell('authorizer');
    expect(isNew(story, grant('a'), story.clock.now().wall)).toBe(false);
    story.fail({ class: 'refused', effect: 'none', backoff: refused });
    expect(isNew(story, grant('a'), story.clock.now().wall)).toBe(true);
  });

  it('it is fetched at once with what is listed, and the same reading again begins nothing', () => {
    const story = account('a');
    const sign = { grant: grant('b'), mark: 'm' };
    story.happen({ type: 'authorised', sign });
    expect(story.plan(party()).step).toMatchObject({ kind: 'fetch', reason: 'authorised' });
    // What the fetch that was under way brings by the same refresh token follows it up.
    story.happen({
      type: 'fetched',
      answer: { value: new Secret(token('two')), expiresIn: 7200, grant: grant('b') },
      startedAt: story.clock.now(),
    });
    story.happen({ type: 'saved', generation: story.state().record.generation });
    expect(story.plan(party()).step).toMatchObject({ kind: 'wait', why: 'fresh' });
    story.happen({ type: 'authorised', sign });
    expect(story.plan(party()).step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('what another daemon has fetched with it is not fetched again', () => {
    const [story, other] = [account('a'), account('b')];
    other.fetch(token('two'));
    story.happen({ type: 'authorised', sign: { grant: grant('b'), mark: 'm' } });
    story.happen({ type: 'observed', record: { ...other.state().record, generation: 9 } });
    expect(story.state()).not.toHaveProperty('authorisation');
  });

  it('a code that works counts for more than what a list says', () => {
    const story = account('a');
    story.happen({ type: 'authorised', sign: code(story) });
    story.happen({ type: 'authorised', sign: { grant: grant('b'), mark: 'm' } });
    expect(codeOf(story.state().authorisation, story.clock.now())).toBeDefined();
  });
});

describe('a code that works no more', () => {
  const spent = new EdgeError({
    ...{ class: 'refused', code: 'no-refresh-token', effect: 'none', backoff: refused, spendsCode: true },
    message: { en: 'no', zh: '无' },
  }).failure;

  function sentCode(): Story {
    const story = account('a');
    story.happen({ type: 'authorised', sign: code(story) });
    const { record } = story.state();
    const next = { ...record, generation: record.generation + 1 };
    story.happen({ type: 'began', record: next, saved: true, follows: 'x' });
    return story;
  }

  it('it is not sent again where the platform refuses the account without it, here or at another daemon', () => {
    const story = sentCode();
    story.happen({ type: 'failed', failure: spent });
    expect(story.state()).not.toHaveProperty('authorisation');
    expect(story.state().record.grant).toMatchObject({ exchanged: 'x' });
    const other = account('a');
    other.happen({ type: 'authorised', sign: code(other) });
    other.happen({ type: 'observed', record: { ...story.state().record, generation: 9 } });
    expect(other.state()).not.toHaveProperty('authorisation');
  });

  it('where the list could not be read, the account is tried again, and the code is not', () => {
    const story = sentCode();
    story.happen({ type: 'failed', failure: { ...spent, class: 'passing' } });
    expect(codeOf(story.state().authorisation, story.clock.now())).toBeUndefined();
    story.clock.pass(20 * MINUTE);
    expect(story.plan(party()).step).toMatchObject({ kind: 'fetch', reason: 'authorised' });
  });

  it('a refusal of something else leaves a code that still works', () => {
    const story = sentCode();
    const { spendsCode: _, ...blocked } = spent;
    story.happen({ type: 'failed', failure: blocked });
    expect(codeOf(story.state().authorisation, story.clock.now())).toBeDefined();
  });

  it('what has come of it elsewhere ends it here', () => {
    const story = sentCode();
    story.happen({ type: 'code-settled', mark: 'another' });
    expect(story.state()).toHaveProperty('authorisation');
    story.happen({ type: 'code-settled', mark: 'x' });
    expect(story.state()).not.toHaveProperty('authorisation');
  });
});
