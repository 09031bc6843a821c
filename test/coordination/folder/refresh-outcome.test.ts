import { describe, expect, it } from 'vitest';
import { judge } from '../../../src/coordination/folder/refresh-desk.ts';
import type { FailureClass } from '../../../src/core/failure.ts';
import type { Step } from '../../../src/core/plan.ts';
import { type Changes, changed } from '../../support/state.ts';
import { PASSING_FAULT, type Story, tell, token } from '../../support/story.ts';

const IDLE: Step = { kind: 'wait', ms: 1_000, why: 'fresh' };

const outcomeOf = (
  { state, clock }: Story,
  changes: Changes = {},
  { forced = false, step = IDLE }: { readonly forced?: boolean; readonly step?: Step } = {},
) => judge({ state: changed(state(), changes), step }, forced, clock.now());

/** A token that every target holds. */
function published(): Story {
  const story = tell('stable-token');
  story.fetch(token('a'));
  story.publish();
  return story;
}

describe('refresh outcomes', () => {
  it('a published token is reported with its remaining seconds', () => {
    const story = published();
    story.clock.pass(600_400);
    expect(outcomeOf(story)).toMatchObject({
      result: 'published',
      message: 'a new token is published, valid for 6600 s',
    });
  });

  it('a token that the platform handed out again is reported as the same', () => {
    expect(outcomeOf(published(), { attempts: { unready: 1 } })?.message).toMatch(
      /^the platform returned the same token again/,
    );
  });

  it('a request stays open until it has begun and while another daemon has it', () => {
    expect(outcomeOf(published(), { request: { manual: 'ordinary' } })).toBeUndefined();
    expect(outcomeOf(published(), { request: { awaited: 3 } })).toBeUndefined();
  });

  it('a request fails once the store is known to be blocked and no earlier', () => {
    const blocked: Step = { kind: 'wait', ms: 1_000, why: 'blocked' };
    const trouble = { failures: 1, failure: { ...PASSING_FAULT, message: 'no locks here' }, retryAt: 0 };
    const waiting = { request: { manual: 'ordinary' }, store: { trouble } } as const;
    expect(outcomeOf(published(), waiting, { step: blocked })).toMatchObject({
      result: 'failed',
      message: 'no locks here',
    });
    expect(outcomeOf(published(), waiting)).toBeUndefined();
    expect(outcomeOf(published(), waiting, { step: { kind: 'look' } })).toBeUndefined();
    expect(outcomeOf(published(), { request: { manual: 'ordinary' } }, { step: blocked })).toBeUndefined();
  });

  it.each([
    ['budget', 'failed', /^call budget exhausted: no fetch is allowed now$/],
    ['lagging', 'refused', /^this AppSecret is outdated/],
    ['mirror', 'failed', /^this daemon only mirrors it/],
  ] as const)('a request that was declined for %s is %s, forced or not', (declined, result, message) => {
    for (const forced of [false, true]) {
      const told = outcomeOf(published(), { request: { declinedBecause: declined } }, { forced });
      expect(told).toMatchObject({ result, message: expect.stringMatching(message) });
    }
  });

  it.each([
    ['uncoordinated', /others may hold the token$/],
    ['store', /recorded first, and the state \(folder, Secret or Redis\) does not work$/],
    ['spacing', /within 30 s of another$/],
    ['forced-budget', /: forced budget exhausted$/],
  ] as const)(
    'a refresh that was not forced for the reason %s fails only a forced request',
    (declined, why) => {
      expect(
        outcomeOf(published(), { request: { declinedBecause: declined } }, { forced: true }),
      ).toMatchObject({
        result: 'failed',
        message: expect.stringMatching(why),
      });
      expect(outcomeOf(published(), { request: { declinedBecause: declined } })?.result).toBe('published');
    },
  );

  it.each<[FailureClass, string]>([
    ['passing', 'failed'],
    ['frequency', 'failed'],
    ['quota', 'failed'],
    ['refused', 'refused'],
    ['confirmation', 'refused'],
  ])('a failure of class %s is reported as %s, with its advice', (kind, result) => {
    const failure = { ...PASSING_FAULT, class: kind, message: 'no' };
    expect(outcomeOf(published(), { attempts: { failure } })).toMatchObject({ result, message: 'no' });
    const advised = { ...failure, advice: 'do this' };
    expect(outcomeOf(published(), { attempts: { failure: advised } })).toMatchObject({
      result,
      message: 'no; do this',
    });
  });

  it('a token that a target lacks keeps its request open until the target fails', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    expect(outcomeOf(story)).toBeUndefined();
    const failure = { ...PASSING_FAULT, message: 'the disk is full' };
    const targets = story.state().targets.map((target) => ({ ...target, dueAt: 0, failures: 1, failure }));
    expect(outcomeOf(story, { targets })).toMatchObject({ result: 'failed', message: 'the disk is full' });
  });
});
