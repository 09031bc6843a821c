import { describe, expect, it } from 'vitest';
import type { Unit } from '../../src/core/ports.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import { HOUR, SECOND } from '../../src/core/time.ts';
import { createReconciler } from '../../src/loop/reconciler.ts';
import { fakeClock } from '../support/clock.ts';
import { policyFor } from '../support/kinds.ts';
import { TARGET, token } from '../support/story.ts';

/** A published token, between edges that know without waiting what the test says. */
async function restingHouse(of: Partial<Unit> = {}) {
  const clock = fakeClock();
  let record: AccountRecord | undefined;
  const known = { record: true, secret: true, target: true };
  const asked = { reads: 0, publications: 0 };
  const unit: Unit = {
    ...{ id: 'shop', name: 'shop', kind: 'token', optional: false, host: 'h', account: 'a' },
    policy: policyFor('stable-token'),
    fingerprint: async () => 'f',
    isSameSecret: () => known.secret,
    provider: {
      fetch: async () => ({ value: new Secret(token('only')), expiresIn: 7200 }),
      probe: async () => ({ works: true }),
    },
    store: {
      async read() {
        asked.reads += 1;
        return record;
      },
      isAsKnown: () => known.record,
      async write(next) {
        record = next;
      },
      lock: async () => ({ held: async () => true, release: async () => {} }),
    },
    publishers: [
      {
        id: TARGET,
        prepare: async () => [],
        isAsPublished: () => known.target,
        async publish() {
          asked.publications += 1;
          return 'unchanged';
        },
      },
    ],
    ...of,
  };
  const reconciler = createReconciler({ clock, random: () => 0.5, report: () => {} });
  reconciler.serve([unit]);
  /** What is asked of the edges in so many seconds. */
  async function asksIn(seconds: number) {
    const before = { ...asked };
    for (let second = 0; second < seconds; second += 1) {
      clock.pass(SECOND);
      reconciler.tick();
      await reconciler.idle();
    }
    return {
      reads: asked.reads - before.reads,
      publications: asked.publications - before.publications,
    };
  }
  await asksIn(5);
  return { asksIn, known, clock, reconciler };
}

describe('resting credential', () => {
  it('a credential of which nothing has changed is only glanced at', async () => {
    const { asksIn, clock, reconciler } = await restingHouse();
    expect(await asksIn(300)).toEqual({ reads: 0, publications: 0 });
    const { store } = reconciler.stateOf('shop') ?? {};
    expect(clock.now().monotonic - (store?.lookedAt ?? 0)).toBeLessThanOrEqual(30 * SECOND);
  });

  it.each([
    ['record', 31],
    ['secret', 31],
    ['target', 61],
  ] as const)(
    'a credential is looked at once its %s may have changed, within %i s',
    async (what, seconds) => {
      const { asksIn, known } = await restingHouse();
      await asksIn(60);
      known[what] = false;
      expect((await asksIn(seconds)).reads).toBeGreaterThan(0);
    },
  );

  it('what happens to a credential that was glanced at happens after the glance', async () => {
    const { asksIn, clock, reconciler } = await restingHouse();
    await asksIn(300);
    reconciler.refreshNow({ strength: 'ordinary' });
    const { store, request } = reconciler.stateOf('shop') ?? {};
    expect(request?.manual).toBe('ordinary');
    expect(clock.now().monotonic - (store?.lookedAt ?? 0)).toBeLessThanOrEqual(30 * SECOND);
  });

  it('a target that may have changed is brought up to date within a minute', async () => {
    const { asksIn, known } = await restingHouse();
    await asksIn(60);
    known.target = false;
    expect((await asksIn(61)).publications).toBeGreaterThan(0);
  });

  it('a target is looked at within a minute, whenever its record was looked at for another reason', async () => {
    for (let before = 0; before < 60; before += 7) {
      for (let after = 0; after < 60; after += 4) {
        const { asksIn, known, reconciler } = await restingHouse();
        await asksIn(60 + before);
        reconciler.invalidate('a');
        await asksIn(after);
        known.target = false;
        expect((await asksIn(60)).publications, `${before} s, then ${after} s`).toBeGreaterThan(0);
      }
    }
  });

  it('a credential whose target tells nothing without waiting is looked at as ever', async () => {
    let publications = 0;
    const publish = async () => {
      publications += 1;
      return 'unchanged' as const;
    };
    const { asksIn } = await restingHouse({ publishers: [{ id: TARGET, prepare: async () => [], publish }] });
    publications = 0;
    expect((await asksIn(61)).reads).toBeGreaterThan(0);
    expect(publications).toBeGreaterThan(0);
  });

  it('a clock that is set past the end of the token has it replaced at the next tick', async () => {
    const { asksIn, clock } = await restingHouse();
    await asksIn(60);
    clock.set(3 * HOUR);
    expect((await asksIn(1)).reads).toBeGreaterThan(0);
  });

  it('an event has the credential looked at, whatever a glance would say', async () => {
    const { asksIn, clock, reconciler } = await restingHouse();
    reconciler.invalidate('a');
    clock.pass(1);
    expect((await asksIn(1)).reads).toBe(1);
  });
});
