import { setTimeout as delay } from 'node:timers/promises';
import { untilReadersCaughtUp } from '../../core/due.ts';
import { type Failure, inOneLine, textsOf, toldWith } from '../../core/failure.ts';
import type { Step } from '../../core/plan.ts';
import type { Clock, Unit } from '../../core/ports.ts';
import { isPublished, obstacle, type State } from '../../core/state/index.ts';
import { lifeLeft } from '../../core/state/life.ts';
import type { DowngradeReason, RequestState, Strength } from '../../core/state/request.ts';
import { en, joined, SEMICOLON, type Text, zh } from '../../core/text.ts';
import { type Instant, MINUTE, SECOND } from '../../core/time.ts';
import type { RefreshOutcome, RefreshRequest, RequestFolder, TakenRequest } from './request-folder.ts';

/** The state of a unit, as the loop reports it. */
export interface UnitView {
  readonly unit: Pick<Unit, 'id' | 'name' | 'account' | 'policy'>;
  readonly state: State;
  readonly step: Step;
  readonly busy: boolean;
}

/** The part of the loop that the refresh desk uses. */
export interface Refresher {
  refreshNow(request: { readonly names: readonly string[]; readonly strength: Strength }): void;
  /** Cancels the requested refreshes of these credentials that have not begun. */
  withdraw(names: readonly string[]): void;
  tick(): void;
  views(): Iterable<UnitView>;
}

export interface RefreshDesk {
  /** Serves the requests in the folder; returns at once when there are none, or while requests are being served. */
  serve(): Promise<void>;
}

/** The refresh of one credential, for all requests that came together. */
interface PendingRefresh {
  readonly forced: boolean;
  /** How long the most patient command waits, ms. */
  readonly patience: number;
  /** Somebody else had asked for the refresh before: it is made even if these commands give up. */
  readonly isOlder: boolean;
  /** It does not wait for readers, who would have had that time to take up the token; ms. */
  readonly earlyMs: number;
}

/** How long a request may wait for readers, a lock or the platform's answer, and how often it is checked; ms. */
const LONGEST = 2 * MINUTE;
const LOOK = 100;

/** Serves the `refresh` command: it replies when the new credential is published, or with the reason why it is not. */
export function refreshDesk(folder: RequestFolder, refresher: Refresher, clock: Clock): RefreshDesk {
  let taking = false;
  /** Names of the credentials that are being refreshed, with how often. */
  const inService = new Map<string, number>();

  const isOurs = ({ credentials }: RefreshRequest) => {
    const served = new Set([...refresher.views()].map(({ unit }) => unit.account));
    return credentials.some(({ account }) => served.has(account));
  };

  /** Whether a request need not wait for one of the same credential: none is served, or it waits for too long. */
  const mayTake = (request: RefreshRequest) =>
    isOurs(request) &&
    request.credentials.every(
      ({ name }) => !inService.has(name) || (!request.forced && readersMs(name) > request.patience),
    );

  const viewsOf = (name: string) => [...refresher.views()].filter(({ unit }) => unit.name === name);

  /** How long readers still get to take up the token of a credential, ms. */
  function readersMs(name: string): number {
    const now = clock.now();
    return Math.max(
      0,
      ...viewsOf(name).map(({ unit, state }) => untilReadersCaughtUp(state, unit.policy, now)),
    );
  }

  /** Waits for the outcomes of a credential's token and of every ticket that is fetched with it. */
  async function outcomesOf(
    name: string,
    { forced, patience, isOlder, earlyMs }: PendingRefresh,
  ): Promise<readonly RefreshOutcome[]> {
    const deadline = clock.now().monotonic + Math.min(LONGEST, patience);
    for (;;) {
      const now = clock.now();
      const left = deadline - now.monotonic;
      const concerned = viewsOf(name);
      if (concerned.length === 0) return [{ name, ...NOT_SERVED }];
      const outcomes = concerned.map(({ unit, ...view }) => {
        const ended =
          (view.busy ? undefined : (judge(view, forced, now) ?? postponed(view, left))) ??
          (left <= 0 ? timedOut(view.step) : undefined);
        const isEarly = earlyMs > 0 && unit.policy.destructive;
        return ended && { name: unit.id, ...(isEarly ? withHarm(ended, earlyMs) : ended) };
      });
      const known = outcomes.filter((ended) => ended !== undefined);
      if (known.length === outcomes.length) {
        // A command that was told of a failure does not expect the refresh to happen later.
        if (!isOlder) refresher.withdraw([name]);
        return known;
      }
      await delay(LOOK);
      refresher.tick();
    }
  }

  /** Serves requests that came together with one refresh: a second fetch would kill the token of the first. */
  async function serveTogether(requests: readonly TakenRequest[]): Promise<void> {
    const pending = new Map<string, PendingRefresh>();
    for (const { request } of requests) {
      const names = request.credentials.map(({ name }) => name);
      for (const name of names) {
        const isOlder = viewsOf(name).some(({ state }) => state.request.manual !== undefined);
        const before = pending.get(name) ?? { forced: false, patience: 0, isOlder, earlyMs: 0 };
        pending.set(name, {
          forced: before.forced || request.forced,
          patience: Math.max(before.patience, request.patience),
          isOlder: before.isOlder,
          earlyMs: Math.max(before.earlyMs, request.forced ? readersMs(name) : 0),
        });
      }
      refresher.refreshNow({ names, strength: request.forced ? 'forced' : 'ordinary' });
    }
    for (const name of pending.keys()) inService.set(name, (inService.get(name) ?? 0) + 1);
    const outcomes = new Map([...pending].map(([name, refresh]) => [name, outcomesOf(name, refresh)]));
    for (const { request, reply } of requests) {
      const answers = await Promise.all(request.credentials.map(({ name }) => outcomes.get(name) ?? []));
      await reply(answers.flat());
    }
    for (const name of pending.keys()) {
      const left = (inService.get(name) ?? 1) - 1;
      if (left > 0) inService.set(name, left);
      else inService.delete(name);
    }
  }

  async function take(): Promise<readonly TakenRequest[]> {
    if (taking) return [];
    taking = true;
    try {
      return await takeAll(folder, mayTake);
    } finally {
      taking = false;
    }
  }

  return {
    async serve() {
      for (let taken = await take(); taken.length > 0; taken = await take()) await serveTogether(taken);
    },
  };
}

async function takeAll(
  folder: RequestFolder,
  isOurs: (request: RefreshRequest) => boolean,
): Promise<readonly TakenRequest[]> {
  const requests: TakenRequest[] = [];
  for (let taken = await folder.take(isOurs); taken; taken = await folder.take(isOurs)) requests.push(taken);
  return requests;
}

export type Outcome = Omit<RefreshOutcome, 'name'>;

function outcome(result: Outcome['result'], message: Text): Outcome {
  return { result, ...toldWith({ message }) };
}

const NOT_SERVED = outcome('failed', { en: 'is not served', zh: '不由这个守护进程提供' });
const TIMED_OUT = outcome('failed', { en: 'timed out', zh: '超时' });
const NO_TICKET = outcome('failed', {
  en: 'timed out: the platform has pushed no ticket to fetch it with',
  zh: '超时：平台还没有推送获取它所需的 ticket',
});
const NO_TOKEN = outcome('failed', {
  en: 'timed out: there is no live token to fetch it with',
  zh: '超时：没有可用来获取它的有效 token',
});

/** Says what kept the refresh from beginning, where that has to come from elsewhere. */
function timedOut(step: Step): Outcome {
  if (step.kind === 'start-pushes') return NO_TICKET;
  if (step.kind !== 'wait') return TIMED_OUT;
  if (step.why === 'pushed-ticket') return NO_TICKET;
  return step.why === 'token' ? NO_TOKEN : TIMED_OUT;
}

/** Why a forced refresh was downgraded to an ordinary call. */
const NOT_FORCED: Readonly<Record<DowngradeReason, Text>> = {
  uncoordinated: { en: 'others may hold the token', zh: '其他进程可能拿着这个 token' },
  store: {
    en: 'a forced refresh is recorded first, and the state (folder, Secret or Redis) does not work',
    zh: '强制刷新要先写记录，而状态（目录、Secret 或 Redis）不可用',
  },
  spacing: {
    en: 'WeChat ignores a forced refresh within 30 s of another',
    zh: '微信不理会 30 秒之内的第二次强制刷新',
  },
  'forced-budget': { en: 'forced budget exhausted', zh: '强制刷新的限额已用完' },
};

const DECLINED: Readonly<Record<NonNullable<RequestState['declinedBecause']>, Outcome>> = {
  budget: outcome('failed', {
    en: 'call budget exhausted: no fetch is allowed now',
    zh: '调用限额已用完：现在不能获取',
  }),
  lagging: outcome('refused', {
    en: 'this AppSecret is outdated: other daemons use a newer one',
    zh: '这个 AppSecret 已过时：其他守护进程使用更新的',
  }),
  mirror: outcome('failed', {
    en: 'this daemon only mirrors it: refresh it at the daemon that fetches it',
    zh: '本守护进程只是镜像它：请在获取它的守护进程那里刷新',
  }),
  uncoordinated: notForced('uncoordinated'),
  store: notForced('store'),
  spacing: notForced('spacing'),
  'forced-budget': notForced('forced-budget'),
};

function notForced(why: DowngradeReason): Outcome {
  const reason = NOT_FORCED[why];
  return outcome('failed', {
    en: en`not forced, downgraded to an ordinary call: ${reason}`,
    zh: zh`没有强制，改为普通调用：${reason}`,
  });
}

/**
 * Decides the outcome of a refresh request from the unit's state.
 * @returns undefined while the refresh is in progress
 */
export function judge(
  { state, step }: { readonly state: State; readonly step: Step },
  forced: boolean,
  now: Instant,
): Outcome | undefined {
  const { attempts, request, store } = state;
  if (request.manual !== undefined) {
    const isStuck = step.kind === 'wait' && step.why === 'blocked' && store.trouble;
    return isStuck ? failed(isStuck.failure) : undefined;
  }
  if (request.awaited !== undefined) return undefined;
  const { declinedBecause: why } = request;
  if (why && (forced || !(why in NOT_FORCED))) return DECLINED[why];
  if (attempts.failure) return failed(attempts.failure);
  if (!isPublished(state, now)) {
    const failure = obstacle(state, now);
    return failure && failed(failure);
  }
  const { listing } = state.record;
  if (listing) {
    const count = Object.values(listing.accounts).filter((since) => since === 0).length;
    return outcome('published', {
      en: `the platform lists ${count} ${count === 1 ? 'account' : 'accounts'}`,
      zh: `平台列出 ${count} 个账号`,
    });
  }
  const seconds = Math.round((lifeLeft(state.life, now) ?? 0) / 1000);
  const what: Text =
    attempts.unready > 0
      ? { en: 'the platform returned the same token again', zh: '微信返回的还是同一个 token' }
      : { en: 'a new token is published', zh: '新 token 已发布' };
  return outcome('published', {
    en: en`${what}, valid for ${seconds} s`,
    zh: zh`${what}，有效期 ${seconds} 秒`,
  });
}

/** A refresh that has to leave readers more time than the command waits for: it is not made. */
function postponed({ state, step }: Pick<UnitView, 'state' | 'step'>, left: number): Outcome | undefined {
  const isPostponed = state.request.manual !== undefined && step.kind === 'wait' && step.why === 'readers';
  if (!isPostponed || step.ms <= left) return undefined;
  const seconds = inSeconds(step.ms);
  return outcome('failed', {
    en:
      'not fetched: the token has just replaced another, which readers may still hold; possible in ' +
      `${seconds} s. --timeout 90s waits for that, --force does not`,
    zh:
      '没有获取：这个 token 刚刚替换了上一个，读取方可能还拿着那一个；' +
      `${seconds} 秒之后可以获取。--timeout 90s 会等到那时，--force 不等`,
  });
}

/** Says whom it hurts that a refresh did not wait for readers. */
function withHarm(done: Outcome, ms: number): Outcome {
  if (done.result !== 'published') return done;
  const seconds = inSeconds(ms);
  const harm: Text = {
    en:
      `warning: ${seconds} s too early for readers that re-read every minute: those that have not read since ` +
      'the replacement before are refused (40001) until they do',
    zh:
      `警告：对每分钟重读一次的读取方来说早了 ${seconds} 秒：上次更换之后还没有读过的，` +
      '在重新读取之前会被拒绝（40001）',
  };
  return outcome('published', joined([textsOf(done).message, harm], SEMICOLON));
}

function inSeconds(ms: number): number {
  return Math.ceil(ms / SECOND);
}

function failed(failure: Failure): Outcome {
  const { class: kind } = failure;
  const result = kind === 'refused' || kind === 'confirmation' ? 'refused' : 'failed';
  return outcome(result, inOneLine(failure));
}
