import { setTimeout as delay } from 'node:timers/promises';
import type { Step } from '../core/plan.ts';
import type { Clock, Unit } from '../core/ports.ts';
import type { State, Strength } from '../core/state.ts';
import { MINUTE } from '../core/time.ts';
import { judge, TOO_LONG } from './refresh-outcome.ts';
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

interface Wish {
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
  async function outcomesOf(name: string, { forced, patience }: Wish): Promise<readonly RefreshOutcome[]> {
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
    const wishes = new Map<string, Wish>();
    for (const { request } of requests) {
      const names = request.credentials.map(({ name }) => name);
      refresher.refreshNow({ names, strength: request.forced ? 'forced' : 'ordinary' });
      for (const name of names) {
        const { forced = false, patience = 0 } = wishes.get(name) ?? {};
        wishes.set(name, {
          forced: forced || request.forced,
          patience: Math.max(patience, request.patience),
        });
      }
    }
    const outcomes = new Map([...wishes].map(([name, wish]) => [name, outcomesOf(name, wish)]));
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
