import type { View } from '../../core/plan.ts';
import type { Clock } from '../../core/ports.ts';
import { servedLife } from '../../core/readiness.ts';
import { obstacle } from '../../core/state/index.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import { inWords } from '../log/duration.ts';

/** What a probe is told. */
export interface Verdict {
  readonly ok: boolean;
  /** What it rests on, a line each; nothing secret. */
  readonly lines: readonly string[];
}

export interface Health {
  /** The daemon has looked at the clock. */
  beat(): void;
  /** Whether the daemon itself goes on, whatever becomes of its credentials: it looks at the clock again and again. */
  live(): Verdict;
  /** Whether every credential that is not optional is published and has life left. */
  ready(): Verdict;
  /** Whether every credential that is not optional has been published once: from then on always. */
  startedUp(): Verdict;
}

/** Three times the longest gap that a schedule may have, ms. */
const STALLED = 90 * SECOND;

/** Lines of one answer: of two thousand credentials those that are wrong come first. */
const MOST_LINES = 100;

export function createHealth(clock: Clock, views: () => readonly View[]): Health {
  let lastBeat = clock.now().monotonic;
  let hasStarted = false;

  function judge(isGood: (view: View, now: Instant) => boolean): Verdict {
    const now = clock.now();
    const judged = views().map((view) => ({ view, good: isGood(view, now) }));
    const ordered = [...judged.filter(({ good }) => !good), ...judged.filter(({ good }) => good)];
    const lines = ordered.slice(0, MOST_LINES).map(({ view }) => describe(view, now));
    const rest = ordered.length - lines.length;
    return {
      ok: judged.every(({ view, good }) => good || view.unit.optional),
      lines: rest > 0 ? [...lines, `and ${rest} more`] : lines,
    };
  }

  return {
    beat() {
      lastBeat = clock.now().monotonic;
    },
    live() {
      const since = clock.now().monotonic - lastBeat;
      const ok = since < STALLED;
      return { ok, lines: [`${ok ? 'looked' : 'stalled: last looked'} at the clock ${inWords(since)} ago`] };
    },
    ready: () => judge(hasLife),
    startedUp() {
      const verdict = judge(wasPublished);
      hasStarted ||= verdict.ok;
      return { ...verdict, ok: hasStarted };
    },
  };
}

function hasLife({ unit, state }: View, now: Instant): boolean {
  return (servedLife(state, unit.policy, now) ?? 0) > 0;
}

function wasPublished({ unit, state }: View, now: Instant): boolean {
  return servedLife(state, unit.policy, now) !== undefined;
}

function describe({ unit, state, leader }: View, now: Instant): string {
  const life = servedLife(state, unit.policy, now);
  const what = life === undefined ? 'not published' : life > 0 ? `good for ${inWords(life)}` : 'dead';
  const failure = obstacle(state, now);
  const waits = (life ?? 0) <= 0 && leader !== undefined ? `: waits for ${leader}, which leads` : '';
  const why = failure ? `: ${failure.message}` : waits;
  return `${unit.name} ${unit.kind}${unit.optional ? ' (optional)' : ''}: ${what}${why}`;
}
