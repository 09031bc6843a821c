import type { Report } from '../../core/events/report.ts';
import type { Clock, Unit } from '../../core/ports.ts';
import { HOUR } from '../../core/time.ts';

/** What came of the calls of one hour. */
export interface HourOfHistory {
  /** Its beginning, epoch ms. */
  readonly at: number;
  readonly refreshed: number;
  readonly failed: number;
}

export interface History {
  report(of: Pick<Unit, 'name' | 'kind'> | undefined, report: Report): void;
  /** The last 24 hours, the current one last, those in which nothing happened left out. */
  of(unit: Pick<Unit, 'name' | 'kind'>): readonly HourOfHistory[];
  /** What is not among these is forgotten. */
  serve(units: readonly Pick<Unit, 'name' | 'kind'>[]): void;
}

/** Hours, the one that has begun included. */
export const HISTORY_HOURS = 24;

/** What became of the calls of the last day, for people who look; it begins with the process. */
export function createHistory(clock: Clock): History {
  let hours = new Map<string, readonly HourOfHistory[]>();

  const keyOf = ({ name, kind }: Pick<Unit, 'name' | 'kind'>) => `${name}/${kind}`;

  function recent(key: string, now: number): readonly HourOfHistory[] {
    const oldest = now - (HISTORY_HOURS - 1) * HOUR;
    return (hours.get(key) ?? []).filter(({ at }) => at >= oldest && at <= now);
  }

  const thisHour = () => Math.floor(clock.now().wall / HOUR) * HOUR;

  return {
    report(of, { type }) {
      const isCall = type === 'refreshed' || type === 'unchanged' || type === 'failed';
      if (!of || !isCall) return;
      const at = thisHour();
      const known = recent(keyOf(of), at);
      const current = known.at(-1)?.at === at ? known.at(-1) : undefined;
      const counted = {
        at,
        refreshed: (current?.refreshed ?? 0) + (type === 'failed' ? 0 : 1),
        failed: (current?.failed ?? 0) + (type === 'failed' ? 1 : 0),
      };
      hours.set(keyOf(of), [...(current ? known.slice(0, -1) : known), counted]);
    },
    of: (unit) => recent(keyOf(unit), thisHour()),
    serve(units) {
      const kept = units.map((unit) => [keyOf(unit), recent(keyOf(unit), thisHour())] as const);
      hours = new Map(kept.filter(([, known]) => known.length > 0));
    },
  };
}
