import { type Announcer, type AnnouncerOptions, createAnnouncer } from './announcer.ts';
import type { Reporter } from './loop/cell.ts';
import { createCrowdNarrator, createDeliveryNarrator } from './operations/delivery-narrator.ts';
import type { Logger } from './operations/logger.ts';
import { createNarrator } from './operations/narrator.ts';

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
