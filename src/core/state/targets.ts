/** What is known of the places to which a credential is published. */
import type { Context } from '../context.ts';
import { backoffDelay, type Failure } from '../failure.ts';
import { type Deadline, type Instant, MINUTE, SECOND } from '../time.ts';

/** What is known of one of them. */
export interface TargetState {
  /** That of its publisher. */
  readonly id: string;
  /** The generation of the token it holds; undefined until this process has looked. */
  readonly generation?: number;
  /** The end of that token, as it was known when it was published. */
  readonly end?: Deadline;
  /** Monotonic ms from which on the target may be tried, or looked at, again. */
  readonly dueAt: number;
  readonly failures: number;
  readonly failure?: Failure;
  /** What is wrong with it although it holds the token. */
  readonly flaw?: Failure;
}

/** In the order of the publishers. A list, since V8 gives an object with a key of its own a layout of its own. */
export type Targets = readonly TargetState[];

/** A published target is looked at again this often, in case someone changed or removed it. */
export const RECHECK_TARGET = MINUTE;

/** A target that is left alone for now is looked at again this often, ms. */
const LOOK_SOON = 2 * SECOND;

/** Targets of which nothing is known: what they hold is looked at, and replaced if need be. */
export function freshTargets(ids: readonly string[]): Targets {
  return ids.map(fresh);
}

function fresh(id: string): TargetState {
  return { id, dueAt: 0, failures: 0 };
}

export function targetOf(targets: Targets, id: string): TargetState | undefined {
  return targets.find((target) => target.id === id);
}

/** Every target is to be brought up to date at once, whatever it was waiting for. */
export function allDue(targets: Targets): Targets {
  return targets.map((target) => ({ ...target, dueAt: 0 }));
}

/**
 * A target holds a token.
 * @param isCurrent whether it is the newest that we know; if not, the target is due at once
 */
export function published(
  targets: Targets,
  id: string,
  token: Pick<TargetState, 'generation' | 'end' | 'flaw'>,
  isCurrent: boolean,
  now: Instant,
): Targets {
  const dueAt = isCurrent ? now.monotonic + RECHECK_TARGET : 0;
  return withTarget(targets, { id, ...token, dueAt, failures: 0 });
}

/** Whether what a look has found at a target is what was known of it before. */
export function isConfirmed(before: TargetState | undefined, found: TargetState | undefined): boolean {
  return (
    before?.generation === found?.generation &&
    before?.end?.wall === found?.end?.wall &&
    before?.failure === found?.failure &&
    before?.flaw?.message === found?.flaw?.message
  );
}

/** Monotonic ms at which the first of them is to be looked at. */
export function dueAt(targets: Targets): number {
  let first = Number.POSITIVE_INFINITY;
  for (const target of targets) first = Math.min(first, target.dueAt);
  return first;
}

/** A target could not be brought up to date. It still holds what it held. */
export function unpublished(
  targets: Targets,
  id: string,
  failure: Failure,
  { now, random }: Pick<Context, 'now' | 'random'>,
): Targets {
  const known = targetOf(targets, id) ?? fresh(id);
  const failures = known.failures + 1;
  const dueAt = now.monotonic + backoffDelay(failure.backoff, failures, random);
  return withTarget(targets, { ...known, dueAt, failures, failure });
}

/** A target holds what may be newer than our token, and is left alone until the platform has been asked. */
export function leftAlone(targets: Targets, id: string, now: Instant): Targets {
  const known = targetOf(targets, id) ?? fresh(id);
  return withTarget(targets, { ...known, dueAt: now.monotonic + LOOK_SOON });
}

/** Somebody may have changed what a target holds, or it can be reached again: it is looked at at once. */
export function touched(targets: Targets, id: string): Targets {
  const known = targetOf(targets, id);
  return known ? withTarget(targets, { ...known, dueAt: 0 }) : targets;
}

/** Ids of the targets that may be tried, or looked at, now. */
export function dueTargets(targets: Targets, now: Instant): string[] {
  return targets.filter((target) => now.monotonic >= target.dueAt).map(({ id }) => id);
}

/** The targets with what is known of one of them now. */
function withTarget(targets: Targets, next: TargetState): Targets {
  return targetOf(targets, next.id)
    ? targets.map((target) => (target.id === next.id ? next : target))
    : [...targets, next];
}
