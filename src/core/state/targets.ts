import type { Failure } from '../failure.ts';
import type { Deadline } from '../time.ts';

/** What is known of a place to which a credential is published. */
export interface TargetState {
  /** The generation of the token it holds; undefined until this process has looked. */
  readonly generation?: number;
  /** The end of that token, as it was known when it was published. */
  readonly end?: Deadline;
  /** Monotonic ms from which on it may be tried, or looked at, again. */
  readonly dueAt: number;
  readonly failures: number;
  readonly failure?: Failure;
}

/** By the publishers' ids. */
export type Targets = Readonly<Record<string, TargetState>>;

/** Targets of which nothing is known: what they hold is looked at, and replaced if need be. */
export function freshTargets(ids: readonly string[]): Targets {
  return Object.fromEntries(ids.map((id) => [id, { dueAt: 0, failures: 0 }]));
}

/** Every target is to be brought up to date at once, whatever it was waiting for. */
export function allDue(targets: Targets): Targets {
  return Object.fromEntries(Object.entries(targets).map(([id, target]) => [id, { ...target, dueAt: 0 }]));
}
