import { setMaxListeners } from 'node:events';
import type { DeliveryEvent } from '../core/events/delivery.ts';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import { type Crowd, createSlots, type Entrant, type Slots } from './concurrency-limiter.ts';
import { createLane, type Lane } from './credential-queue.ts';
import type { Change, Notifier } from './notifier.ts';
import type { Ending } from './time-limit.ts';

/** Concurrent deliveries of a notifier that shares no slots. */
const AT_ONCE = 4;

/** Maximum number of slots for one credential, and for one program or host, among all that share the slots. */
const SHARE = 6;

/**
 * Maximum number of slots that one credential takes of one program or host, so that a target that hangs for it
 * leaves room for others.
 */
const SHARE_OF_SHARE = 2;

/** How long (ms) a running delivery may still end by itself when the daemon stops. */
const GRACE = SECOND / 4;

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
  readonly slots?: Slots;
}

/** A delivery that waits, and what occupies the slots. */
export interface Wait extends Crowd {
  readonly credential: string;
  readonly notifier: string;
}

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
  stop(why?: Ending): Promise<void>;
}

/**
 * Delivers changes to one notifier: for one credential one at a time, for several concurrently. All changes of one
 * kind that arrive during a delivery or while it waits for a retry are merged into one more delivery, of the
 * newest.
 */
export function createDelivery(
  notifier: Notifier,
  { slots = createSlots(AT_ONCE), crowded, name = () => notifier.id, ...options }: DeliveryOptions,
): Delivery {
  const lanes = new Map<string, Lane>();
  const ending = new AbortController();
  // All running deliveries and their leftover processes listen to this signal.
  setMaxListeners(0, ending.signal);
  let stopping = false;
  let idlers: (() => void)[] = [];

  function openLane(credential: string): Lane {
    const onEmpty = () => {
      lanes.delete(credential);
      if (lanes.size > 0) return;
      for (const resolve of idlers) resolve();
      idlers = [];
    };
    const entrant = entrantOf(credential, (crowd) => {
      if (!stopping) crowded?.({ credential, notifier: name(), ...crowd });
    });
    const inTurn = (task: () => Promise<void>) => slots.run(entrant, task);
    const lane = createLane({ ...options, notifier, name, inTurn, end: ending.signal, onEmpty });
    lanes.set(credential, lane);
    return lane;
  }

  function entrantOf(credential: string, onWait: (crowd: Crowd) => void): Entrant {
    const { id, recipient } = notifier;
    const [own, other] = [JSON.stringify(['credential', credential]), JSON.stringify(['to', recipient])];
    const sharers = [
      { key: `${own} ${other}`, name: `${id} of ${credential}`, share: SHARE_OF_SHARE },
      { key: own, name: credential, share: SHARE },
      { key: other, name: id, share: SHARE },
    ];
    return { name: `${name()} of ${credential}`, sharers, group: own, onWait };
  }

  async function idle(): Promise<void> {
    if (lanes.size > 0) await new Promise<void>((resolve) => idlers.push(resolve));
  }

  return {
    changed(change) {
      if (stopping) return;
      const lane = lanes.get(change.credential) ?? openLane(change.credential);
      lane.put(change);
    },

    idle,

    async stop(why = 'stopped') {
      stopping = true;
      for (const lane of [...lanes.values()]) lane.close(why);
      const grace = setTimeout(() => ending.abort(why), GRACE);
      await idle();
      clearTimeout(grace);
      // Programs that ended successfully may have left others running.
      ending.abort(why);
    },
  };
}
