import type { Unit } from '../../src/core/ports.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import { SECOND } from '../../src/core/time.ts';
import { createReconciler } from '../../src/loop/reconciler.ts';
import { fakeClock } from '../support/clock.ts';
import { policyFor } from '../support/kinds.ts';
import { figuresOf, shown } from './figures.ts';
import type { Measure } from './row.ts';

const MANY = 10_000;
/** Ticks that are timed. */
const ROUNDS = 200;

/** The loop alone, between edges that cost nothing: what it takes to find that there is nothing to do. */
export const measureTick: Measure = async () => {
  const clock = fakeClock();
  const units = Array.from({ length: MANY }, (_, index) => unitOf(`c${index}`));
  const reconciler = createReconciler({ clock, random: Math.random, report: () => {} });
  reconciler.serve(units);
  // The first looks and fetches, the second looks again at what has been published.
  for (let round = 0; round < 4; round += 1) {
    reconciler.tick();
    await reconciler.idle();
    clock.pass(SECOND);
  }
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = performance.now();
    reconciler.tick();
    times.push(performance.now() - from);
    await reconciler.idle();
    clock.pass(10);
  }
  const tick = figuresOf(times);
  return [
    {
      what: `a tick with nothing to do, ${MANY} credentials: the loop alone`,
      ours: shown(tick, 'ms', 2),
      bare: '',
      figure: shown(tick, 'ms', 2),
      budget: '≤ 10 ms',
      met: tick.median <= 10,
    },
  ];
};

function unitOf(name: string): Unit {
  const account = `weixin/stable-token/${name}`;
  let record: AccountRecord | undefined;
  return {
    ...{ id: name, name, kind: 'token', optional: false, account, host: 'https://api.weixin.qq.com' },
    policy: policyFor('stable-token'),
    fingerprint: async () => 'f'.repeat(32),
    provider: {
      fetch: async () => ({ value: new Secret(`90_${name}_${'a'.repeat(130)}`), expiresIn: 7200 }),
      probe: async () => ({ works: true }),
    },
    store: {
      read: async () => record,
      write: async (next) => {
        record = next;
      },
      lock: async () => ({ held: async () => true, release: async () => {} }),
    },
    publishers: [{ id: `file:${name}`, prepare: async () => [], publish: async () => 'written' }],
  };
}
