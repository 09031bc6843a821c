import type { Leadership } from '../core/events/cluster.ts';
import type { View } from '../core/plan.ts';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import type { Reporter } from '../loop/cell.ts';
import { createCrowdNarrator, createDeliveryNarrator } from '../observability/log/delivery-log.ts';
import { createNarrator } from '../observability/log/event-log.ts';
import type { Logger } from '../observability/log/logger.ts';
import { createOverdue } from '../observability/log/missing-token.ts';
import { atMostEvery } from '../system/time/at-most-every.ts';
import { type Announcer, type AnnouncerOptions, createAnnouncer } from './announcer.ts';

export interface ReportingOptions extends Pick<AnnouncerOptions, 'clock' | 'random' | 'stateOf'> {
  readonly logger: Logger;
  /** Told of everything, as the log is. */
  readonly observer: Reporter | undefined;
  /** Told when our own AppSecret is refused. */
  readonly secretRefused: () => void;
}

/** Everybody who has to hear of what happens: the log, whoever observes, and whoever is to be told of changes. */
export function createReporting({ logger, observer, secretRefused, ...options }: ReportingOptions): {
  readonly report: Reporter;
  readonly announcer: Announcer;
} {
  const narrate = createNarrator(logger);
  const announcer = createAnnouncer({
    ...options,
    report: createDeliveryNarrator(logger),
    crowded: createCrowdNarrator(logger),
  });
  return {
    announcer,
    report(unit, what) {
      narrate(unit, what);
      observer?.(unit, what);
      if (what.type === 'failed' && what.failure.blamesSecret) secretRefused();
      if (unit && what.type === 'published') announcer.published(unit, what.result, what.expiresAt);
    },
  };
}

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
