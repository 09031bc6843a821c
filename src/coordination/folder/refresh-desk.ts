import { setTimeout as delay } from 'node:timers/promises';
import type { Failure } from '../../core/failure.ts';
import type { Step } from '../../core/plan.ts';
import type { Clock, Unit } from '../../core/ports.ts';
import { isPublished, obstacle, type State } from '../../core/state/index.ts';
import { lifeLeft } from '../../core/state/life.ts';
import type { DowngradeReason, RequestState, Strength } from '../../core/state/request.ts';
import { type Instant, MINUTE } from '../../core/time.ts';
import type { RefreshOutcome, RefreshRequest, RequestFolder, TakenRequest } from './request-folder.ts';

/** A unit as the loop sees it. */
export interface Watched {
  readonly unit: Pick<Unit, 'id' | 'name' | 'account'>;
  readonly state: State;
  readonly step: Step;
  readonly busy: boolean;
}

/** What the desk needs of the loop. */
export interface Refresher {
  refreshNow(request: { readonly names: readonly string[]; readonly strength: Strength }): void;
  /** Not to be made any more, if it has not begun. */
  withdraw(names: readonly string[]): void;
  tick(): void;
  views(): readonly Watched[];
}

export interface RefreshDesk {
  /** Serves what lies in the folder; returns at once when nothing does, or when a request is being served. */
  serve(): Promise<void>;
}

/** What those who asked for one credential together want. */
interface Wanted {
  readonly forced: boolean;
  readonly patience: number;
}

/** How long a request may wait for a lock or an answer, ms, and how often it is looked at. */
const LONGEST = MINUTE;
const LOOK = 100;

/** Carries out what `refresh` asks for and answers when the new credential is published, or why it is not. */
export function refreshDesk(folder: RequestFolder, refresher: Refresher, clock: Clock): RefreshDesk {
  let busy = false;

  const isOurs = ({ credentials }: RefreshRequest) => {
    const served = new Set(refresher.views().map(({ unit }) => unit.account));
    return credentials.some(({ account }) => served.has(account));
  };

  /** Of a credential: of its token and of every ticket that hangs on it. */
  async function outcomesOf(name: string, { forced, patience }: Wanted): Promise<readonly RefreshOutcome[]> {
    const deadline = clock.now().monotonic + Math.min(LONGEST, patience);
    for (;;) {
      const now = clock.now();
      const isOver = now.monotonic >= deadline;
      const concerned = refresher.views().filter(({ unit }) => unit.name === name);
      if (concerned.length === 0) return [{ name, result: 'failed', message: 'is not served' }];
      const outcomes = concerned.map(({ unit, ...view }) => {
        const outcome = (view.busy ? undefined : judge(view, forced, now)) ?? (isOver ? TOO_LONG : undefined);
        return outcome && { name: unit.id, ...outcome };
      });
      const known = outcomes.filter((outcome) => outcome !== undefined);
      if (known.length === outcomes.length) {
        // Whoever was told that it failed does not expect it later.
        refresher.withdraw([name]);
        return known;
      }
      await delay(LOOK);
      refresher.tick();
    }
  }

  /** Requests that came together are one refresh: each fetch of its own would kill the token of the one before. */
  async function serveTogether(requests: readonly TakenRequest[]): Promise<void> {
    const wanted = new Map<string, Wanted>();
    for (const { request } of requests) {
      const names = request.credentials.map(({ name }) => name);
      refresher.refreshNow({ names, strength: request.forced ? 'forced' : 'ordinary' });
      for (const name of names) {
        const { forced = false, patience = 0 } = wanted.get(name) ?? {};
        wanted.set(name, {
          forced: forced || request.forced,
          patience: Math.max(patience, request.patience),
        });
      }
    }
    const outcomes = new Map([...wanted].map(([name, how]) => [name, outcomesOf(name, how)]));
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

const TOO_LONG: Outcome = { result: 'failed', message: 'it took too long' };

/** Why a refresh by force was made as an ordinary call. */
const NOT_FORCED: Readonly<Record<DowngradeReason, string>> = {
  uncoordinated: 'others may hold the token',
  store: 'a forced refresh is written down first, and the state folder does not work',
  spacing: 'WeChat ignores a forced refresh within 30 s of another',
  'forced-budget': 'the forced refreshes of the day are used up',
};

const DECLINED: Readonly<Record<NonNullable<RequestState['declinedBecause']>, Outcome>> = {
  budget: { result: 'failed', message: 'the budget of calls allows no fetch now' },
  lagging: {
    result: 'refused',
    message: 'other daemons have moved on to a newer AppSecret: this one was replaced',
  },
  mirror: {
    result: 'failed',
    message: 'this daemon only mirrors it: it is refreshed by the daemon that fetches it',
  },
  uncoordinated: notForced('uncoordinated'),
  store: notForced('store'),
  spacing: notForced('spacing'),
  'forced-budget': notForced('forced-budget'),
};

function notForced(why: DowngradeReason): Outcome {
  return { result: 'failed', message: `not forced, an ordinary call was made: ${NOT_FORCED[why]}` };
}

/** What became of a request; undefined while it is under way. */
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
    attempts.unready > 0 ? 'the platform handed out the same token again' : 'a new token is published';
  return { result: 'published', message: `${what}, good for ${seconds} s` };
}

function failed({ class: kind, message, advice }: Failure): Outcome {
  const result = kind === 'refused' || kind === 'confirmation' ? 'refused' : 'failed';
  return { result, message: advice ? `${message}; ${advice}` : message };
}
