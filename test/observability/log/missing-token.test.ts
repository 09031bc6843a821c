import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { createMissingTokenAlert } from '../../../src/observability/log/missing-token.ts';
import { fakeClock } from '../../support/clock.ts';
import { credential } from '../../support/views.ts';

const FOLLOWS = { lease: 'shop/wx-token', leads: false, holder: 'pod-7' };

function follower(patience = 45 * SECOND) {
  const clock = fakeClock();
  const lines: { readonly message: string; readonly fields?: object }[] = [];
  const logger = {
    warn: (message: string, fields?: object) => lines.push({ message, ...(fields && { fields }) }),
  };
  const shop = credential('shop', { clock });
  const tell = createMissingTokenAlert({ clock, logger, patience });
  /** Looks every second. */
  function wait(ms: number, leadership = FOLLOWS): void {
    for (let past = 0; past < ms; past += SECOND) {
      clock.pass(SECOND);
      tell([shop.view()], leadership);
    }
  }
  return { clock, lines, shop, wait };
}

describe('tokens overdue from the leader', () => {
  it('an overdue token is logged once while it lasts, with the leader and the start time', () => {
    const { lines, wait, shop, clock } = follower();
    const since = new Date(clock.now().wall + SECOND).toISOString();
    wait(45 * SECOND);
    expect(lines).toEqual([]);
    wait(HOUR);
    expect(lines).toEqual([
      {
        message: 'no token received for 45 s: pod-7 leads and alone may fetch it',
        fields: {
          credential: 'shop',
          lease: 'shop/wx-token',
          holder: 'pod-7',
          since,
          advice: { en: expect.any(String), zh: expect.any(String) },
        },
      },
    ]);
    shop.story.fetch('first');
    wait(MINUTE);
    expect(lines).toHaveLength(1);
    wait(3 * HOUR);
    expect(lines.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^no token received/),
      expect.stringMatching(/^no newer token received for 2 min 30 s: pod-7/),
    ]);
  });

  it('the warning about an overdue token includes the last error that the leader recorded', () => {
    const { lines, wait, shop } = follower();
    shop.story.fail({ class: 'refused', message: 'not on the whitelist' });
    wait(MINUTE);
    expect(lines[0]?.message).toMatch(/alone may fetch it; last failure: not on the whitelist$/);
  });

  it('an overdue token is logged even when no leader is known', () => {
    const { lines, wait } = follower();
    const { holder: _nobody, ...rest } = FOLLOWS;
    wait(MINUTE, rest as typeof FOLLOWS);
    expect(lines[0]?.message).toMatch(/: no leader is known$/);
  });
});
