import { describe, expect, it } from 'vitest';
import { REFUSED } from '../../../src/core/errcodes/rule.ts';
import { PASSING } from '../../../src/core/failure.ts';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { statusOf } from '../../../src/observability/status/status.ts';
import { type Story, TARGET, tell, token } from '../../support/story.ts';
import { viewOf } from '../../support/view.ts';

const FULL = {
  class: 'passing',
  code: 'ENOSPC',
  message: 'full',
  zh: { message: 'full' },
  effect: 'none',
  backoff: PASSING,
} as const;

const never = () => Promise.reject(new TypeError('not asked'));

function status(story: Story) {
  return statusOf(viewOf(story), story.clock.now());
}

describe('status of a credential', () => {
  it('a published token is fresh, shown with age, life and calls but without its value', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.publish();
    story.clock.pass(HOUR);
    const told = status(story);
    const began = Date.UTC(2026, 0, 1) / 1000;
    expect(told).toEqual({
      credential: 'shop',
      kind: 'token',
      account: 'weixin/stable-token/wx0000000000000000',
      optional: false,
      state: 'fresh',
      issued_at: began,
      expires_at: began + 7200,
      expires_in: 7200,
      age: 3600,
      life_left: 3600,
      targets: [{ id: TARGET, state: 'fresh', age: 3600, expires_at: began + 7200, life_left: 3600 }],
      next: {
        ...{ in: 3318, what: 'asking the platform for the next one', brief: 'the next one' },
        zh: { what: '向微信获取下一个', brief: '下一个' },
      },
      calls: { fetches: { used: 1, limit: 2000 }, forced: { used: 0, limit: 20 } },
    });
    expect(JSON.stringify(told)).not.toContain(token('a'));
  });

  it('an unpublished token is missing, with the error of the target and the remedy', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    expect(status(story)).toMatchObject({
      state: 'missing',
      life_left: 7200,
      targets: [{ state: 'missing' }],
    });
    story.happen({ type: 'unpublished', target: TARGET, failure: { ...FULL, advice: 'free some space' } });
    expect(status(story).targets).toEqual([
      {
        ...{ id: TARGET, state: 'missing' },
        error: { code: 'ENOSPC', message: 'full', advice: 'free some space', zh: { message: 'full' } },
      },
    ]);
  });

  it('a target with a live older token is behind while the credential stays fresh', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.publish();
    story.clock.pass(HOUR + 57 * MINUTE);
    story.fetch(token('b'));
    story.happen({ type: 'unpublished', target: TARGET, failure: FULL });
    expect(status(story)).toMatchObject({
      state: 'fresh',
      targets: [{ state: 'behind', life_left: 180, error: { code: 'ENOSPC', message: 'full' } }],
    });
    story.clock.pass(3 * MINUTE);
    expect(status(story)).toMatchObject({ state: 'dead', life_left: 7020, targets: [{ state: 'dead' }] });
  });

  it('an expired token is dead, shown with the last error, its count and its start', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.publish();
    story.clock.pass(HOUR + 56 * MINUTE);
    const since = story.clock.now().wall / 1000;
    const refusal = { ...REFUSED, code: 'wx-40164', message: 'not whitelisted', effect: 'none' } as const;
    for (let time = 0; time < 3; time += 1) {
      story.fail({ ...refusal, errcode: 40164, rid: '1-2-3', advice: 'add the address' });
      story.clock.pass(5 * MINUTE);
    }
    expect(status(story)).toMatchObject({
      state: 'dead',
      error: {
        code: 'wx-40164',
        message: 'not whitelisted',
        advice: 'add the address',
        errcode: 40164,
        rid: '1-2-3',
        failures: 3,
        since,
      },
    });
  });

  it('a state folder that does not work is shown with its error, since when, and what a restart costs', () => {
    const story = tell('stable-token');
    const since = story.clock.now().wall / 1000;
    story.happen({ type: 'unstored', failure: { ...FULL, advice: 'free some space' } });
    story.clock.pass(MINUTE);
    const told = { code: 'ENOSPC', message: 'full', advice: 'free some space', since };
    expect(status(story).state_error).toEqual({
      ...told,
      restart_costs: 'nothing',
      restart: expect.stringMatching(/^a restart now costs no call and forgets nothing/),
      zh: { message: 'full', restart: expect.stringMatching(/^现在重启不花调用/) },
    });
    story.fetch(token('a'));
    story.happen({ type: 'observed', record: undefined });
    story.happen({ type: 'unstored', failure: FULL });
    expect(status(story).state_error).toMatchObject({
      restart_costs: 'call',
      restart: expect.stringMatching(/^a restart now costs a call, .+; readers keep theirs/),
    });
  });

  it('an access-token may not start before its state folder can be written, and says what that costs', () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    story.happen({ type: 'observed', record: undefined });
    story.happen({ type: 'unstored', failure: FULL });
    const { restart_costs, restart } = status(story).state_error ?? {};
    expect(restart_costs).toBe('token');
    expect(restart).toMatch(/costs a call and the token that readers hold.+; before .+ may not start$/);
    // A Secret of a cluster is no folder that a start needs.
    const store = { handOver: async () => {}, read: never, write: never, lock: never };
    expect(statusOf(viewOf(story, { store }), story.clock.now()).state_error?.restart).not.toMatch(/start$/);
  });

  it('a record that another daemon keeps from being written is told after a moment', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({ type: 'observed', record: undefined });
    expect(status(story).state_error).toBeUndefined();
    story.clock.pass(10_000);
    expect(status(story).state_error).toMatchObject({ code: 'unsaved', restart_costs: 'call' });
  });

  it('a credential without targets has the state of its token', () => {
    const story = tell('stable-token');
    story.happen({ type: 'retargeted', targets: [] });
    expect(status(story).state).toBe('missing');
    story.fetch(token('a'));
    expect(status(story).state).toBe('fresh');
    story.clock.pass(2 * HOUR);
    expect(status(story).state).toBe('dead');
  });
});
