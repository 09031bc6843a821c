import type { CredentialConfig, NotifierConfig } from '../config/config.ts';
import type { Kind } from '../core/credential.ts';
import type { Clock, Unit } from '../core/ports.ts';
import type { State } from '../core/state/index.ts';
import type { Targets } from '../core/state/targets.ts';
import { SECOND } from '../core/time.ts';
import {
  createConcurrencyLimiter,
  createDelivery,
  createNotifier,
  type Delivery,
  type DeliveryEvent,
  notifierName,
  type Wait,
} from '../notifiers/index.ts';
import { fileOf as publishedFile, targetKindOf } from '../publishers/kinds.ts';

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
  const slots = createConcurrencyLimiter(AT_ONCE);
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
    const path = target.of === kind ? publishedFile(target) : undefined;
    const { generation, failure } = targets[targetKindOf(target).idOf(target)] ?? {};
    return path === undefined || generation === undefined || failure ? [] : [{ path, generation }];
  });
  const newest = Math.max(...held.map(({ generation }) => generation));
  return held.find(({ generation }) => generation === newest)?.path ?? '';
}

/** How long what has arrived waits for what has not, in ms: a write is done in far less, a fault may last for days. */
const PATIENCE = 2 * SECOND;

export type Published = Pick<Unit, 'id' | 'name' | 'kind'>;

/**
 * Makes one change of what is written to several targets one after the other: it is told once all of them hold it, or
 * what has arrived after two seconds. A target that comes later is a change of its own.
 */
export interface Rounds {
  /** A target of this unit was brought up to date: written anew, or found as it should be. */
  arrived(unit: Published, result: 'written' | 'unchanged', expiresAt: number): void;
  /** Tells at once what waits. */
  flush(): void;
}

export interface RoundsOptions {
  /** Whether all targets of a unit hold its newest token. */
  readonly isComplete: (unit: Published) => boolean;
  /** @param expiresAt of what arrived last */
  readonly tell: (unit: Published, expiresAt: number) => void;
}

interface Round {
  readonly unit: Published;
  readonly timer: NodeJS.Timeout;
  readonly expiresAt: number;
}

export function createRounds({ isComplete, tell }: RoundsOptions): Rounds {
  const rounds = new Map<string, Round>();

  function end(id: string): void {
    const round = rounds.get(id);
    if (!round) return;
    clearTimeout(round.timer);
    rounds.delete(id);
    tell(round.unit, round.expiresAt);
  }

  return {
    arrived(unit, result, expiresAt) {
      const { id } = unit;
      if (result === 'written') {
        const timer = rounds.get(id)?.timer ?? setTimeout(end, PATIENCE, id);
        rounds.set(id, { unit, timer, expiresAt });
      }
      if (isComplete(unit)) end(id);
    },
    flush() {
      for (const id of [...rounds.keys()]) end(id);
    },
  };
}
