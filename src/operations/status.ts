import type { Kind } from '../core/credential.ts';
import { spent } from '../core/quota.ts';
import { servedLife, targetLife } from '../core/readiness.ts';
import { ledgerTimeOf, lifeLeft } from '../core/state.ts';
import type { Instant } from '../core/time.ts';
import { SECOND } from '../core/time.ts';
import type { View } from '../core/view.ts';
import { nextStep } from './next-step.ts';

/** How it stands, as people and programs read it. Times in epoch seconds, durations in seconds; nothing secret. */
export interface Status {
  readonly credential: string;
  readonly kind: Kind;
  /** Platform, type and appid. */
  readonly account: string;
  readonly optional: boolean;
  /** `missing`: not published everywhere; `dead`: what is published has ended. */
  readonly state: 'fresh' | 'dead' | 'missing';
  /** Of the newest token; absent without one. */
  readonly issued_at?: number;
  readonly expires_at?: number;
  readonly expires_in?: number;
  readonly life_left?: number;
  readonly targets: readonly TargetStatus[];
  readonly error?: StatusError;
  readonly next: { readonly in: number; readonly what: string };
  readonly calls: Readonly<Record<'fetches' | 'forced', { readonly used: number; readonly limit: number }>>;
}

export interface TargetStatus {
  readonly id: string;
  readonly state: 'fresh' | 'dead' | 'missing';
  readonly error?: string;
}

/** What the last attempt met, until one succeeds. */
export interface StatusError {
  readonly code: string;
  readonly message: string;
  readonly advice?: string;
  readonly errcode?: number;
  readonly rid?: string;
  /** Attempts in a row, and when the first of them failed. */
  readonly failures: number;
  readonly since: number;
}

export function statusOf({ unit, state, step }: View, now: Instant): Status {
  const { token, setback, ledger } = state.record;
  const { budget } = unit.policy;
  const life = lifeLeft(state, now);
  const used = spent(ledger, ledgerTimeOf(state, now));
  return {
    credential: unit.name,
    kind: unit.kind,
    account: unit.account,
    optional: unit.optional,
    state: verdict(servedLife(state, unit.policy, now)),
    ...(token && {
      issued_at: seconds(token.issuedAt),
      expires_at: seconds(token.expiresAt),
      expires_in: token.expiresIn,
      life_left: Math.max(0, seconds(life ?? 0)),
    }),
    targets: Object.entries(state.targets).map(([id, target]) => ({
      id,
      state: verdict(targetLife(target, state, unit.policy, now)),
      ...(target.failure && { error: target.failure.message }),
    })),
    ...(setback && {
      error: { ...told(setback.failure), failures: setback.failures, since: seconds(setback.since) },
    }),
    next: nextStep(step),
    calls: {
      fetches: { used: used.fetches, limit: budget.fetchesPerDay },
      forced: { used: used.forced, limit: budget.forcedPerDay },
    },
  };
}

function verdict(life: number | undefined): 'fresh' | 'dead' | 'missing' {
  if (life === undefined) return 'missing';
  return life > 0 ? 'fresh' : 'dead';
}

function told({
  class: _ours,
  ...failure
}: { readonly class: string } & Omit<StatusError, 'failures' | 'since'>) {
  return failure;
}

function seconds(ms: number): number {
  return Math.floor(ms / SECOND);
}
