import type { CredentialConfig, NotifierConfig } from '../config/config.ts';
import type { Kind } from '../core/credential.ts';
import type { Clock, Unit } from '../core/ports.ts';
import type { State } from '../core/state/index.ts';
import { type Targets, targetOf } from '../core/state/targets.ts';
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

/** Calls the configured notifiers after a change has been published. A refresh never waits for them. */
export interface Announcer {
  /** Sets the credentials whose notifiers are called from now on. */
  serve(credentials: readonly CredentialConfig[]): void;
  /**
   * To be called when a target of a unit was brought up to date. Targets that are written together cause one
   * notification, see {@link createPublishDebounce}.
   * @param expiresAt when the token ends, epoch ms
   */
  published: PublishDebounce['arrived'];
  /** Sends the notifications that wait for other targets, then stops the deliveries. */
  stop(): Promise<void>;
}

export interface AnnouncerOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: DeliveryEvent) => void;
  /** Called when a notifier has waited some seconds for other notifiers. */
  readonly crowded: (wait: Wait) => void;
  /** The state of a unit; undefined when it is not served. */
  readonly stateOf: (unit: Published) => Pick<State, 'record' | 'targets'> | undefined;
}

/**
 * Most notifiers of all credentials that run at once: two thousand credentials must not start two thousand programs.
 */
const AT_ONCE = 32;

/** Creates an announcer that serves no credentials yet. */
export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const slots = createConcurrencyLimiter(AT_ONCE);
  let served: ReadonlyMap<string, CredentialConfig> = new Map();
  let deliveries: ReadonlyMap<string, Delivery> = new Map();
  /**
   * Names of the notifiers by key. A name contains the notifier's index, which changes when one before it is removed.
   */
  const names = new Map<string, string>();
  const ending = new Set<Promise<void>>();
  const debounce = createPublishDebounce({ isComplete, tell });

  const keysOf = ({ name, notify }: CredentialConfig) =>
    notify.map((config) => `${name} ${JSON.stringify(config)}`);

  function open(key: string, config: NotifierConfig): Delivery {
    const notifier = createNotifier(config);
    const name = () => names.get(key) ?? notifier.id;
    return createDelivery(notifier, { ...options, slots, name });
  }

  /**
   * Stops a removed delivery. Only {@link Announcer.stop} waits for it, so that the daemon leaves no program behind.
   */
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
    return (state?.targets ?? []).every(({ generation }) => generation === newest);
  }

  function tell(unit: Published, expiresAt: number): void {
    const { name, kind } = unit;
    const credential = served.get(name);
    if (!credential) return;
    const file = fileOf(credential, kind, options.stateOf(unit)?.targets ?? []);
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
      const notifying = credentials.filter(({ notify }) => notify.length > 0);
      served = new Map(notifying.map((credential) => [credential.name, credential]));
      deliveries = next;
      for (const [key, delivery] of before) if (!next.has(key)) end(key, delivery);
    },
    published: debounce.arrived,
    async stop() {
      debounce.flush();
      await Promise.all([...ending, ...[...deliveries.values()].map((delivery) => delivery.stop())]);
    },
  };
}

/** The first file that holds the newest published token; a file that could not be written is skipped. */
function fileOf({ publish }: CredentialConfig, kind: Kind, targets: Targets): string {
  const held = publish.flatMap((target) => {
    const path = target.of === kind ? publishedFile(target) : undefined;
    const { generation, failure } = targetOf(targets, targetKindOf(target).idOf(target)) ?? {};
    return path === undefined || generation === undefined || failure ? [] : [{ path, generation }];
  });
  const newest = Math.max(...held.map(({ generation }) => generation));
  return held.find(({ generation }) => generation === newest)?.path ?? '';
}

/** How long a notification waits for the remaining targets, ms. A write takes far less; a fault may last for days. */
const MAX_WAIT = 2 * SECOND;

export type Published = Pick<Unit, 'id' | 'name' | 'kind'>;

/**
 * Combines the writes of one token to several targets into one notification: it is sent once all of them hold the
 * token, or after two seconds. A target that is written later causes a notification of its own.
 */
export interface PublishDebounce {
  /** To be called when a target of this unit was written or found up to date. @param expiresAt epoch ms */
  arrived(unit: Published, result: 'written' | 'mended' | 'unchanged', expiresAt: number): void;
  /** Sends the waiting notifications at once. */
  flush(): void;
}

export interface PublishDebounceOptions {
  /** Whether all targets of a unit hold its newest token. */
  readonly isComplete: (unit: Published) => boolean;
  /** @param expiresAt of the token that was written last, epoch ms */
  readonly tell: (unit: Published, expiresAt: number) => void;
}

interface PendingChange {
  readonly unit: Published;
  readonly timer: NodeJS.Timeout;
  readonly expiresAt: number;
}

/** Creates the debounce; it calls `tell` once for each change. */
export function createPublishDebounce({ isComplete, tell }: PublishDebounceOptions): PublishDebounce {
  const waiting = new Map<string, PendingChange>();

  function end(id: string): void {
    const change = waiting.get(id);
    if (!change) return;
    clearTimeout(change.timer);
    waiting.delete(id);
    tell(change.unit, change.expiresAt);
  }

  return {
    arrived(unit, result, expiresAt) {
      const { id } = unit;
      if (result === 'written') {
        const timer = waiting.get(id)?.timer ?? setTimeout(end, MAX_WAIT, id);
        waiting.set(id, { unit, timer, expiresAt });
      }
      if (isComplete(unit)) end(id);
    },
    flush() {
      for (const id of [...waiting.keys()]) end(id);
    },
  };
}
