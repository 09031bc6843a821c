import { apply } from '../core/apply.ts';
import type { Event } from '../core/events/event.ts';
import type { Report } from '../core/events/report.ts';
import { type Plan, plan, type Rest } from '../core/plan.ts';
import type { Clock, Slices, Unit } from '../core/ports.ts';
import type { State } from '../core/state/index.ts';
import type { Instant } from '../core/time.ts';

/** A unit with what is known of it: only {@link Happen} changes that. */
export interface Cell {
  /** Another one of the same account after a change of the configuration. */
  unit: Unit;
  state: State;
  /** Its place in the order of the units; none once it is no longer among them. */
  slot: number;
  /** Until when it need not be planned again, unless something happens to it. */
  rest?: Rest | undefined;
  /** When a glance last found that nothing has changed, which the state does not say yet: see {@link stateOf}. */
  glancedAt?: Instant | undefined;
  /** The one whose token this one is fetched with. */
  base?: Cell | undefined;
  /** Those that are fetched with its token. */
  leaning: readonly Cell[];
}

/**
 * What is known of it. A glance that finds nothing leaves no new state behind, but a note: thousands of states a minute would
 * each live just long enough to be kept where only a collection of the whole heap finds them.
 */
export function stateOf({ state, unit: { policy }, glancedAt: now }: Cell): State {
  return now ? apply(state, { type: 'unchanged' }, { policy, now, random: 0 }) : state;
}

/** The same, for good: what else becomes known comes after it. */
export function settle(cell: Cell): State {
  cell.state = stateOf(cell);
  cell.glancedAt = undefined;
  return cell.state;
}

/** What is to be done about it next. */
export function planOf(cell: Cell, now: Instant): Plan {
  return plan(stateOf(cell), cell.unit.policy, now, cell.base?.state);
}

/** Applies an event to what is known. */
export type Happen = (cell: Cell, event: Event) => void;

/** Told what happened to which unit; of a refusal that fits no unit, to none. */
export type Reporter = (
  unit: Pick<Unit, 'id' | 'name' | 'kind' | 'base' | 'listedBy'> | undefined,
  report: Report,
) => void;

export interface Surroundings {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: Reporter;
  /** Asks for a tick in so many ms, should the next one come later; absent: ticks come often enough. */
  readonly wakeIn?: (ms: number) => void;
  /** Divides the planning of all that is due at a time; absent: it is done in one go. */
  readonly slices?: () => Slices;
}

/** What every part of the loop works with. */
export interface Loop {
  readonly clock: Clock;
  readonly report: Reporter;
  readonly happen: Happen;
}
