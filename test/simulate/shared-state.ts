import type { AccountStore } from '../../src/core/ports.ts';
import type { Life } from './machine.ts';

/** Where all daemons of an account keep its record, and the lock that says who fetches. */
export interface SharedState {
  open(life: Life): SharedStore;
  /** Tells of every write, a little later. */
  watch(life: Life, watcher: Watcher): void;
  /** Grows with every write. */
  version(): number;
}

export interface Watcher {
  readonly told: () => void;
  /** What waited for the store may go on. */
  readonly freed: () => void;
  /** Whether looks that would have found nothing were skipped. */
  readonly hasRested: () => boolean;
}

export interface SharedStore extends AccountStore {
  /** The version that was read last. */
  seen(): number;
  /** As if nothing had been read yet: the next look is not to be skipped. */
  forget(): void;
  /** A request is on its way: what is written from now on under this lock is what came of it. */
  requestSent(): void;
}
