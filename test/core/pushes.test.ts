import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/core/failure.ts';
import { isNews, newestTicket } from '../../src/core/pushed-ticket.ts';
import { pushStanding } from '../../src/core/state/pushed.ts';
import { pushed, type Story, tell, token } from '../support/story.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const TICKET_REFUSED: Partial<Failure> = {
  class: 'refused',
  code: 'wx-61006',
  effect: 'none',
  backoff: { first: 10 * MINUTE, growth: 2, cap: HOUR, jitter: 'added' },
  blamesTicket: true,
};

function arrive(story: Story, age = 0, mark = 'a'): void {
  story.happen({ type: 'observed', record: story.state().record, ticket: pushed(story, age, mark) });
}

/** The platform is asked to push, as the loop does it. */
function start(story: Story, failure?: Failure): void {
  const { record } = story.state();
  const next = { ...record, generation: record.generation + 1, pushStartedAt: story.clock.now().wall };
  story.happen({ type: 'push-starting', record: next });
  story.happen({ type: 'observed', record: next });
  story.happen({ type: 'push-started', ...(failure && { failure }) });
}

describe('the ticket that the platform pushes', () => {
  it('without one nothing is fetched, and a component asks the platform to push, once in ten minutes', () => {
    const story = tell('component');
    expect(story.plan().step).toEqual({ kind: 'start-pushes' });
    start(story);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'pushed-ticket' });
    story.clock.pass(9 * MINUTE);
    expect(story.plan().step.kind).toBe('wait');
    story.clock.pass(MINUTE);
    expect(story.plan().step).toEqual({ kind: 'start-pushes' });
  });

  it('a suite waits for a ticket and has nobody to ask', () => {
    const story = tell('wecom-suite');
    story.plan();
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'pushed-ticket' });
    story.clock.pass(24 * HOUR);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'pushed-ticket' });
    arrive(story);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'missing' });
  });

  it('a ticket ends the wait, however old it is: the platform has the last word', () => {
    const story = tell('component');
    arrive(story, 13 * HOUR);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'missing' });
  });

  it('a new ticket is no reason to fetch another token', () => {
    const story = tell('component');
    arrive(story);
    story.fetch(token('one'));
    story.clock.pass(10 * MINUTE);
    arrive(story, 0, 'b');
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('a refused ticket is left alone for ten minutes, and a newer one is tried at once', () => {
    const story = tell('component');
    arrive(story);
    story.fail(TICKET_REFUSED);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
    arrive(story);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
    story.clock.pass(2 * MINUTE);
    arrive(story, 0, 'b');
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'missing' });
  });

  it('the same ticket in a later push is tried as well: the platform stands by it', () => {
    const story = tell('component');
    arrive(story);
    story.fail(TICKET_REFUSED);
    story.clock.pass(2 * MINUTE);
    arrive(story);
    expect(story.plan().step).toMatchObject({ kind: 'fetch' });
  });

  it('a ticket does not end the pause after another failure', () => {
    const story = tell('component');
    arrive(story);
    story.fail({
      class: 'quota',
      effect: 'none',
      backoff: { first: HOUR, growth: 1, cap: HOUR, jitter: 'added' },
    });
    story.clock.pass(2 * MINUTE);
    arrive(story, 0, 'b');
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
  });

  it('a refused ticket takes nothing from the token that is published', () => {
    const story = tell('component');
    arrive(story);
    story.fetch(token('one'));
    const { token: before } = story.state().record;
    story.fail(TICKET_REFUSED);
    expect(story.state().record.token).toBe(before);
    expect(story.state().record.intent).toBeUndefined();
  });

  it('half an hour without a push makes a component ask, also while its token lives', () => {
    const story = tell('component');
    arrive(story);
    story.fetch(token('one'));
    story.clock.pass(29 * MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
    story.clock.pass(MINUTE);
    expect(story.plan().step).toEqual({ kind: 'start-pushes' });
    start(story);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('a wall clock that was set back does not put the next question off', () => {
    const story = tell('component');
    start(story);
    story.clock.set(-5 * HOUR);
    story.clock.pass(10 * MINUTE);
    expect(story.plan().step).toEqual({ kind: 'start-pushes' });
    start(story);
    story.clock.pass(MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'pushed-ticket' });
  });

  it.each([
    ['component', 0, 'flowing'],
    ['component', 30 * MINUTE, 'quiet'],
    ['component', 11 * HOUR, 'ending'],
    ['wecom-suite', 15 * MINUTE, 'flowing'],
    ['wecom-suite', 20 * MINUTE, 'quiet'],
    ['wecom-suite', 28 * MINUTE, 'ending'],
  ] as const)('the pushes of a %s whose newest ticket is %i ms old are %s', (type, age, standing) => {
    const story = tell(type);
    expect(pushStanding(story.state().pushed, story.policy, story.clock.now())).toBe('none');
    arrive(story, age);
    expect(pushStanding(story.state().pushed, story.policy, story.clock.now())).toBe(standing);
  });

  it('of two tickets the later push is the newest one, and the one that is known stays at a tie', () => {
    const story = tell('component');
    const [older, newer] = [pushed(story, MINUTE), pushed(story, 0, 'b')];
    expect(newestTicket(older, newer)).toBe(newer);
    expect(newestTicket(newer, older)).toBe(newer);
    expect(newestTicket(undefined, older)).toBe(older);
    expect(newestTicket(older, pushed(story, MINUTE, 'b'))).toBe(older);
    expect(isNews(older, newer)).toBe(false);
    expect(isNews(newer, newer)).toBe(false);
    expect(isNews(pushed(story, 0, 'c'), newer)).toBe(true);
  });

  it('a ticket that nobody dates keeps the time at which it was found first, and its source is seen to be dead', () => {
    const story = tell('component');
    const find = (mark: string) =>
      story.happen({
        type: 'observed',
        record: story.state().record,
        ticket: { ...pushed(story, 0, mark), undated: true },
      });
    const standing = () => pushStanding(story.state().pushed, story.policy, story.clock.now());
    const seen: (string | undefined)[] = [];
    find('a');
    for (let minute = 0; minute < 12 * 60; minute += 1) {
      story.clock.pass(MINUTE);
      find('a');
      if (seen.at(-1) !== standing()) seen.push(standing());
    }
    expect(seen).toEqual(['flowing', 'quiet', 'ending']);
    find('b');
    expect(standing()).toBe('flowing');
  });

  it('a ticket that a platform repeats for an hour, and nobody dates, is no more than quiet', () => {
    const story = tell('component');
    for (let minute = 0; minute < 12 * 60; minute += 10) {
      const mark = `${Math.floor(minute / 60)}`;
      const ticket = { ...pushed(story, 0, mark), undated: true } as const;
      story.happen({ type: 'observed', record: story.state().record, ticket });
      story.clock.pass(10 * MINUTE);
      const standing = pushStanding(story.state().pushed, story.policy, story.clock.now());
      expect(['flowing', 'quiet']).toContain(standing);
    }
  });

  it('the time of a push counts for a ticket that was found without one, and stays when it is found again', () => {
    const story = tell('component');
    const found = { ...pushed(story, 5 * MINUTE), undated: true } as const;
    const dated = pushed(story, 0);
    expect(isNews(dated, found)).toBe(true);
    expect(isNews({ ...dated, undated: true, createdAt: dated.createdAt + MINUTE }, dated)).toBe(false);
    expect(newestTicket(dated, { ...dated, undated: true, createdAt: dated.createdAt + MINUTE })).toBe(dated);
  });
});

describe('an account that has authorised a third party', () => {
  /** The third party's token, alive. */
  function party() {
    const story = tell('component');
    arrive(story);
    story.fetch(token('party'));
    return story;
  }

  it('it waits for the token of the third party', () => {
    const story = tell('authorizer');
    expect(story.plan(tell('component').state()).step).toMatchObject({ kind: 'wait', why: 'token' });
    expect(story.plan(party().state()).step).toMatchObject({ kind: 'fetch', reason: 'missing' });
  });

  it('it waits while a dead token of the third party is about to be replaced, and no longer than that', () => {
    const story = tell('authorizer');
    const third = party();
    third.happen({ type: 'doubted', by: 'reader' });
    expect(third.plan().step).toMatchObject({ kind: 'fetch', reason: 'refused' });
    expect(story.plan(third.state()).step).toMatchObject({ kind: 'wait', why: 'token' });
    third.fail({ effect: 'none' });
    expect(story.plan(third.state()).step).toMatchObject({ kind: 'fetch' });
    third.clock.pass(2 * MINUTE);
    third.fetch(token('next'));
    expect(story.plan(third.state()).step).toMatchObject({ kind: 'fetch' });
  });

  it('it waits until there is another token where the platform itself has refused that of the third party', () => {
    const story = tell('authorizer');
    const third = party();
    third.happen({ type: 'doubted', by: 'platform' });
    third.fail({ effect: 'none' });
    for (let time = 0; time < 5; time += 1) {
      story.happen({ type: 'requested', strength: 'ordinary' });
      expect(story.plan(third.state()).step).toMatchObject({ kind: 'wait', why: 'token' });
      third.clock.pass(10 * MINUTE);
    }
    third.fetch(token('next'));
    expect(story.plan(third.state()).step).toMatchObject({ kind: 'fetch', reason: 'requested' });
  });

  it('it waits as well while the next try to replace what the platform keeps refusing waits, but not for a hint', () => {
    const [story, refused, hinted] = [tell('authorizer'), party(), party()];
    for (const mark of ['a', 'b', 'c']) {
      refused.happen({ type: 'doubted', by: 'platform' });
      refused.fetch(token(mark));
      hinted.happen({ type: 'doubted', by: 'hint' });
      hinted.fetch(token(mark));
    }
    refused.happen({ type: 'doubted', by: 'platform' });
    hinted.happen({ type: 'doubted', by: 'hint' });
    expect(refused.plan().step).toMatchObject({ kind: 'wait' });
    expect(story.plan(refused.state()).step).toMatchObject({ kind: 'wait', why: 'token' });
    expect(hinted.plan().step).toMatchObject({ kind: 'wait' });
    expect(story.plan(hinted.state()).step).toMatchObject({ kind: 'fetch' });
  });

  it('its refreshes are spread over the first half of the last ten minutes', () => {
    const dueAt = [0, 0.25, 0.5, 0.75, 0.999].map((random) => {
      const story = tell('authorizer', {}, random);
      story.fetch(token('one'));
      const { step } = story.plan(party().state());
      return step.kind === 'wait' ? step.ms / MINUTE : Number.NaN;
    });
    expect(Math.min(...dueAt)).toBeGreaterThanOrEqual(110);
    expect(Math.max(...dueAt)).toBeLessThanOrEqual(115);
    expect(Math.max(...dueAt) - Math.min(...dueAt)).toBeGreaterThan(3);
  });

  it('what it granted is kept from an answer that grants something, and stays through one that does not', () => {
    const story = tell('authorizer');
    const grant = { refreshToken: pushed(story).value, authorisedAt: 1 };
    const answer = { value: pushed(story, 0, 'x').value, expiresIn: 7200 };
    story.happen({ type: 'fetched', answer: { ...answer, grant }, startedAt: story.clock.now() });
    expect(story.state().record.grant).toBe(grant);
    expect(story.state().record.token).not.toHaveProperty('grant');
    story.happen({ type: 'fetched', answer, startedAt: story.clock.now() });
    expect(story.state().record.grant).toBe(grant);
    story.fail();
    expect(story.state().record.grant).toBe(grant);
  });
});
