import { describe, expect, it } from 'vitest';
import { createPushEvents } from '../../src/app/push-events.ts';
import type { CredentialConfig } from '../../src/config/config.ts';
import { Secret } from '../../src/core/secret.ts';
import { initialState, type State } from '../../src/core/state/index.ts';
import { after, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import type { PushEvent } from '../../src/push/channel.ts';
import { fakeClock } from '../support/clock.ts';
import { token } from '../support/story.ts';

const SHOP = {
  ...{ name: 'shop', type: 'authorizer', appId: 'wx1111111111111111' },
  via: { name: 'platform', appId: 'wx0000000000000000' },
} as unknown as CredentialConfig;

/** A daemon that has been pushed that an account has authorised again, and what it doubts because of that. */
async function authorisedAgain() {
  const { events, push, ...rest } = daemon();
  await push();
  const brought = () =>
    events.report({ id: 'shop', name: 'shop', kind: 'token' }, { type: 'adopted', lifeMs: 0 });
  return { ...rest, brought };
}

/** The part of a daemon that events of pushes reach. */
function daemon(isKept = true) {
  const clock = fakeClock();
  const doubted: string[] = [];
  const followed: string[] = [];
  const fetched: string[] = [];
  let state: State = initialState('a', [], clock.now(), 0);
  const hold = (value: string, issuedAt: number) => {
    const held = {
      value: new Secret(token(value)),
      expiresIn: 7200,
      issuedAt,
      expiresAt: issuedAt + 2 * HOUR,
      generation: 1,
    };
    state = {
      ...state,
      life: { ...state.life, end: after(clock.now(), 2 * HOUR) },
      record: { ...state.record, generation: 1, token: held },
    };
  };
  const events = createPushEvents({
    clock,
    reconciler: {
      stateOf: () => state,
      refreshNow: ({ names }) => void fetched.push(...(names ?? [])),
      doubt: (isIt, by) => {
        expect(by).toBe('hint');
        const held = state.record.token?.value;
        if (held && isIt(held)) doubted.push(held.reveal());
      },
    },
    follow: async (party, subject) => void followed.push(`${party} ${subject}`),
    credentials: () => [SHOP],
    signal: new AbortController().signal,
  });
  const event = { type: 'event', infoType: 'updateauthorized', createdAt: clock.now().wall } as const;
  const push = (code?: string, changes: Partial<PushEvent> = {}) =>
    events.happened(
      'platform',
      { ...event, subject: 'wx1111111111111111', ...(code !== undefined && { code }), ...changes },
      isKept,
    );
  return { clock, hold, events, push, doubted, followed, fetched };
}

describe('an account that authorises again', () => {
  it('what a fetch brings that was under way meanwhile is doubted: the exchange of the code has replaced it', async () => {
    const { clock, hold, brought, doubted } = await authorisedAgain();
    hold('before', clock.now().wall - SECOND);
    clock.pass(SECOND);
    brought();
    expect(doubted).toEqual([token('before')]);
  });

  it('what was fetched after it is not doubted, and that is the end of it', async () => {
    const { clock, hold, brought, doubted } = await authorisedAgain();
    clock.pass(SECOND);
    hold('after', clock.now().wall);
    brought();
    hold('before', clock.now().wall - 5 * SECOND);
    brought();
    expect(doubted).toEqual([]);
  });

  it('what was fetched before it is doubted no more once every fetch of that time has ended', async () => {
    const { clock, hold, brought, doubted } = await authorisedAgain();
    hold('before', clock.now().wall - SECOND);
    clock.pass(2 * MINUTE);
    brought();
    expect(doubted).toEqual([]);
  });

  it('while its code is kept to be exchanged here nothing is doubted, and nobody waits for an app', async () => {
    const { clock, hold, push, doubted, followed } = daemon();
    hold('before', clock.now().wall);
    await push('queryauthcode@@@1');
    expect([doubted, followed]).toEqual([[], []]);
  });

  it('a push of an hour ago brings no code that works: what is there is doubted', async () => {
    const { clock, hold, push, doubted } = daemon();
    hold('before', clock.now().wall);
    await push('queryauthcode@@@1', { createdAt: clock.now().wall - HOUR });
    expect(doubted).toEqual([token('before')]);
  });

  it('what the platform pushes again is acted upon once, and another event of the same kind again', async () => {
    const { clock, hold, push, doubted } = daemon(false);
    hold('before', clock.now().wall);
    const cancelled = { infoType: 'unauthorized', createdAt: clock.now().wall };
    for (let time = 0; time < 3; time += 1) await push(undefined, cancelled);
    expect(doubted).toHaveLength(1);
    await push(undefined, { ...cancelled, createdAt: clock.now().wall + SECOND });
    expect(doubted).toHaveLength(2);
  });

  it('where an app exchanges its code the list is followed, and what is there is doubted', async () => {
    const { clock, hold, push, doubted, followed } = daemon(false);
    hold('before', clock.now().wall);
    await push('queryauthcode@@@1');
    expect(doubted).toEqual([token('before')]);
    expect(followed).toEqual(['platform wx1111111111111111']);
  });

  it('it is fetched twice more while the app may use the code: that makes a token which replaces what was fetched before', async () => {
    const { clock, hold, events, push, fetched } = daemon(false);
    hold('before', clock.now().wall);
    await push('queryauthcode@@@1');
    // The platform sends a push again that it thinks was not taken.
    await push('queryauthcode@@@1');
    const at: number[] = [];
    for (let passed = 5 * SECOND; passed <= 20 * MINUTE; passed += 5 * SECOND) {
      clock.pass(5 * SECOND);
      events.tick();
      at.push(...fetched.splice(0).map(() => passed / MINUTE));
    }
    expect(at).toEqual([4.5, 9.5]);
  });

  it('it is fetched no more often where no app may use a code', async () => {
    const [kept, cancelled] = [daemon(), daemon(false)];
    await kept.push('queryauthcode@@@1');
    await cancelled.push();
    for (const { clock, events, fetched } of [kept, cancelled]) {
      clock.pass(10 * MINUTE);
      events.tick();
      expect(fetched).toEqual([]);
    }
  });
});
