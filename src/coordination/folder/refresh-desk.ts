import { setTimeout as delay } from 'node:timers/promises';
import { untilReadersCaughtUp } from '../../core/due.ts';
import type { Failure } from '../../core/failure.ts';
import type { Step } from '../../core/plan.ts';
import type { Clock, Unit } from '../../core/ports.ts';
import { isPublished, obstacle, type State } from '../../core/state/index.ts';
import { lifeLeft } from '../../core/state/life.ts';
import type { DowngradeReason, RequestState, Strength } from '../../core/state/request.ts';
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
  views(): readonly UnitView[];
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
    const served = new Set(refresher.views().map(({ unit }) => unit.account));
    return credentials.some(({ account }) => served.has(account));
  };

  /** Whether a request need not wait for one of the same credential: none is served, or it waits for too long. */
  const mayTake = (request: RefreshRequest) =>
    isOurs(request) &&
    request.credentials.every(
      ({ name }) => !inService.has(name) || (!request.forced && readersMs(name) > request.patience),
    );

  const viewsOf = (name: string) => refresher.views().filter(({ unit }) => unit.name === name);

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
      if (concerned.length === 0) return [{ name, result: 'failed', message: 'is not served' }];
      const outcomes = concerned.map(({ unit, ...view }) => {
        const outcome =
          (view.busy ? undefined : (judge(view, forced, now) ?? postponed(view, left))) ??
          (left <= 0 ? TIMED_OUT : undefined);
        const isEarly = earlyMs > 0 && unit.policy.destructive;
        return outcome && { name: unit.id, ...(isEarly ? withHarm(outcome, earlyMs) : outcome) };
      });
      const known = outcomes.filter((outcome) => outcome !== undefined);
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

const TIMED_OUT: Outcome = { result: 'failed', message: 'timed out' };

/** Why a forced refresh was downgraded to an ordinary call. */
const NOT_FORCED: Readonly<Record<DowngradeReason, string>> = {
  uncoordinated: 'others may hold the token',
  store: 'a forced refresh is recorded first, and the state folder does not work',
  spacing: 'WeChat ignores a forced refresh within 30 s of another',
  'forced-budget': 'forced budget exhausted',
};

const DECLINED: Readonly<Record<NonNullable<RequestState['declinedBecause']>, Outcome>> = {
  budget: { result: 'failed', message: 'call budget exhausted: no fetch is allowed now' },
  lagging: {
    result: 'refused',
    message: 'this AppSecret is outdated: other daemons use a newer one',
  },
  mirror: {
    result: 'failed',
    message: 'this daemon only mirrors it: refresh it at the daemon that fetches it',
  },
  uncoordinated: notForced('uncoordinated'),
  store: notForced('store'),
  spacing: notForced('spacing'),
  'forced-budget': notForced('forced-budget'),
};

function notForced(why: DowngradeReason): Outcome {
  return { result: 'failed', message: `not forced, downgraded to an ordinary call: ${NOT_FORCED[why]}` };
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
  const seconds = Math.round((lifeLeft(state.life, now) ?? 0) / 1000);
  const what =
    attempts.unready > 0 ? 'the platform returned the same token again' : 'a new token is published';
  return { result: 'published', message: `${what}, valid for ${seconds} s` };
}

/** A refresh that has to leave readers more time than the command waits for: it is not made. */
function postponed({ state, step }: Pick<UnitView, 'state' | 'step'>, left: number): Outcome | undefined {
  const isPostponed = state.request.manual !== undefined && step.kind === 'wait' && step.why === 'readers';
  if (!isPostponed || step.ms <= left) return undefined;
  const message =
    'not fetched: the token has just replaced another, which readers may still hold; possible in ' +
    `${inSeconds(step.ms)}. --timeout 90s waits for that, --force does not`;
  return { result: 'failed', message };
}

/** Says whom it hurts that a refresh did not wait for readers. */
function withHarm(outcome: Outcome, ms: number): Outcome {
  if (outcome.result !== 'published') return outcome;
  const harm =
    `warning: ${inSeconds(ms)} too early for readers that re-read every minute: those that have not read since ` +
    'the replacement before are refused (40001) until they do';
  return { ...outcome, message: `${outcome.message}; ${harm}` };
}

function inSeconds(ms: number): string {
  return `${Math.ceil(ms / SECOND)} s`;
}

function failed({ class: kind, message, advice }: Failure): Outcome {
  const result = kind === 'refused' || kind === 'confirmation' ? 'refused' : 'failed';
  return { result, message: advice ? `${message}; ${advice}` : message };
}
