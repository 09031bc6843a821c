import type { CredentialConfig, NotifierConfig } from './config/config.ts';
import type { Kind } from './core/credential.ts';
import type { Clock } from './core/ports.ts';
import type { State } from './core/state.ts';
import type { Targets } from './core/target.ts';
import {
  createDelivery,
  createNotifier,
  createSlots,
  type Delivery,
  type DeliveryEvent,
  notifierName,
  type Wait,
} from './notifiers/index.ts';
import { idOf } from './publishers/file.ts';
import { createRounds, type Published, type Rounds } from './rounds.ts';

/** Tells whoever is configured to be told, after a change has been published; a refresh never waits for it. */
export interface Announcer {
  /** From now on those of these credentials are told. */
  serve(credentials: readonly CredentialConfig[]): void;
  /**
   * A target of a unit was brought up to date. Whoever is told is told once of all targets that were written together,
   * see {@link createRounds}.
   * @param expiresAt epoch ms
   */
  published: Rounds['arrived'];
  /** Tells at once what waits for other targets, then ends. */
  stop(): Promise<void>;
}

export interface AnnouncerOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: DeliveryEvent) => void;
  /** Somebody has waited for some seconds because of what else runs. */
  readonly crowded: (wait: Wait) => void;
  /** What is known of a unit; undefined where it is not served. */
  readonly stateOf: (unit: Published) => Pick<State, 'record' | 'targets'> | undefined;
}

/** Of all notifiers of all credentials together: two thousand credentials do not start two thousand programs. */
const AT_ONCE = 32;

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const slots = createSlots(AT_ONCE);
  let served: ReadonlyMap<string, CredentialConfig> = new Map();
  let deliveries: ReadonlyMap<string, Delivery> = new Map();
  /** By where they stand now: what comes before one of them may go. */
  const names = new Map<string, string>();
  const ending = new Set<Promise<void>>();
  const rounds = createRounds({ isComplete, tell });

  const keysOf = ({ name, notify }: CredentialConfig) =>
    notify.map((config) => `${name} ${JSON.stringify(config)}`);

  function open(key: string, config: NotifierConfig): Delivery {
    const notifier = createNotifier(config);
    const name = () => names.get(key) ?? notifier.id;
    return createDelivery(notifier, { ...options, slots, name });
  }

  /** Nobody waits for it but the end of the daemon, which is not to leave a program behind. */
  function end(key: string, delivery: Delivery): void {
    const ended = delivery.stop('removed').then(() => {
      ending.delete(ended);
      if (!deliveries.has(key)) names.delete(key);
    });
    ending.add(ended);
  }

  function isComplete(unit: Published): boolean {
    const state = options.stateOf(unit);
    const newest = state?.record.token?.generation;
    return Object.values(state?.targets ?? {}).every(({ generation }) => generation === newest);
  }

  function tell(unit: Published, expiresAt: number): void {
    const { name, kind } = unit;
    const credential = served.get(name);
    if (!credential) return;
    const file = fileOf(credential, kind, options.stateOf(unit)?.targets ?? {});
    const change = { credential: name, kind, file, expiresAt: Math.floor(expiresAt / 1000) };
    for (const key of keysOf(credential)) deliveries.get(key)?.changed(change);
  }

  return {
    serve(credentials) {
      const before = deliveries;
      const next = new Map<string, Delivery>();
      for (const credential of credentials) {
        for (const [index, key] of keysOf(credential).entries()) {
          const config = credential.notify[index];
          const known = before.get(key);
          if (config) names.set(key, notifierName(config, index));
          if (known) next.set(key, known);
          else if (config) next.set(key, open(key, config));
        }
      }
      served = new Map(credentials.map((credential) => [credential.name, credential]));
      deliveries = next;
      for (const [key, delivery] of before) if (!next.has(key)) end(key, delivery);
    },
    published: rounds.arrived,
    async stop() {
      rounds.flush();
      await Promise.all([...ending, ...[...deliveries.values()].map((delivery) => delivery.stop())]);
    },
  };
}

/** The first file that holds the newest of what has arrived; one that could not be written is not named. */
function fileOf({ publish }: CredentialConfig, kind: Kind, targets: Targets): string {
  const held = publish.flatMap((target) => {
    if (target.type !== 'file' || target.of !== kind) return [];
    const { generation, failure } = targets[idOf(target)] ?? {};
    return generation === undefined || failure ? [] : [{ path: target.path, generation }];
  });
  const newest = Math.max(...held.map(({ generation }) => generation));
  return held.find(({ generation }) => generation === newest)?.path ?? '';
}
