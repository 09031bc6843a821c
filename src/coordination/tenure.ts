import type { ClusterEvent, Loss } from '../core/cluster-event.ts';
import type { Failure } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { type ElectionTimes, isHeld } from './election.ts';

/** Our own time as the one that was elected: it ends by itself unless it is renewed. */
export interface Tenure {
  /** Whether it lasts, at this very moment. */
  lasts(): boolean;
  /** @param at when the renewal was sent: the others count from when they see it, which is later */
  renewed(at: Instant): void;
  lost(why: Loss, failure?: Failure): void;
  /** It is over, and what becomes of the Lease will be told by {@link lost}. */
  end(): void;
}

export interface TenureOptions {
  /** `NAMESPACE/NAME` */
  readonly lease: string;
  readonly times: ElectionTimes;
  readonly clock: Clock;
  readonly report: (event: ClusterEvent) => void;
  /** Told when it begins. */
  readonly elected: () => void;
}

export function createTenure({ lease, times, clock, report, elected }: TenureOptions): Tenure {
  let renewal: Instant | undefined;
  let told = false;
  let lapse: NodeJS.Timeout | undefined;

  const lasts = () => renewal !== undefined && isHeld(renewal, times, clock.now());

  function end(): void {
    clearTimeout(lapse);
    renewal = undefined;
  }

  function lost(why: Loss, failure?: Failure): void {
    end();
    if (!told) return;
    told = false;
    report({ type: 'follows', lease, why, ...(failure && { failure }) });
  }

  return {
    lasts,
    lost,
    end,
    renewed(at) {
      renewal = at;
      clearTimeout(lapse);
      lapse = setTimeout(() => {
        if (!lasts()) lost('late');
      }, times.renewDeadline + 1);
      if (told) return;
      told = true;
      report({ type: 'leads', lease });
      elected();
    },
  };
}
