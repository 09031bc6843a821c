import type { Report } from '../../core/events/report.ts';
import type { Clock, Unit } from '../../core/ports.ts';
import { HOUR } from '../../core/time.ts';

/** The results of the platform calls of one hour. */
export interface HourOfHistory {
  /** Start of the hour, epoch ms. */
  readonly at: number;
  readonly refreshed: number;
  readonly failed: number;
}

export interface History {
  report(of: Pick<Unit, 'id'> | undefined, report: Report): void;
  /** Returns the last 24 hours, the current one last, without the hours in which nothing happened. */
  of(unit: Pick<Unit, 'id'>): readonly HourOfHistory[];
  /** Sets the units that are served. The history of all other units is forgotten. */
  serve(units: readonly Pick<Unit, 'id'>[]): void;
}

/** Length of the history in hours, including the current hour. */
export const HISTORY_HOURS = 24;

/** Counts the results of the platform calls of the last day, for people. The history begins with the process. */
export function createHistory(clock: Clock): History {
  let hours = new Map<string, readonly HourOfHistory[]>();

  function recent(id: string, now: number): readonly HourOfHistory[] {
    const oldest = now - (HISTORY_HOURS - 1) * HOUR;
    return (hours.get(id) ?? []).filter(({ at }) => at >= oldest && at <= now);
  }

  const thisHour = () => Math.floor(clock.now().wall / HOUR) * HOUR;

  return {
    report(of, { type }) {
      const isCall = type === 'refreshed' || type === 'unchanged' || type === 'failed';
      if (!of || !isCall) return;
      const at = thisHour();
      const known = recent(of.id, at);
      const current = known.at(-1)?.at === at ? known.at(-1) : undefined;
      const counted = {
        at,
        refreshed: (current?.refreshed ?? 0) + (type === 'failed' ? 0 : 1),
        failed: (current?.failed ?? 0) + (type === 'failed' ? 1 : 0),
      };
      hours.set(of.id, [...(current ? known.slice(0, -1) : known), counted]);
    },
    of: (unit) => recent(unit.id, thisHour()),
    serve(units) {
      const kept = units.map((unit) => [unit.id, recent(unit.id, thisHour())] as const);
      hours = new Map(kept.filter(([, known]) => known.length > 0));
    },
  };
}
