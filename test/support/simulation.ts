import type { CredentialType } from '../../src/core/credential.ts';
import { readAnswer } from '../../src/core/credential.ts';
import type { AccountStore, Provider, Publisher, Unit } from '../../src/core/ports.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { DAY, MINUTE } from '../../src/core/time.ts';
import { credentialKinds } from '../../src/providers/index.ts';
import { createReconciler } from '../../src/reconciler.ts';
import { createPlatform, type Platform } from '../../src/sandbox/platform.ts';
import { type FakeClock, fakeClock, seeded } from './clock.ts';
import { TEST_ACCOUNT } from './sandbox.ts';

const TICK = 5_000;
const CLASSIC = '/cgi-bin/token';
const STABLE = '/cgi-bin/stable_token';

export interface Day {
  /** Platform calls for a token. */
  readonly calls: number;
  /** Reads by a reader that re-reads at every tick and asks the platform whether what it read is alive. */
  readonly reads: number;
  /** Reads that found nothing after the first success, or a token that the platform refused. */
  readonly badReads: number;
  /** The least life a published token ever had left, ms. */
  readonly leastLife: number;
}

/**
 * A day of the real planner and loop against the sandbox's own model of the platform, at the speed of arithmetic: only
 * time, the disk and HTTP are played.
 */
export async function simulateDay(type: CredentialType, seed: number): Promise<Day> {
  const clock = fakeClock();
  const random = seeded(seed);
  const platform = createPlatform({ accounts: [TEST_ACCOUNT] });
  const published = { value: '', expiresAt: 0 };
  let calls = 0;
  const unit: Unit = {
    name: 'default',
    account: `weixin/${type}/${TEST_ACCOUNT.appId}`,
    policy: credentialKinds[type].policy({
      window: type === 'access-token' ? 10 * MINUTE : 5 * MINUTE,
      budget: { fetchesPerDay: 2000, forcedPerDay: 20 },
      coordinated: true,
      refusalForces: false,
    }),
    fingerprint: async () => 'f',
    provider: playedProvider(type, platform, clock, () => {
      calls += 1;
    }),
    store: playedStore(),
    publishers: [playedPublisher(published)],
  };
  const reconciler = createReconciler([unit], { clock, random, report: () => {} });

  let reads = 0;
  let badReads = 0;
  let leastLife = Number.POSITIVE_INFINITY;
  for (let passed = 0; passed < DAY; passed += TICK) {
    reconciler.tick();
    await reconciler.idle();
    reads += 1;
    if (!isAlive(platform, published.value, clock)) badReads += 1;
    leastLife = Math.min(leastLife, published.expiresAt - clock.now().wall);
    clock.pass(TICK);
  }
  return { calls, reads, badReads, leastLife };
}

function playedProvider(
  type: CredentialType,
  platform: Platform,
  clock: FakeClock,
  count: () => void,
): Provider {
  const { appId, secret } = TEST_ACCOUNT;
  return {
    works: async () => true,
    async fetch({ forced }) {
      count();
      const parameters = { grant_type: 'client_credential', appid: appId, secret };
      const request =
        type === 'stable-token'
          ? {
              method: 'POST',
              path: STABLE,
              query: {},
              body: JSON.stringify({ ...parameters, force_refresh: forced }),
            }
          : { method: 'GET', path: CLASSIC, query: parameters, body: '' };
      const answer = platform.handle({ ...request, ip: '127.0.0.1' }, clock.now().wall);
      return readAnswer(JSON.parse(answer.body), 'access_token');
    },
  };
}

function isAlive(platform: Platform, token: string, clock: FakeClock): boolean {
  const request = { method: 'GET', path: '/cgi-bin/getcallbackip', query: { access_token: token }, body: '' };
  return 'ip_list' in JSON.parse(platform.handle({ ...request, ip: '127.0.0.1' }, clock.now().wall).body);
}

function playedStore(): AccountStore {
  let stored: AccountRecord | undefined;
  return {
    read: async () => stored,
    write: async (record) => {
      stored = record;
    },
    lock: async () => ({ held: async () => true, release: async () => {} }),
  };
}

function playedPublisher(published: { value: string; expiresAt: number }): Publisher {
  return {
    id: 'played',
    prepare: async () => [],
    publish: async (token) => {
      published.value = token.value.reveal();
      published.expiresAt = token.expiresAt;
      return 'written';
    },
  };
}
