import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { codeOf } from '../../src/core/state/authorisation.ts';
import { pushed, type Story, tell, token } from '../support/story.ts';

const MINUTE = 60_000;

const code = (story: Story, mark: string) => ({
  ...{ value: new Secret(`queryauthcode@@@${mark}`), mark },
  receivedAt: story.clock.now().wall,
});
const granted = (story: Story) => ({ refreshToken: pushed(story).value });

/** The token of the third party lives. */
function party() {
  const story = tell('component');
  story.fetch(token('p'));
  return story.state();
}

/** An account with a token. */
function account(): Story {
  const story = tell('authorizer');
  story.fetch(token('one'));
  return story;
}

function answer(story: Story, value: string, grants = true): void {
  story.happen({
    type: 'fetched',
    answer: { value: new Secret(token(value)), expiresIn: 7200, ...(grants && { grant: granted(story) }) },
    startedAt: story.clock.now(),
  });
}

/** A request leaves, which follows up what is known of an authorisation. */
function begin(story: Story, follows = story.state().authorisation?.mark): void {
  const { record } = story.state();
  const next = { ...record, generation: record.generation + 1 };
  story.happen({ type: 'began', record: next, saved: true, ...(follows !== undefined && { follows }) });
}

describe('an account that has authorised', () => {
  it('its code is sent at once, whatever pause holds other fetches back', () => {
    const story = tell('authorizer');
    story.fail({
      class: 'refused',
      effect: 'none',
      backoff: { first: 10 * MINUTE, growth: 1, cap: 10 * MINUTE, jitter: 'added' },
    });
    expect(story.plan(party()).step).toMatchObject({ kind: 'wait', why: 'backoff' });
    story.happen({ type: 'authorised', sign: code(story, 'a') });
    expect(story.plan(party()).step).toMatchObject({ kind: 'fetch', reason: 'authorised', forced: false });
  });

  it('what its code brings ends the matter, and the same push again begins nothing', () => {
    const story = account();
    story.happen({ type: 'authorised', sign: code(story, 'a') });
    story.happen({ type: 'authorised', sign: code(story, 'a') });
    begin(story);
    answer(story, 'two');
    story.happen({ type: 'saved', generation: story.state().record.generation });
    expect(story.state().record.grant).toMatchObject({ exchanged: 'a' });
    story.happen({ type: 'authorised', sign: code(story, 'a') });
    expect(story.plan(party()).step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('a fetch that had left before does not follow it up', () => {
    const story = account();
    begin(story);
    story.happen({ type: 'authorised', sign: code(story, 'a') });
    answer(story, 'two');
    expect(story.state().record.grant).not.toHaveProperty('exchanged');
    expect(story.plan(party()).step).toMatchObject({ kind: 'fetch', reason: 'authorised' });
  });

  it('neither does one that was prepared for another reason and leaves after it', () => {
    const story = account();
    story.happen({ type: 'authorised', sign: code(story, 'a') });
    begin(story, 'another one');
    answer(story, 'two');
    expect(story.state().record.grant).not.toHaveProperty('exchanged');
    expect(story.plan(party()).step).toMatchObject({ kind: 'fetch', reason: 'authorised' });
    expect(codeOf(story.state().authorisation, story.clock.now())).toBeDefined();
  });

  it('a code that could not be exchanged is tried again after a pause, and no more once it has ended', () => {
    const story = account();
    story.happen({ type: 'authorised', sign: code(story, 'a') });
    story.fail({ effect: 'unsent' });
    expect(story.plan(party()).step).toMatchObject({ kind: 'wait', why: 'backoff' });
    story.clock.pass(MINUTE);
    expect(story.plan(party()).step).toMatchObject({ kind: 'fetch', reason: 'authorised' });
    expect(codeOf(story.state().authorisation, story.clock.now())).toBeDefined();
    story.clock.pass(9 * MINUTE);
    expect(codeOf(story.state().authorisation, story.clock.now())).toBeUndefined();
    // The token is dead all the same: the list has the refresh token, if anybody has exchanged the code.
    expect(story.plan(party()).step).toMatchObject({ kind: 'fetch', reason: 'authorised' });
  });

  it('what another daemon has exchanged is not exchanged again', () => {
    const [story, other] = [account(), account()];
    other.happen({ type: 'authorised', sign: code(other, 'a') });
    begin(other);
    answer(other, 'two');
    story.happen({ type: 'authorised', sign: code(story, 'a') });
    story.happen({ type: 'observed', record: other.state().record });
    expect(story.plan(party()).step).toMatchObject({ kind: 'wait', why: 'fresh' });
    // Another code is another authorisation.
    story.happen({ type: 'authorised', sign: code(story, 'b') });
    expect(story.plan(party()).step).toMatchObject({ kind: 'fetch', reason: 'authorised' });
  });

  it('a token that comes without a grant leaves what is known', () => {
    const story = account();
    answer(story, 'two');
    const { grant } = story.state().record;
    story.happen({ type: 'authorised', sign: code(story, 'a') });
    begin(story);
    answer(story, 'three', false);
    expect(story.state().record.grant).toBe(grant);
    expect(story.state()).not.toHaveProperty('authorisation');
  });

  it('while there is no token of the third party its code waits', () => {
    const story = account();
    story.happen({ type: 'authorised', sign: code(story, 'a') });
    expect(story.plan(tell('component').state()).step).toMatchObject({ kind: 'wait', why: 'token' });
  });
});
