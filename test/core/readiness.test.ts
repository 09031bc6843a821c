import { describe, expect, it } from 'vitest';
import { PASSING } from '../../src/core/failure.ts';
import { servedLife } from '../../src/core/readiness.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { type Story, TARGET, tell } from '../support/story.ts';

const FULL = {
  class: 'passing',
  code: 'ENOSPC',
  message: 'full',
  zh: { message: 'full' },
  effect: 'none',
  backoff: PASSING,
} as const;

function lifeOf({ state, policy, clock }: Story): number | undefined {
  return servedLife(state(), policy, clock.now());
}

describe('life of the published token', () => {
  it('readers have no token before the first publication, however good it is', () => {
    const story = tell('stable-token');
    story.fetch('first', 7200);
    expect(lifeOf(story)).toBeUndefined();
  });

  it('readers have the remaining life of the published token', () => {
    const story = tell('stable-token');
    story.fetch('first', 7200);
    story.publish();
    story.clock.pass(HOUR);
    expect(lifeOf(story)).toBe(HOUR);
  });

  it('readers have the overlap of the old token while the new one cannot be written', () => {
    const story = tell('access-token');
    story.fetch('first', 7200);
    story.publish();
    story.clock.pass(110 * MINUTE);
    story.fetch('second', 7200);
    story.happen({ type: 'unpublished', target: TARGET, failure: FULL });
    expect(lifeOf(story)).toBe(5 * MINUTE);
    story.clock.pass(5 * MINUTE + SECOND);
    expect(lifeOf(story)).toBe(-SECOND);
  });

  it('readers never have more than the remaining life of the old token', () => {
    const story = tell('stable-token');
    story.fetch('first', 7200);
    story.publish();
    story.clock.pass(118 * MINUTE);
    story.fetch('second', 7200);
    expect(lifeOf(story)).toBe(2 * MINUTE);
  });

  it('readers have no life left when the token ends without a successor', () => {
    const story = tell('stable-token');
    story.fetch('first', 7200);
    story.publish();
    story.clock.pass(2 * HOUR);
    story.fail();
    expect(lifeOf(story)).toBe(0);
  });
});
