import { setTimeout as delay } from 'node:timers/promises';
import type { Failure } from '../core/failure.ts';
import type { Step } from '../core/plan.ts';
import type { Clock, Unit } from '../core/ports.ts';
import { isPublished, lifeLeft, obstacle, type State, type Strength } from '../core/state.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import type { RefreshOutcome, RequestFolder, TakenRequest } from './request-folder.ts';

/** A unit as the loop sees it. */
export interface Watched {
  readonly unit: Pick<Unit, 'id' | 'name'>;
  readonly state: State;
  readonly step: Step;
  readonly busy: boolean;
}

/** What the desk needs of the loop. */
export interface Refresher {
  refreshNow(request: { readonly names: readonly string[]; readonly strength: Strength }): void;
  tick(): void;
  views(): readonly Watched[];
}

export interface RefreshDesk {
  /** Serves what lies in the folder; returns at once when nothing does, or when a request is being served. */
  serve(): Promise<void>;
}

type Outcome = Omit<RefreshOutcome, 'name'>;

const TOO_LONG: Outcome = { result: 'failed', message: 'it took too long' };

/** How long a request may wait for a lock or an answer, ms, and how often it is looked at. */
const LONGEST = MINUTE;
const LOOK = 100;

/** Carries out what `refresh` asks for and answers when the new credential is published, or why it is not. */
export function refreshDesk(folder: RequestFolder, refresher: Refresher, clock: Clock): RefreshDesk {
  let busy = false;

  /** Of a credential: of its token and of every ticket that hangs on it. */
  async function outcomesOf(name: string): Promise<readonly RefreshOutcome[]> {
    const deadline = clock.now().monotonic + LONGEST;
    for (;;) {
      const now = clock.now();
      const isOver = now.monotonic >= deadline;
      const concerned = refresher.views().filter(({ unit }) => unit.name === name);
      const outcomes = concerned.map(({ unit, ...view }) => {
        const outcome = (view.busy ? undefined : judge(view, now)) ?? (isOver ? TOO_LONG : undefined);
        return outcome && { name: unit.id, ...outcome };
      });
      if (concerned.length === 0) return [{ name, result: 'failed', message: 'is not served' }];
      const known = outcomes.filter((outcome) => outcome !== undefined);
      if (known.length === outcomes.length) return known;
      await delay(LOOK);
      refresher.tick();
    }
  }

  /** Requests that came together are one refresh: each fetch of its own would kill the token of the one before. */
  async function serveTogether(requests: readonly TakenRequest[]): Promise<void> {
    for (const { request } of requests) {
      refresher.refreshNow({ names: request.names, strength: request.forced ? 'forced' : 'ordinary' });
    }
    const asked = new Set(requests.flatMap(({ request }) => request.names));
    const outcomes = new Map<string, Promise<readonly RefreshOutcome[]>>();
    for (const name of asked) outcomes.set(name, outcomesOf(name));
    for (const { request, reply } of requests) {
      const answers = await Promise.all(request.names.map((name) => outcomes.get(name) ?? []));
      await reply(answers.flat());
    }
  }

  return {
    async serve() {
      if (busy) return;
      busy = true;
      try {
        for (let taken = await takeAll(folder); taken.length > 0; taken = await takeAll(folder)) {
          await serveTogether(taken);
        }
      } finally {
        busy = false;
      }
    },
  };
}

async function takeAll(folder: RequestFolder): Promise<readonly TakenRequest[]> {
  const requests: TakenRequest[] = [];
  for (let taken = await folder.take(); taken; taken = await folder.take()) requests.push(taken);
  return requests;
}

/** What became of a request; undefined while it is under way. */
function judge({ state, step }: Omit<Watched, 'unit'>, now: Instant): Outcome | undefined {
  if (state.manual !== undefined) {
    if (step.kind !== 'wait') return undefined;
    if (step.why === 'budget')
      return { result: 'failed', message: 'the budget of calls allows no fetch now' };
    if (step.why === 'blocked' && state.trouble) return failed(state.trouble.failure);
    return step.why === 'lagging'
      ? {
          result: 'refused',
          message: 'other daemons have moved on to a newer AppSecret: this one was replaced',
        }
      : undefined;
  }
  if (state.failure) return failed(state.failure);
  if (!isPublished(state, now)) {
    const failure = obstacle(state, now);
    return failure && failed(failure);
  }
  const seconds = Math.round((lifeLeft(state, now) ?? 0) / 1000);
  const what =
    state.unready > 0 ? 'the platform handed out the same token again' : 'a new token is published';
  return { result: 'published', message: `${what}, good for ${seconds} s` };
}

function failed({ class: kind, message, advice }: Failure): Outcome {
  const result = kind === 'refused' || kind === 'confirmation' ? 'refused' : 'failed';
  return { result, message: advice ? `${message}; ${advice}` : message };
}
