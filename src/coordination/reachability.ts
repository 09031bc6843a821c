import type { ClusterEvent } from '../core/cluster-event.ts';
import { type Failure, failureOf } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';

/** Whether an object of the cluster can be read, and since when it cannot. */
export interface Reachability {
  good(): void;
  bad(error: unknown): void;
  /** Why the last look failed; undefined where it did not. */
  failure(): Failure | undefined;
  /** The same, once it has lasted for so long that it matters. */
  trouble(): Failure | undefined;
  /** Monotonic ms at which the server last answered well. */
  syncedAt(): number | undefined;
}

export interface ReachabilityOptions {
  /** In words. */
  readonly object: string;
  readonly clock: Clock;
  readonly report: (event: ClusterEvent) => void;
  readonly recovered: () => void;
}

/** What lasts no longer is no reason to go on without; ms. */
const PATIENCE = 10 * SECOND;

export function createReachability({ object, clock, report, recovered }: ReachabilityOptions): Reachability {
  let failure: Failure | undefined;
  let synced: number | undefined;

  return {
    good() {
      synced = clock.now().monotonic;
      if (!failure) return;
      failure = undefined;
      report({ type: 'well', object });
      recovered();
    },
    bad(error) {
      failure = failureOf(error, 'none');
      report({ type: 'trouble', object, failure });
    },
    failure: () => failure,
    trouble() {
      const since = synced === undefined ? Number.POSITIVE_INFINITY : clock.now().monotonic - synced;
      return since >= PATIENCE ? failure : undefined;
    },
    syncedAt: () => synced,
  };
}
