import type { Publisher, Unit } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';

/** What comes together is one look: a write of our own makes several messages, and a busy key makes many. */
const TOGETHER = 0.25 * SECOND;

/** Watches the targets that can tell when somebody changes what they hold. */
export interface TargetWatches {
  /** Watches the targets of these units, and no longer those of others. */
  serve(units: readonly Unit[]): void;
  stop(): void;
}

/** @param touched is called with the ids of a unit and its target, at most every {@link TOGETHER} ms for each */
export function createTargetWatches(touched: (unit: string, target: string) => void): TargetWatches {
  const running = new Map<Publisher, () => void>();

  function watch(unit: Unit, publisher: Publisher): void {
    let timer: NodeJS.Timeout | undefined;
    const changed = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        touched(unit.id, publisher.id);
      }, TOGETHER);
    };
    const end = publisher.watch?.(changed);
    if (!end) return;
    running.set(publisher, () => {
      clearTimeout(timer);
      end();
    });
  }

  function end(publisher: Publisher): void {
    running.get(publisher)?.();
    running.delete(publisher);
  }

  return {
    serve(units) {
      const wanted = new Map(units.flatMap((unit) => unit.publishers.map((publisher) => [publisher, unit])));
      for (const publisher of [...running.keys()]) if (!wanted.has(publisher)) end(publisher);
      for (const [publisher, unit] of wanted) if (!running.has(publisher)) watch(unit, publisher);
    },
    stop() {
      for (const publisher of [...running.keys()]) end(publisher);
    },
  };
}
