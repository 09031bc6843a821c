import { SECRET_AWAITED } from '../config/secret-file.ts';
import type { Leadership } from '../core/events/cluster.ts';
import type { View } from '../core/plan.ts';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import type { Reporter } from '../loop/cell.ts';
import { createDeliveryLog, createNotifierQueueLog } from '../observability/log/delivery-log.ts';
import { createEventLog } from '../observability/log/event-log.ts';
import type { Logger } from '../observability/log/logger.ts';
import { createMissingTokenAlert } from '../observability/log/missing-token.ts';
import { atMostEvery } from '../system/time/at-most-every.ts';
import { type Announcer, type AnnouncerOptions, createAnnouncer } from './announcer.ts';

export interface ReportingOptions extends Pick<AnnouncerOptions, 'clock' | 'random' | 'stateOf'> {
  readonly logger: Logger;
  /** Called with every report, as the log is. */
  readonly observer: Reporter | undefined;
  /** Called when the platform refuses this daemon's AppSecret. */
  readonly secretRefused: () => void;
}

/** Distributes the reports of the loop to the log, the observer and the notifiers. */
export function createReporting({ logger, observer, secretRefused, ...options }: ReportingOptions): {
  readonly report: Reporter;
  readonly announcer: Announcer;
} {
  const log = createEventLog(logger);
  const announcer = createAnnouncer({
    ...options,
    report: createDeliveryLog(logger),
    crowded: createNotifierQueueLog(logger),
  });
  return {
    announcer,
    report(unit, what) {
      log(unit, what);
      observer?.(unit, what);
      // One that is written once a corp authorises is missing at all daemons alike.
      const isRefused = what.type === 'failed' && what.failure.code !== SECRET_AWAITED;
      if (isRefused && what.failure.blamesSecret) secretRefused();
      if (unit && what.type === 'published') announcer.published(unit, what.result, what.expiresAt);
    },
  };
}

/** A follower's view of the units: it names the leader it waits for, and warns when it has waited for long. */
export interface FollowersView {
  /** The views of all units, one by one; on a follower with the leader that each waits for. */
  views(): Iterable<View>;
  /** Warns of credentials for which the leader has delivered nothing for long. Cheap to call: it acts once a second. */
  look(): void;
}

export interface FollowersViewOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly views: () => Iterable<View>;
  readonly leadership: () => Leadership | undefined;
  /** The daemon that has the lock of an account at the moment, where that is another one. */
  readonly holderOf?: (account: string) => string | undefined;
  /** Duration of the Lease, ms; undefined without a cluster. */
  readonly duration: number | undefined;
}

/** Lease durations that a credential may be without a token before a warning: time for one hand-over and a fetch. */
const LEASES = 3;

/** Creates the view. Without a cluster it adds nothing. */
export function createFollowersView(options: FollowersViewOptions): FollowersView {
  const { clock, logger, leadership, holderOf = () => undefined, duration = 0 } = options;
  const tell = createMissingTokenAlert({ clock, logger, patience: LEASES * duration });

  function* views(): Iterable<View> {
    const { leads = true, holder } = leadership() ?? {};
    for (const view of options.views()) {
      const leader = leads ? holderOf(view.unit.account) : holder;
      yield leader === undefined || view.unit.policy.follows ? view : { ...view, leader };
    }
  }

  function look(): void {
    const known = leadership();
    if (known) tell(known.leads ? [] : [...views()], known);
  }

  return { views, look: atMostEvery(SECOND, clock, look) };
}
