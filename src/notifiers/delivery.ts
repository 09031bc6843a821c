import { setMaxListeners } from 'node:events';
import type { DeliveryEvent } from '../core/events/delivery.ts';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import { type Crowd, createSlots, type Entrant, type Slots } from './concurrency-limiter.ts';
import { createLane, type Lane } from './credential-queue.ts';
import type { Change, Notifier } from './notifier.ts';
import type { Ending } from './time-limit.ts';

/** Deliveries of one notifier at once. */
const AT_ONCE = 4;

/** Of all that share the room, so much is one credential's, and so much talks to one program or host. */
const SHARE = 6;

/** So much of one program or host is one credential's: what hangs for it leaves room for others. */
const SHARE_OF_SHARE = 2;

/** What runs when the daemon stops may still end by itself, in ms. */
const GRACE = SECOND / 4;

export interface DeliveryOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Must not throw. */
  readonly report: (event: DeliveryEvent) => void;
  /** A change has waited for some seconds because of what else runs; once while the credential waits. Must not throw. */
  readonly crowded?: (wait: Wait) => void;
  /** What it is called in reports, as it is configured now; its id where absent. */
  readonly name?: () => string;
  /** Shared with other deliveries, so that all of them together run no more at once; absent: four of its own. */
  readonly slots?: Slots;
}

/** Who waits, and what takes the room. */
export interface Wait extends Crowd {
  readonly credential: string;
  readonly notifier: string;
}

export interface Delivery {
  /** Something has been published. Returns at once, whatever becomes of the delivery, and never throws. */
  changed(change: Change): void;
  /** Resolves when nothing is under way or due, retries included. */
  idle(): Promise<void>;
  /**
   * Starts nothing new; resolves when what ran has ended, little more than a second later at the latest.
   * @param why told with what has to be given up
   */
  stop(why?: Ending): Promise<void>;
}

/**
 * Tells one notifier of changes: of one credential one at a time, of several side by side. However many changes of one
 * kind come while one is being told or waits for its retry, they make one more, with the newest.
 */
export function createDelivery(
  notifier: Notifier,
  { slots = createSlots(AT_ONCE), crowded, name = () => notifier.id, ...options }: DeliveryOptions,
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
      // Programs that have ended well may have left others running.
      ending.abort(why);
    },
  };
}
