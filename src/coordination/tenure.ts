import type { ClusterEvent, Loss } from '../core/cluster-event.ts';
import type { Clock } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { type ElectionTimes, isHeld } from './election.ts';

/** Our own time as the one that was elected: it ends by itself unless it is renewed. */
export interface Tenure {
  /** Whether it lasts, at this very moment. */
  lasts(): boolean;
  /** @param at when the renewal was sent: the others count from when they see it, which is later */
  renewed(at: Instant): void;
  lost(why: Loss): void;
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

  function lost(why: Loss): void {
    clearTimeout(lapse);
    renewal = undefined;
    if (!told) return;
    told = false;
    report({ type: 'follows', lease, why });
  }

  return {
    lasts,
    lost,
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
