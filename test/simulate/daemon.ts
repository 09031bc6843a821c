import type { Policy } from '../../src/core/policy.ts';
import type { Publisher, Unit } from '../../src/core/ports.ts';
import { Secret } from '../../src/core/secret.ts';
import type { State } from '../../src/core/state/index.ts';
import { SECOND } from '../../src/core/time.ts';
import { createReconciler } from '../../src/loop/reconciler.ts';
import { bound } from '../../src/providers/bound.ts';
import type { CredentialKind } from '../../src/providers/kind.ts';
import { createPlatform } from '../../src/providers/platform.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import type { Agenda } from './agenda.ts';
import { restOf } from './due.ts';
import type { PublishedFile } from './file.ts';
import { createMachine, type Life, type MachineOptions, type Strike } from './machine.ts';
import type { Network } from './network.ts';
import type { SharedState } from './shared-state.ts';

export interface DaemonOptions extends MachineOptions {
  readonly agenda: Agenda;
  /** In [0, 1). */
  readonly random: () => number;
  readonly kind: CredentialKind;
  readonly policy: Policy;
  readonly shared: SharedState;
  readonly network: Network;
  /** Its machine does not get out to the platform. */
  readonly isCutOff: boolean;
  readonly file: PublishedFile;
  /** What is to befall the daemon in its next refresh. */
  readonly nextStrike: () => Strike | undefined;
}

/** A daemon through all its lives: the real reconciler and provider between edges that are played. */
export interface Daemon {
  start(): void;
  /** Ends it as TERM does, and starts it anew. */
  restart(): void;
  /** Somebody sets its machine's wall clock, by so many ms. */
  setClock(ms: number): void;
}

/** The default schedule's, ms. */
const TICK = 5 * SECOND;

/** The planner's net below the watch, ms. */
const LOOK_AGAIN = 30 * SECOND;

const NAME = 'default';
export const ACCOUNT = 'simulated';
const HOSTS = ['https://api.weixin.qq.com'];

export function createDaemon(options: DaemonOptions): Daemon {
  const { agenda, random, kind, policy, shared, network, isCutOff, file, nextStrike } = options;
  const machine = createMachine(agenda, options, start);
  let settle = () => {};
  let stop = async () => {};
  let clockSet = () => {};

  function start(): void {
    const life = machine.begin(() => settle());
    const store = shared.open(life);
    const unit: Unit = {
      id: NAME,
      name: NAME,
      kind: 'token',
      optional: false,
      host: HOSTS[0] ?? '',
      account: ACCOUNT,
      policy,
      fingerprint: async () => 'f',
      provider: bound(kind, {
        appId: TEST_ACCOUNT.appId,
        secret: async () => new Secret(TEST_ACCOUNT.secret),
        platform: createPlatform(
          'official',
          HOSTS,
          network.connect(life, store.requestSent, isCutOff),
          life.clock,
        ),
      }),
      store: {
        ...store,
        lock(purpose) {
          machine.arm(nextStrike());
          return store.lock(purpose);
        },
      },
      publishers: [playedPublisher(life, file, agenda, random)],
    };
    const reconciler = createReconciler({ clock: life.clock, random, report: () => {} });
    reconciler.serve([unit]);
    const stateNow = () => reconciler.stateOf(NAME);

    stop = reconciler.stop;
    clockSet = () => {
      store.forget();
      settled = undefined;
      settle();
    };
    let nextTick: number | undefined;
    let settled: State | undefined;
    settle = () => {
      const state = stateNow();
      // A tick is planned already, and nothing has happened since.
      if (!state || (state === settled && nextTick !== undefined)) return;
      settled = state;
      const rest = restOf(state, policy, life.clock.now(), shared.version() !== store.seen());
      const tick = machine.nextTick(agenda.now() + Math.max(1, rest), TICK);
      if (tick === nextTick) return;
      nextTick = tick;
      life.after(tick - agenda.now(), () => {
        if (nextTick !== tick) return;
        nextTick = undefined;
        reconciler.tick();
      });
    };
    shared.watch(life, {
      told: () => reconciler.invalidate(ACCOUNT),
      freed: reconciler.free,
      hasRested: () => {
        const seenAt = stateNow()?.store.seenAt;
        return seenAt !== undefined && life.clock.now().monotonic - seenAt.monotonic > LOOK_AGAIN;
      },
    });
    life.after(0, reconciler.tick);
  }

  return {
    start,
    restart: () => void stop().then(start),
    setClock(ms) {
      machine.setClock(ms);
      clockSet();
    },
  };
}

/** Writes files that readers of the simulation read. */
export function playedPublisher(
  life: Life,
  file: PublishedFile,
  agenda: Agenda,
  random: () => number,
): Publisher {
  return {
    id: 'played',
    prepare: async () => [],
    async publish({ value }, { isNewest }) {
      if (file.holds() === value.reveal()) return 'unchanged';
      await life.pause(2 + 18 * random());
      await life.reach('publishing');
      if (!(await isNewest())) return 'superseded';
      file.write(value.reveal(), agenda.now());
      return 'written';
    },
  };
}
