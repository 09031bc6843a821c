import type { Policy } from './policy.ts';
import type { Instant } from './time.ts';

/** What a step from one state to the next may depend on besides the state and the event. */
export interface Context {
  readonly policy: Policy;
  readonly now: Instant;
  /** In [0, 1). */
  readonly random: number;
}
