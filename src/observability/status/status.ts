import { spent } from '../../core/budget.ts';
import type { Kind } from '../../core/credential.ts';
import type { Reason } from '../../core/due.ts';
import { type Failure, type Told, toldWith } from '../../core/failure.ts';
import { currentFailure } from '../../core/last-failure.ts';
import type { Step, View } from '../../core/plan.ts';
import { type PushTrouble, pushTrouble } from '../../core/push-trouble.ts';
import { targetLife } from '../../core/readiness.ts';
import { ledgerTime } from '../../core/state/clock.ts';
import type { State } from '../../core/state/index.ts';
import { lifeLeft } from '../../core/state/life.ts';
import { type PushStanding, pushStanding, ticketAge } from '../../core/state/pushed.ts';
import type { TargetState } from '../../core/state/targets.ts';
import { type Bilingual, en, type Text, zh } from '../../core/text.ts';
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

/** A sentence, and the same in a few words. */
export interface StepWords {
  readonly what: string;
  readonly brief: string;
}

/** What the daemon does next and why, for people. */
export interface NextStep extends StepWords, Bilingual<StepWords> {
  /** Seconds until the step. */
  readonly in: number;
  /** The step is due and no daemon runs. Only a process that looks from outside sets this. */
  readonly overdue?: true;
}

/** {@link StepWords} in every language. */
type Words = readonly [what: Text, brief: Text];

const THE_NEXT_ONE: Text = { en: 'the next one', zh: '下一个' };

const WAITS: Readonly<Record<Extract<Step, { kind: 'wait' }>['why'], Words>> = {
  fresh: [{ en: 'asking the platform for the next one', zh: '向微信获取下一个' }, THE_NEXT_ONE],
  backoff: [
    {
      en: 'another try, after the pause that the last failure asks for',
      zh: '再试一次：上次失败之后要先停顿',
    },
    { en: 'another try', zh: '再试' },
  ],
  unready: [
    { en: 'another try: the platform handed out the same one again', zh: '再试一次：微信返回的还是同一个' },
    { en: 'asked again', zh: '再问' },
  ],
  blocked: [
    {
      en: 'another try: another daemon holds the lock, or the state (folder, Secret or Redis) does not work',
      zh: '再试一次：另一个守护进程占着锁，或状态（目录、Secret 或 Redis）不可用',
    },
    { en: 'waits for lock or state', zh: '等锁或状态' },
  ],
  budget: [
    { en: 'a fetch, when the budget of calls allows it', zh: '等调用限额允许时获取' },
    { en: 'budget allows it', zh: '等限额' },
  ],
  lagging: [
    {
      en: 'a try with our own AppSecret, which others have replaced by a newer one',
      zh: '用自己的 AppSecret 试一次，其他守护进程已换用更新的',
    },
    { en: 'old AppSecret', zh: 'AppSecret 过旧' },
  ],
  source: [
    { en: 'reading again what it is mirrored from', zh: '再次读取镜像的来源' },
    { en: 'read its source', zh: '读取来源' },
  ],
  gathering: [
    {
      en: 'one more fetch, for all who asked since the last one began',
      zh: '再获取一次，满足上次开始之后的所有请求',
    },
    { en: 'asked for again', zh: '再次请求' },
  ],
  readers: [
    {
      en: 'the fetch that was asked for: until then readers may hold the token that it kills',
      zh: '所请求的获取：在此之前，读取方可能还拿着会因此失效的 token',
    },
    { en: 'asked for, readers first', zh: '等读取方' },
  ],
  token: [
    { en: 'a fetch, once there is a live token to fetch it with', zh: '有了有效的 token 就获取' },
    { en: 'needs a token', zh: '等 token' },
  ],
  'pushed-ticket': [
    { en: 'a fetch, once the platform has pushed a ticket', zh: '等平台推送 ticket 之后获取' },
    { en: 'needs a ticket', zh: '等 ticket' },
  ],
};

const REASONS: Readonly<Record<Reason, Words>> = {
  authorised: [
    { en: 'the account has authorised again', zh: '账号重新授权了' },
    { en: 'authorised', zh: '已授权' },
  ],
  requested: [
    { en: 'somebody asked for it', zh: '有人请求' },
    { en: 'asked for', zh: '有请求' },
  ],
  missing: [
    { en: 'there is none', zh: '还没有' },
    { en: 'none yet', zh: '还没有' },
  ],
  'new-secret': [
    { en: 'the AppSecret is a new one', zh: 'AppSecret 换新了' },
    { en: 'new AppSecret', zh: '新 AppSecret' },
  ],
  unfinished: [
    { en: 'what became of the last fetch is not known', zh: '不知道上一次获取的结果' },
    { en: 'last one lost', zh: '上次结果不明' },
  ],
  expired: [
    { en: 'it has ended', zh: '已经过期' },
    { en: 'has ended', zh: '已过期' },
  ],
  refused: [
    { en: 'a reader says that the platform refuses it', zh: '读取方上报微信拒绝它' },
    { en: 'refused', zh: '被拒绝' },
  ],
  due: [
    { en: 'it is about to end', zh: '即将过期' },
    { en: 'about to end', zh: '即将过期' },
  ],
  recheck: [
    { en: 'to learn whether it was replaced elsewhere', zh: '查看是否在别处被更换' },
    { en: 'see if replaced', zh: '看是否已更换' },
  ],
};

const SMALL: Readonly<Record<Exclude<Step['kind'], 'wait' | 'fetch'>, Words>> = {
  'start-pushes': [
    { en: 'asking the platform to push tickets again', zh: '请平台重新推送 ticket' },
    { en: 'start pushes', zh: '请求推送' },
  ],
  look: [
    {
      en: 'reading the record, which another daemon may have written',
      zh: '读取记录，它可能已被别的守护进程改写',
    },
    { en: 'read the record', zh: '读取记录' },
  ],
  save: [
    { en: 'writing to the record what it lacks', zh: '把记录里缺的写进去' },
    { en: 'write the record', zh: '写入记录' },
  ],
  settle: [
    { en: 'finding out which of two answers is the newer one', zh: '确定两个应答中哪一个更新' },
    { en: 'compare two answers', zh: '比较两个应答' },
  ],
  probe: [
    { en: 'asking the platform whether it works', zh: '询问微信它是否有效' },
    { en: 'ask if it works', zh: '询问是否有效' },
  ],
  'ask-time': [
    { en: 'asking the platform what time it is', zh: '询问微信的时间' },
    { en: 'ask for the time', zh: '对时' },
  ],
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
  return step.forced
    ? worded([
        { en: en`a forced fetch: ${why}`, zh: zh`强制获取：${why}` },
        { en: en`forced, ${brief}`, zh: zh`强制，${brief}` },
      ])
    : worded([
        { en: en`a fetch: ${why}`, zh: zh`获取：${why}` },
        { en: en`fetch, ${brief}`, zh: zh`获取，${brief}` },
      ]);
}

function worded([what, brief]: Words, seconds = 0): NextStep {
  return { in: seconds, what: what.en, brief: brief.en, zh: { what: what.zh, brief: brief.zh } };
}

/** Says what this daemon expects from the leader; undefined for a step that this daemon does itself. */
function elsewhereBy(leader: string, step: Step): Words | undefined {
  const waits: Words = [
    { en: `waits for ${leader}, which leads`, zh: `等待 leader ${leader}` },
    { en: 'waits for leader', zh: '等 leader' },
  ];
  if (step.kind === 'fetch') return waits;
  if (step.kind !== 'wait' || step.why === 'token' || step.why === 'source') return undefined;
  if (step.why !== 'fresh') return waits;
  return [
    { en: `the next one, which comes from ${leader}: it leads`, zh: `下一个，来自 leader ${leader}` },
    THE_NEXT_ONE,
  ];
}

function secondsUntil(step: Step): number {
  return step.kind === 'wait' ? Math.max(0, Math.ceil(step.ms / SECOND)) : 0;
}
