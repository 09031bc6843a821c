import { spent } from '../../core/budget.ts';
import type { Kind } from '../../core/credential.ts';
import { type Failure, type Told, toldWith } from '../../core/failure.ts';
import { currentFailure } from '../../core/last-failure.ts';
import type { View } from '../../core/plan.ts';
import { type PushTrouble, pushTrouble } from '../../core/push-trouble.ts';
import { targetLife } from '../../core/readiness.ts';
import { ledgerTime } from '../../core/state/clock.ts';
import type { State } from '../../core/state/index.ts';
import { lifeLeft } from '../../core/state/life.ts';
import { type PushStanding, pushStanding, ticketAge } from '../../core/state/pushed.ts';
import type { TargetState } from '../../core/state/targets.ts';
import type { Bilingual } from '../../core/text.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import { type NextStep, nextStep } from './next-step.ts';
import { type StateError, stateErrorOf } from './unwritten.ts';

/**
 * The status of a token or ticket, as people and programs read it. Times are in epoch seconds, durations in seconds.
 * It contains nothing secret.
 */
export interface Status {
  readonly credential: string;
  /** What people call the credential; absent without a title. */
  readonly title?: string;
  readonly kind: Kind;
  /** Platform, type and appid. */
  readonly account: string;
  readonly optional: boolean;
  /** State of the worst target; without targets, state of the newest token. */
  readonly state: Standing;
  /** This and the next four fields describe the newest token. They are absent without a token. */
  readonly issued_at?: number;
  readonly expires_at?: number;
  readonly expires_in?: number;
  readonly age?: number;
  readonly life_left?: number;
  readonly targets: readonly TargetStatus[];
  readonly error?: StatusError;
  /** Why the record does not hold what the daemon knows, since when, and what a restart now would cost. */
  readonly state_error?: StateError;
  /** The ticket that the platform pushes, for a type that needs one. */
  readonly pushed_ticket?: PushedTicketStatus;
  readonly next: NextStep;
  readonly calls: Readonly<Record<'fetches' | 'forced', { readonly used: number; readonly limit: number }>>;
}

/**
 * How the pushes of a ticket stand. `flowing`: they come. `quiet`: none has come for longer than they ever pause.
 * `ending`: the newest ticket has ended or is about to. `none`: there has never been one.
 */
export interface PushedTicketStatus {
  readonly state: PushStanding;
  /** Age of the newest ticket, seconds. */
  readonly age?: number;
  /** Why the platform could not be asked to push again. */
  readonly error?: TargetError;
  /** What is wrong with the pushes, and what a person does; absent while they come. */
  readonly trouble?: PushTroubleStatus;
}

export interface PushTroubleStatus extends TargetError {
  /** How many pushes in a row were not taken; `since` is when the first of them came. Absent where none has come. */
  readonly count?: number;
  readonly since?: number;
}

/** The failure of the last attempt, reported until an attempt succeeds. */
export interface StatusError extends TargetError {
  readonly errcode?: number;
  readonly rid?: string;
  /** Number of failed attempts in a row; `since` is the time at which the first of them failed. */
  readonly failures: number;
  readonly since: number;
}

export function statusOf(view: View, now: Instant): Status {
  const { unit, state, step, leader } = view;
  const { ledger } = state.record;
  const lastFailure = currentFailure(state);
  const { budget } = unit.policy;
  const used = spent(ledger, ledgerTime(state.clock, now));
  const targets = targetStatuses(view, now);
  const stateError = stateErrorOf(view, now);
  return {
    credential: unit.name,
    ...(unit.title !== undefined && { title: unit.title }),
    kind: unit.kind,
    account: unit.account,
    optional: unit.optional,
    state: targets.length > 0 ? worstOf(targets) : standingOf(lifeLeft(state.life, now)),
    ...lifeOf(state, now),
    targets,
    ...(lastFailure && {
      error: {
        ...told(lastFailure.failure),
        failures: lastFailure.failures,
        since: seconds(lastFailure.since),
      },
    }),
    ...(stateError && { state_error: stateError }),
    ...pushedTicketOf(view, now),
    next: nextStep(step, leader),
    calls: {
      fetches: { used: used.fetches, limit: budget.fetchesPerDay },
      forced: { used: used.forced, limit: budget.forcedPerDay },
    },
  };
}

function pushedTicketOf({ unit, state, lostPushes }: View, now: Instant): Pick<Status, 'pushed_ticket'> {
  const standing = pushStanding(state.pushed, unit.policy, now);
  const { pushes } = unit.policy;
  if (standing === undefined || !pushes) return {};
  const trouble = pushTrouble(standing, lostPushes, pushes);
  const age = ticketAge(state.pushed, now);
  const { startFailure } = state.pushed;
  return {
    pushed_ticket: {
      state: standing,
      ...(age !== undefined && { age: seconds(age) }),
      ...(startFailure && { error: errorOf(startFailure) }),
      ...(trouble && { trouble: troubleOf(trouble) }),
    },
  };
}

function troubleOf({ code, lost, ...texts }: PushTrouble): PushTroubleStatus {
  return {
    code,
    ...toldWith(texts),
    ...(lost && { count: lost.count, since: seconds(lost.since) }),
  };
}

function errorOf({ code, message, advice, zh }: Failure): TargetError {
  return { code, message, ...(advice && { advice }), zh };
}

function lifeOf(state: State, now: Instant) {
  const { token } = state.record;
  if (!token) return {};
  return {
    issued_at: seconds(token.issuedAt),
    expires_at: seconds(token.expiresAt),
    expires_in: token.expiresIn,
    age: Math.max(0, seconds(now.wall - token.issuedAt)),
    life_left: Math.max(0, seconds(lifeLeft(state.life, now) ?? 0)),
  };
}

function standingOf(life: number | undefined): Standing {
  if (life === undefined) return 'missing';
  return life > 0 ? 'fresh' : 'dead';
}

/** What people are told of it, and not what follows from it. */
function told({ code, message, advice, zh, errcode, rid }: Omit<Failure, 'backoff' | 'effect'>) {
  return {
    code,
    message,
    ...(advice !== undefined && { advice }),
    zh,
    ...(errcode !== undefined && { errcode }),
    ...(rid !== undefined && { rid }),
  };
}

function seconds(ms: number): number {
  return Math.floor(ms / SECOND);
}

/**
 * State of the token that readers have. `fresh`: it has life left. `dead`: it has ended. `missing`: it is not there.
 * `unreadable`: the process that looks cannot read it. `unknown`: it is there, but its end is not known.
 */
export type Standing = 'fresh' | 'dead' | 'missing' | 'unreadable' | 'unknown';

/** The status of one target. Times are in epoch seconds, durations in seconds. */
export interface TargetStatus {
  readonly id: string;
  /** `behind`: the target holds an older token than the newest one, and the older token has life left. */
  readonly state: Standing | 'behind';
  /**
   * This and the next two fields describe the token that the target holds, as far as they are known. The age of a
   * token that is older than the newest one is not known.
   */
  readonly age?: number;
  readonly expires_at?: number;
  readonly life_left?: number;
  /** Why the target is not up to date, if that is known. */
  readonly error?: TargetError;
}

export interface TargetError extends Told, Bilingual<Told> {
  readonly code: string;
}

function targetStatuses(view: View, now: Instant): readonly TargetStatus[] {
  return view.state.targets.map((target) => targetStatus(target, view, now));
}

function targetStatus(target: TargetState, { unit, state }: View, now: Instant): TargetStatus {
  const life = targetLife(target, state, unit.policy, now);
  const failure = target.failure ?? target.flaw;
  return {
    id: target.id,
    state: standing(target, state.record.token?.generation, life),
    ...timesOf(target, state, life, now),
    ...(failure && { error: errorOf(failure) }),
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

function standing(
  { generation }: TargetState,
  newest: number | undefined,
  life: number | undefined,
): TargetStatus['state'] {
  if (generation === undefined) return 'missing';
  if (newest === undefined || life === undefined) return 'unknown';
  if (life <= 0) return 'dead';
  return generation < newest ? 'behind' : 'fresh';
}

/** All states but `fresh`, from the worst to the best. */
const WORST: readonly Standing[] = ['missing', 'unreadable', 'dead', 'unknown'];

/** Returns the state of the worst target, since we do not know which target an app reads. */
export function worstOf(targets: readonly TargetStatus[]): Standing {
  return WORST.find((standing) => targets.some(({ state }) => state === standing)) ?? 'fresh';
}
