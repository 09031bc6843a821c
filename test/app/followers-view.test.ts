import { describe, expect, it } from 'vitest';
import { createFollowersView } from '../../src/app/observers.ts';
import type { Policy } from '../../src/core/policy.ts';
import { SECOND } from '../../src/core/time.ts';
import type { Logger } from '../../src/observability/log/logger.ts';
import { fakeClock } from '../support/clock.ts';
import { credential } from '../support/views.ts';

const DURATION = 15 * SECOND;
const FOLLOWS = { lease: 'shop/wx-token', leads: false, holder: 'pod-7' };

function daemon(leadership: typeof FOLLOWS | undefined, changes: Partial<Policy> = {}) {
  const clock = fakeClock();
  const lines: string[] = [];
  const silent = () => {};
  const logger: Logger = {
    ...{ error: silent, info: silent, debug: silent },
    warn: (message) => void lines.push(message),
  };
  const shop = credential('shop', { clock });
  let looks = 0;
  const view = () => {
    const { unit, ...rest } = shop.view();
    return { ...rest, unit: { ...unit, policy: { ...unit.policy, ...changes } } };
  };
  const followersView = createFollowersView({
    ...{ clock, logger, duration: DURATION },
    views: () => {
      looks += 1;
      return [view()];
    },
    leadership: () => leadership,
  });
  /** Looks four times a second. */
  const wait = (ms: number) => {
    for (let past = 0; past < ms; past += 250) {
      clock.pass(250);
      followersView.look();
    }
  };
  return { ...followersView, wait, lines, looks: () => looks, views: () => [...followersView.views()] };
}

describe('a daemon that follows another one', () => {
  it('a missing token is told after three Leases, and not before', () => {
    const { wait, lines } = daemon(FOLLOWS);
    wait(3 * DURATION);
    expect(lines).toEqual([]);
    wait(2 * SECOND);
    expect(lines).toEqual([expect.stringMatching(/^no token received for 45 s: pod-7 leads/)]);
  });

  it('a daemon that leads, or is in no cluster, tells nothing', () => {
    const leader = daemon({ ...FOLLOWS, leads: true });
    leader.wait(10 * DURATION);
    expect(leader.lines).toEqual([]);
    expect(leader.views()[0]).not.toHaveProperty('leader');
    const alone = daemon(undefined);
    alone.wait(10 * DURATION);
    expect(alone.lines).toEqual([]);
    expect(alone.views()[0]).not.toHaveProperty('leader');
  });

  it('a follower says for whom it waits', () => {
    expect(daemon(FOLLOWS).views()).toMatchObject([{ leader: 'pod-7' }]);
  });

  it('a mirror waits for its source and not for the daemon that leads', () => {
    const { views, wait, lines } = daemon(FOLLOWS, { follows: true });
    expect(views()[0]).not.toHaveProperty('leader');
    wait(10 * DURATION);
    expect(lines).toEqual([]);
  });

  it('a follower looks for what is missing once a second, however often it is told to', () => {
    const { wait, looks } = daemon(FOLLOWS);
    wait(10 * SECOND);
    expect(looks()).toBe(10);
  });
});
