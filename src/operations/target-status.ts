import { targetLife } from '../core/readiness.ts';
import type { State } from '../core/state.ts';
import type { TargetState } from '../core/target.ts';
import { type Instant, SECOND } from '../core/time.ts';
import type { View } from '../core/view.ts';

/**
 * How what readers have stands: it has life left; it has ended; it is not there; it cannot be read by who looks; it is
 * there, and when it ends nobody knows.
 */
export type Standing = 'fresh' | 'dead' | 'missing' | 'unreadable' | 'unknown';

/** How one target stands. Times in epoch seconds, durations in seconds. */
export interface TargetStatus {
  readonly id: string;
  /** `behind`: it holds an older one than the newest, which has life left. */
  readonly state: Standing | 'behind';
  /** Of what it holds, as far as that is known: of an older one than the newest the age is not. */
  readonly age?: number;
  readonly expires_at?: number;
  readonly life_left?: number;
  /** Why it is not up to date, where that is known. */
  readonly error?: TargetError;
}

export interface TargetError {
  readonly code: string;
  readonly message: string;
  readonly advice?: string;
}

/** The code of a failure that says that a target could not be looked at. */
export const UNREADABLE = 'unreadable';

export function targetStatuses(view: View, now: Instant): readonly TargetStatus[] {
  return Object.entries(view.state.targets).map(([id, target]) => targetStatus(id, target, view, now));
}

function targetStatus(id: string, target: TargetState, { unit, state }: View, now: Instant): TargetStatus {
  const life = targetLife(target, state, unit.policy, now);
  const { failure } = target;
  return {
    id,
    state: standing(target, state.record.token?.generation, life),
    ...timesOf(target, state, life, now),
    ...(failure && {
      error: {
        code: failure.code,
        message: failure.message,
        ...(failure.advice && { advice: failure.advice }),
      },
    }),
  };
}

function timesOf(
  { generation = 0, end }: TargetState,
  { record: { token } }: State,
  life: number | undefined,
  now: Instant,
): Pick<TargetStatus, 'age' | 'expires_at' | 'life_left'> {
  if (!token || life === undefined) return {};
  const isNewest = generation >= token.generation;
  return {
    ...(isNewest && { age: seconds(Math.max(0, now.wall - token.issuedAt)) }),
    ...((isNewest || end) && { expires_at: seconds(now.wall + life) }),
    life_left: seconds(Math.max(0, life)),
  };
}

function seconds(ms: number): number {
  return Math.floor(ms / SECOND);
}

function standing(
  { generation, failure }: TargetState,
  newest: number | undefined,
  life: number | undefined,
): TargetStatus['state'] {
  if (generation === undefined) return failure?.code === UNREADABLE ? 'unreadable' : 'missing';
  if (newest === undefined || life === undefined) return 'unknown';
  if (life <= 0) return 'dead';
  return generation < newest ? 'behind' : 'fresh';
}

/** From the worst to the best. */
const WORST: readonly Standing[] = ['missing', 'unreadable', 'dead', 'unknown'];

/** Of the worst one: nobody knows which of them an app reads. */
export function worstOf(targets: readonly TargetStatus[]): Standing {
  return WORST.find((standing) => targets.some(({ state }) => state === standing)) ?? 'fresh';
}
