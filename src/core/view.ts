import type { Step } from './plan.ts';
import type { Unit } from './ports.ts';
import type { State } from './state.ts';

/** A unit as it is now. */
export interface View {
  readonly unit: Unit;
  readonly state: State;
  /** What is to be done next. */
  readonly step: Step;
  /** Whether something is under way for it. */
  readonly busy: boolean;
  /** Who fetches it for all, where that is another daemon. */
  readonly leader?: string;
}
