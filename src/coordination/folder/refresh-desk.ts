import { setTimeout as delay } from 'node:timers/promises';
import type { Failure } from '../../core/failure.ts';
import type { Step } from '../../core/plan.ts';
import type { Clock, Unit } from '../../core/ports.ts';
import { isPublished, obstacle, type State } from '../../core/state/index.ts';
import { lifeLeft } from '../../core/state/life.ts';
import type { DowngradeReason, RequestState, Strength } from '../../core/state/request.ts';
import { type Instant, MINUTE } from '../../core/time.ts';
import type { RefreshOutcome, RefreshRequest, RequestFolder, TakenRequest } from './request-folder.ts';

/** The state of a unit, as the loop reports it. */
export interface UnitView {
  readonly unit: Pick<Unit, 'id' | 'name' | 'account'>;
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
}

/** How long a request may wait for a lock or for the platform's answer, and how often it is checked; ms. */
const LONGEST = MINUTE;
const LOOK = 100;

/** Serves the `refresh` command: it replies when the new credential is published, or with the reason why it is not. */
export function refreshDesk(folder: RequestFolder, refresher: Refresher, clock: Clock): RefreshDesk {
  let busy = false;

  const isOurs = ({ credentials }: RefreshRequest) => {
    const served = new Set(refresher.views().map(({ unit }) => unit.account));
    return credentials.some(({ account }) => served.has(account));
  };

  /** Waits for the outcomes of a credential's token and of every ticket that is fetched with it. */
  async function outcomesOf(
    name: string,
    { forced, patience }: PendingRefresh,
  ): Promise<readonly RefreshOutcome[]> {
    const deadline = clock.now().monotonic + Math.min(LONGEST, patience);
    for (;;) {
      const now = clock.now();
      const isOver = now.monotonic >= deadline;
      const concerned = refresher.views().filter(({ unit }) => unit.name === name);
      if (concerned.length === 0) return [{ name, result: 'failed', message: 'is not served' }];
      const outcomes = concerned.map(({ unit, ...view }) => {
        const outcome =
          (view.busy ? undefined : judge(view, forced, now)) ?? (isOver ? TIMED_OUT : undefined);
        return outcome && { name: unit.id, ...outcome };
      });
      const known = outcomes.filter((outcome) => outcome !== undefined);
      if (known.length === outcomes.length) {
        // A command that was told of a failure does not expect the refresh to happen later.
        refresher.withdraw([name]);
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
      refresher.refreshNow({ names, strength: request.forced ? 'forced' : 'ordinary' });
      for (const name of names) {
        const { forced = false, patience = 0 } = pending.get(name) ?? {};
        pending.set(name, {
          forced: forced || request.forced,
          patience: Math.max(patience, request.patience),
        });
      }
    }
    const outcomes = new Map([...pending].map(([name, refresh]) => [name, outcomesOf(name, refresh)]));
    for (const { request, reply } of requests) {
      const answers = await Promise.all(request.credentials.map(({ name }) => outcomes.get(name) ?? []));
      await reply(answers.flat());
    }
  }

  return {
    async serve() {
      if (busy) return;
      busy = true;
      try {
        for (
          let taken = await takeAll(folder, isOurs);
          taken.length > 0;
          taken = await takeAll(folder, isOurs)
        ) {
          await serveTogether(taken);
        }
      } finally {
        busy = false;
      }
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

function failed({ class: kind, message, advice }: Failure): Outcome {
  const result = kind === 'refused' || kind === 'confirmation' ? 'refused' : 'failed';
  return { result, message: advice ? `${message}; ${advice}` : message };
}
