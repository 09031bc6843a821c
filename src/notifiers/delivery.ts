import { setMaxListeners } from 'node:events';
import type { DeliveryEvent } from '../core/delivery-event.ts';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import { createLane, type Lane } from './lane.ts';
import type { Change, Notifier } from './notifier.ts';
import { createSlots, type Slots } from './slots.ts';

/** Deliveries of one notifier at once. */
const AT_ONCE = 4;

/** What runs when the daemon stops may still end by itself, in ms. */
const GRACE = SECOND / 4;

export interface DeliveryOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Must not throw. */
  readonly report: (event: DeliveryEvent) => void;
  /** Shared with other deliveries, so that all of them together run no more at once; absent: four of its own. */
  readonly slots?: Slots;
}

export interface Delivery {
  /** Something has been published. Returns at once, whatever becomes of the delivery, and never throws. */
  changed(change: Change): void;
  /** Resolves when nothing is under way or due, retries included. */
  idle(): Promise<void>;
  /** Starts nothing new; resolves when what ran has ended, little more than a second later at the latest. */
  stop(): Promise<void>;
}

/**
 * Tells one notifier of changes: of one credential one at a time, of several side by side. However many changes of one
 * kind come while one is being told or waits for its retry, they make one more, with the newest.
 */
export function createDelivery(
  notifier: Notifier,
  { slots = createSlots(AT_ONCE), ...options }: DeliveryOptions,
): Delivery {
  const lanes = new Map<string, Lane>();
  const ending = new AbortController();
  // All that runs listen to it, and so do their leftovers.
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
    const sharers = [`credential ${credential}`, notifier.recipient];
    const inTurn = (task: () => Promise<void>) => slots.run(sharers, task);
    const lane = createLane({ ...options, notifier, inTurn, end: ending.signal, onEmpty });
    lanes.set(credential, lane);
    return lane;
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

    async stop() {
      stopping = true;
      for (const lane of [...lanes.values()]) lane.close();
      const grace = setTimeout(() => ending.abort(), GRACE);
      await idle();
      clearTimeout(grace);
      // Programs that have ended well may have left others running.
      ending.abort();
    },
  };
}
