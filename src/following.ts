import type { Leadership } from './core/cluster-event.ts';
import type { Clock } from './core/ports.ts';
import { SECOND } from './core/time.ts';
import type { View } from './core/view.ts';
import type { Logger } from './operations/logger.ts';
import { createOverdue } from './operations/overdue.ts';
import { atMostEvery } from './system/at-most-every.ts';

/** What a daemon that does not lead adds to what it knows: for whom it waits, and that it waits for long. */
export interface Following {
  views(): readonly View[];
  /** Tells of what nobody has brought for long. */
  look(): void;
}

export interface FollowingOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly views: () => readonly View[];
  readonly leadership: () => Leadership | undefined;
  /** How long a Lease lasts, ms. */
  readonly duration: number | undefined;
}

/** So many Leases long a credential may be without a token before that is told: one hand-over and a fetch are over by then. */
const LEASES = 3;

export function createFollowing(options: FollowingOptions): Following {
  const { clock, logger, leadership, duration = 0 } = options;
  const tell = createOverdue({ clock, logger, patience: LEASES * duration });

  function views(): readonly View[] {
    const { leads = true, holder } = leadership() ?? {};
    if (leads || holder === undefined) return options.views();
    return options.views().map((view) => (view.unit.policy.follows ? view : { ...view, leader: holder }));
  }

  function look(): void {
    const known = leadership();
    if (known) tell(known.leads ? [] : views(), known);
  }

  return { views, look: atMostEvery(SECOND, clock, look) };
}
