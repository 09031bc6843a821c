import type { Kind } from '../core/credential.ts';
import type { Failure } from '../core/failure.ts';
import { spent } from '../core/quota.ts';
import { currentSetback } from '../core/setback.ts';
import { ledgerTimeOf, lifeLeft, type State } from '../core/state.ts';
import { type Instant, SECOND } from '../core/time.ts';
import type { View } from '../core/view.ts';
import { type NextStep, nextStep } from './next-step.ts';
import {
  type Standing,
  type TargetError,
  type TargetStatus,
  targetStatuses,
  worstOf,
} from './target-status.ts';

/** How it stands, as people and programs read it. Times in epoch seconds, durations in seconds; nothing secret. */
export interface Status {
  readonly credential: string;
  readonly kind: Kind;
  /** Platform, type and appid. */
  readonly account: string;
  readonly optional: boolean;
  /** Of the worst target; without targets, of the newest token. */
  readonly state: Standing;
  /** Of the newest token; absent without one. */
  readonly issued_at?: number;
  readonly expires_at?: number;
  readonly expires_in?: number;
  readonly age?: number;
  readonly life_left?: number;
  readonly targets: readonly TargetStatus[];
  readonly error?: StatusError;
  /** Why the record in the state folder cannot be used. */
  readonly state_error?: TargetError;
  readonly next: NextStep;
  readonly calls: Readonly<Record<'fetches' | 'forced', { readonly used: number; readonly limit: number }>>;
}

/** What the last attempt met, until one succeeds. */
export interface StatusError extends TargetError {
  readonly errcode?: number;
  readonly rid?: string;
  /** Attempts in a row, and when the first of them failed. */
  readonly failures: number;
  readonly since: number;
}

export function statusOf(view: View, now: Instant): Status {
  const { unit, state, step, leader } = view;
  const { ledger } = state.record;
  const setback = currentSetback(state);
  const { budget } = unit.policy;
  const used = spent(ledger, ledgerTimeOf(state, now));
  const targets = targetStatuses(view, now);
  return {
    credential: unit.name,
    kind: unit.kind,
    account: unit.account,
    optional: unit.optional,
    state: targets.length > 0 ? worstOf(targets) : standingOf(lifeLeft(state, now)),
    ...lifeOf(state, now),
    targets,
    ...(setback && {
      error: {
        ...told(setback.failure),
        failures: setback.failures,
        since: seconds(setback.since),
      },
    }),
    ...(state.trouble && { state_error: troubled(state.trouble.failure) }),
    next: nextStep(step, leader),
    calls: {
      fetches: { used: used.fetches, limit: budget.fetchesPerDay },
      forced: { used: used.forced, limit: budget.forcedPerDay },
    },
  };
}

function lifeOf(state: State, now: Instant) {
  const { token } = state.record;
  if (!token) return {};
  return {
    issued_at: seconds(token.issuedAt),
    expires_at: seconds(token.expiresAt),
    expires_in: token.expiresIn,
    age: Math.max(0, seconds(now.wall - token.issuedAt)),
    life_left: Math.max(0, seconds(lifeLeft(state, now) ?? 0)),
  };
}

function standingOf(life: number | undefined): Standing {
  if (life === undefined) return 'missing';
  return life > 0 ? 'fresh' : 'dead';
}

function told({ class: _ours, ...failure }: Omit<Failure, 'backoff' | 'effect'>) {
  return failure;
}

function troubled({ code, message, advice }: Failure): TargetError {
  return { code, message, ...(advice && { advice }) };
}

function seconds(ms: number): number {
  return Math.floor(ms / SECOND);
}
