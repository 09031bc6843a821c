import { setMaxListeners } from 'node:events';
import type { DeliveryEvent } from '../core/events/delivery.ts';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import {
  type ConcurrencyLimiter,
  type Congestion,
  createConcurrencyLimiter,
  type TaskInfo,
} from './concurrency-limiter.ts';
import { type CredentialQueue, createCredentialQueue } from './credential-queue.ts';
import type { Change, Notifier } from './notifier.ts';
import type { StopReason } from './time-limit.ts';

/** Concurrent deliveries of a notifier that shares no slots. */
const DEFAULT_CONCURRENCY = 4;

/** Maximum number of slots for one credential, and for one program or host, among all deliveries that share them. */
const BUCKET_LIMIT = 6;

/**
 * Maximum number of slots that one credential takes of one program or host, so that a target that hangs for it
 * leaves room for others.
 */
const PAIR_LIMIT = 2;

/** How long (ms) a running delivery may still end by itself when the daemon stops. */
const STOP_GRACE = SECOND / 4;

export interface DeliveryOptions {
  readonly clock: Clock;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
  /** Receives each outcome. Must not throw. */
  readonly report: (event: DeliveryEvent) => void;
  /**
   * Called when a change has waited for some seconds for other deliveries; once for as long as its credential
   * waits. Must not throw.
   */
  readonly crowded?: (wait: Wait) => void;
  /** Returns the notifier's current name for reports; absent: its id. */
  readonly name?: () => string;
  /** Slots shared with other deliveries, to limit them all together; absent: four of its own. */
  readonly slots?: ConcurrencyLimiter;
}

/** A delivery that waits, and what occupies the slots. */
export interface Wait extends Congestion {
  readonly credential: string;
  readonly notifier: string;
}

/** Deliveries to one notifier. */
export interface Delivery {
  /** Starts the delivery of a change. Returns at once, whatever the outcome, and never throws. */
  changed(change: Change): void;
  /** Resolves when no delivery is in progress, queued or waiting for a retry. */
  idle(): Promise<void>;
  /**
   * Starts no further delivery. Resolves when the running ones have ended, at the latest little more than a second
   * later.
   * @param why reason for reporting the changes that are given up
   */
  stop(why?: StopReason): Promise<void>;
}

/**
 * Delivers changes to one notifier: for one credential one at a time, for several concurrently. All changes of one
 * kind that arrive during a delivery or while it waits for a retry are merged into one more delivery, of the
 * newest.
 */
export function createDelivery(
  notifier: Notifier,
  {
    slots = createConcurrencyLimiter(DEFAULT_CONCURRENCY),
    crowded,
    name = () => notifier.id,
    ...options
  }: DeliveryOptions,
): Delivery {
  const queues = new Map<string, CredentialQueue>();
  const ending = new AbortController();
  // All running deliveries and their leftover processes listen to this signal.
  setMaxListeners(0, ending.signal);
  let stopping = false;
  let idleWaiters: (() => void)[] = [];

  function openQueue(credential: string): CredentialQueue {
    const onEmpty = () => {
      queues.delete(credential);
      if (queues.size > 0) return;
      for (const resolve of idleWaiters) resolve();
      idleWaiters = [];
    };
    const info = taskInfoOf(credential, (congestion) => {
      if (!stopping) crowded?.({ credential, notifier: name(), ...congestion });
    });
    const runLimited = (task: () => Promise<void>) => slots.run(info, task);
    const queue = createCredentialQueue({
      ...options,
      notifier,
      name,
      runLimited,
      abort: ending.signal,
      onEmpty,
    });
    queues.set(credential, queue);
    return queue;
  }

  function taskInfoOf(credential: string, onWait: (congestion: Congestion) => void): TaskInfo {
    const { id, recipient } = notifier;
    const [own, other] = [JSON.stringify(['credential', credential]), JSON.stringify(['to', recipient])];
    const buckets = [
      { key: `${own} ${other}`, name: `${id} of ${credential}`, limit: PAIR_LIMIT },
      { key: own, name: credential, limit: BUCKET_LIMIT },
      { key: other, name: id, limit: BUCKET_LIMIT },
    ];
    return { name: `${name()} of ${credential}`, buckets, group: own, onWait };
  }

  async function idle(): Promise<void> {
    if (queues.size > 0) await new Promise<void>((resolve) => idleWaiters.push(resolve));
  }

  return {
    changed(change) {
      if (stopping) return;
      const queue = queues.get(change.credential) ?? openQueue(change.credential);
      queue.add(change);
    },

    idle,

    async stop(why = 'stopped') {
      stopping = true;
      for (const queue of [...queues.values()]) queue.close(why);
      const grace = setTimeout(() => ending.abort(why), STOP_GRACE);
      await idle();
      clearTimeout(grace);
      // Programs that ended successfully may have left others running.
      ending.abort(why);
    },
  };
}
