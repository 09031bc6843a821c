import { spent } from '../../core/budget.ts';
import type { Kind } from '../../core/credential.ts';
import type { Reason } from '../../core/due.ts';
import type { Failure } from '../../core/failure.ts';
import { currentFailure } from '../../core/last-failure.ts';
import type { Step, View } from '../../core/plan.ts';
import { targetLife } from '../../core/readiness.ts';
import { ledgerTime } from '../../core/state/clock.ts';
import type { State } from '../../core/state/index.ts';
import { lifeLeft } from '../../core/state/life.ts';
import type { TargetState } from '../../core/state/targets.ts';
import { type Instant, SECOND } from '../../core/time.ts';
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
  readonly next: NextStep;
  readonly calls: Readonly<Record<'fetches' | 'forced', { readonly used: number; readonly limit: number }>>;
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
    life_left: Math.max(0, seconds(lifeLeft(state.life, now) ?? 0)),
  };
}

function standingOf(life: number | undefined): Standing {
  if (life === undefined) return 'missing';
  return life > 0 ? 'fresh' : 'dead';
}

function told({ class: _ours, ...failure }: Omit<Failure, 'backoff' | 'effect'>) {
  return failure;
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

export interface TargetError {
  readonly code: string;
  readonly message: string;
  readonly advice?: string;
}

function targetStatuses(view: View, now: Instant): readonly TargetStatus[] {
  return Object.entries(view.state.targets).map(([id, target]) => targetStatus(id, target, view, now));
}

function targetStatus(id: string, target: TargetState, { unit, state }: View, now: Instant): TargetStatus {
  const life = targetLife(target, state, unit.policy, now);
  const failure = target.failure ?? target.flaw;
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

/** What the daemon does next and why, for people. */
export interface NextStep {
  /** Seconds until the step. */
  readonly in: number;
  readonly what: string;
  /** The same as `what`, in a few words. */
  readonly brief: string;
  /** The step is due and no daemon runs. Only a process that looks from outside sets this. */
  readonly overdue?: true;
}

/** A sentence, and the same in a few words. */
type Words = readonly [what: string, brief: string];

const WAITS: Readonly<Record<Extract<Step, { kind: 'wait' }>['why'], Words>> = {
  fresh: ['asking the platform for the next one', 'the next one'],
  backoff: ['another try, after the pause that the last failure asks for', 'another try'],
  unready: ['another try: the platform handed out the same one again', 'asked again'],
  blocked: [
    'another try: another daemon holds the lock, or the state folder does not work',
    'a try at the lock',
  ],
  budget: ['a fetch, when the budget of calls allows it', 'budget allows it'],
  lagging: ['a try with our own AppSecret, which others have replaced by a newer one', 'old AppSecret'],
  source: ['a look at where it is mirrored from', 'a look'],
  gathering: ['one more fetch, for all who asked since the last one began', 'asked for again'],
  readers: [
    'the fetch that was asked for: until then readers may hold the token that it kills',
    'asked for, readers first',
  ],
  token: ['a fetch, once there is a live token to fetch it with', 'needs a token'],
};

const REASONS: Readonly<Record<Reason, Words>> = {
  requested: ['somebody asked for it', 'asked for'],
  missing: ['there is none', 'none yet'],
  'new-secret': ['the AppSecret is a new one', 'new AppSecret'],
  unfinished: ['what became of the last fetch is not known', 'last one lost'],
  expired: ['it has ended', 'has ended'],
  refused: ['a reader says that the platform refuses it', 'refused'],
  due: ['it is about to end', 'about to end'],
  recheck: ['to learn whether it was replaced elsewhere', 'a look'],
};

const SMALL: Readonly<Record<'look' | 'save' | 'settle' | 'probe' | 'ask-time', Words>> = {
  look: ['a look at the state folder', 'a look'],
  save: ['a write to the state folder', 'a save'],
  settle: ['finding out which of two answers is the newer one', 'two answers'],
  probe: ['asking the platform whether it works', 'does it work?'],
  'ask-time': ['asking the platform what time it is', 'what time is it?'],
};

/**
 * Says in words what the daemon does next and why, and in how many seconds.
 * @param leader the daemon that fetches for all, if that is another daemon
 */
function nextStep(step: Step, leader?: string): NextStep {
  const elsewhere = leader === undefined ? undefined : elsewhereBy(leader, step);
  if (elsewhere) return worded(elsewhere, secondsUntil(step));
  if (step.kind === 'wait') return worded(WAITS[step.why], secondsUntil(step));
  if (step.kind !== 'fetch') return worded(SMALL[step.kind]);
  const [why, brief] = REASONS[step.reason];
  const fetch = step.forced ? 'a forced fetch' : 'a fetch';
  return worded([`${fetch}: ${why}`, `${step.forced ? 'forced' : 'fetch'}, ${brief}`]);
}

function worded([what, brief]: Words, seconds = 0): NextStep {
  return { in: seconds, what, brief };
}

/** Says what this daemon expects from the leader; undefined for a step that this daemon does itself. */
function elsewhereBy(leader: string, step: Step): Words | undefined {
  if (step.kind === 'fetch') return [`waits for ${leader}, which leads`, 'the leader'];
  if (step.kind !== 'wait' || step.why === 'token' || step.why === 'source') return undefined;
  return step.why === 'fresh'
    ? [`the next one, which comes from ${leader}: it leads`, 'the next one']
    : [`waits for ${leader}, which leads`, 'the leader'];
}

function secondsUntil(step: Step): number {
  return step.kind === 'wait' ? Math.max(0, Math.ceil(step.ms / SECOND)) : 0;
}
