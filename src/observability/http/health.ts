import { currentFailure } from '../../core/last-failure.ts';
import type { View } from '../../core/plan.ts';
import type { Clock } from '../../core/ports.ts';
import { servedLife } from '../../core/readiness.ts';
import { obstacle } from '../../core/state/index.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import type { HungVolume } from '../../system/fs/turns.ts';
import { inWords } from '../log/duration.ts';
import { stateErrorOf } from '../status/unwritten.ts';

/** The answer to a probe. */
export interface Verdict {
  readonly ok: boolean;
  /** The reasons, one line each; they hold no secrets. */
  readonly lines: readonly string[];
}

export interface Health {
  /** To be called at every tick of the daemon. */
  beat(): void;
  /** Whether the daemon's main loop runs, whatever the state of its credentials. */
  live(): Verdict;
  /** Whether every credential that is not optional is published and has life left. */
  ready(): Verdict;
  /** Whether every credential that is not optional has been published once; once true, it stays true. */
  startedUp(): Verdict;
}

/** The daemon counts as stalled after this long without a tick, ms: three times the longest gap of a schedule. */
const STALLED = 90 * SECOND;

const STALLED_ADVICE =
  'the process was stopped (SIGSTOP), lacks CPU, or waits for a volume that does not answer: see its log';

/** Most lines of one answer. Credentials with a problem come first, since there may be two thousand. */
const MOST_LINES = 100;

/** Judges liveness, readiness and start-up from the views of all units. */
export function createHealth(
  clock: Clock,
  views: () => Iterable<View>,
  hung: () => readonly HungVolume[] = () => [],
): Health {
  let lastBeat = clock.now().monotonic;
  let hasStarted = false;

  function judge(isGood: (view: View, now: Instant) => boolean): Verdict {
    const now = clock.now();
    const judged = [...views()].map((view) => ({ view, good: isGood(view, now) }));
    const ordered = [...judged.filter(({ good }) => !good), ...judged.filter(({ good }) => good)];
    const lines = ordered.slice(0, MOST_LINES).map(({ view }) => describe(view, now));
    const rest = ordered.length - lines.length;
    return {
      ok: judged.every(({ view, good }) => good || view.unit.optional),
      lines: [...hung().map(hangs), ...lines, ...(rest > 0 ? [`and ${rest} more`] : [])],
    };
  }

  return {
    beat() {
      lastBeat = clock.now().monotonic;
    },
    live() {
      const since = clock.now().monotonic - lastBeat;
      const ok = since < STALLED;
      const looked = ok
        ? `the main loop ran ${inWords(since)} ago`
        : `stalled: the main loop last ran ${inWords(since)} ago; ${STALLED_ADVICE}`;
      // A restart does not help: the volume would still hang, and what lies on others would be lost as well.
      return { ok, lines: [looked, ...hung().map(hangs)] };
    },
    ready: () => judge(hasLife),
    startedUp() {
      const verdict = judge(wasPublished);
      hasStarted ||= verdict.ok;
      return { ...verdict, ok: hasStarted };
    },
  };
}

function hangs({ volume, path, ms }: HungVolume): string {
  return `the volume ${volume} does not answer: asked for ${path} ${inWords(ms)} ago`;
}

function hasLife({ unit, state }: View, now: Instant): boolean {
  return (servedLife(state, unit.policy, now) ?? 0) > 0;
}

function wasPublished({ unit, state }: View, now: Instant): boolean {
  return servedLife(state, unit.policy, now) !== undefined;
}

function describe(view: View, now: Instant): string {
  const { unit, state, leader } = view;
  const life = servedLife(state, unit.policy, now);
  const what = life === undefined ? 'not published' : life > 0 ? `valid for ${inWords(life)}` : 'dead';
  const isLacking = (life ?? 0) <= 0;
  // After a restart the record alone knows why, until the platform has been asked again.
  const failure = obstacle(state, now) ?? (isLacking ? currentFailure(state)?.failure : undefined);
  const waits = isLacking && leader !== undefined ? `: waits for ${leader}, which leads` : '';
  const why = failure ? `: ${failure.message}` : waits || (isLacking ? waitsForOthers(view) : '');
  const record = recordLine(view, failure?.message, now);
  return `${unit.name} ${unit.kind}${unit.optional ? ' (optional)' : ''}: ${what}${why}${record}`;
}

/** What has to come from elsewhere before it can be fetched at all. */
function waitsForOthers({ step }: View): string {
  const isForTicket = step.kind === 'start-pushes' || (step.kind === 'wait' && step.why === 'pushed-ticket');
  if (isForTicket) return ': waits for a ticket, which the platform pushes';
  return step.kind === 'wait' && step.why === 'token' ? ': waits for the token that it is fetched with' : '';
}

/** Since when the record cannot be written, and what a restart would cost. @param told message that was told already */
function recordLine(view: View, told: string | undefined, now: Instant): string {
  const error = stateErrorOf(view, now);
  if (!error) return '';
  const { message, since = 0, restart } = error;
  const why = message === told ? '' : `: ${message}`;
  const at = new Date(since * SECOND).toISOString().replace(/\.\d+/, '');
  const what = view.unit.policy.follows ? 'its source cannot be read' : 'its record cannot be written';
  return `; since ${at} ${what}${why}; ${restart}`;
}
