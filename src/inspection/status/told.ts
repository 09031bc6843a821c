import type { Instant } from '../../core/time.ts';
import { type Status, type TargetStatus, worstOf } from '../../observability/status/status.ts';
import { type Found, standingOf, timesOf } from './published.ts';

/** What `status` tells: without a word from the daemon nobody knows what has been called. */
export type Told = Omit<Status, 'calls'> & Partial<Pick<Status, 'calls'>>;

/** What a daemon told so many seconds ago, as it would tell it now. */
export function aged(status: Status, seconds: number): Status {
  return {
    ...status,
    ...older(status, seconds),
    targets: status.targets.map((target) => {
      const now = { ...target, ...older(target, seconds) };
      const hasEnded = seconds > 0 && now.life_left === 0 && /^(fresh|behind)$/.test(target.state);
      return hasEnded ? { ...now, state: 'dead' } : now;
    }),
    next: { ...status.next, in: Math.max(0, status.next.in - seconds) },
  };
}

type Times = Partial<Pick<Status, 'age' | 'life_left'>>;

function older({ age, life_left }: Times, seconds: number): Times {
  return {
    ...(age !== undefined && { age: age + seconds }),
    ...(life_left !== undefined && { life_left: Math.max(0, life_left - seconds) }),
  };
}

const NOT_KNOWN = { in: 0, what: 'not known: no daemon tells', brief: 'not known' };

/**
 * Adds what lies in the published files to what the daemon told. Of a daemon that runs they only tell whether readers can
 * read them, or what it has not taken over yet; of one that does not run they may be newer than its last word.
 */
export function withFiles(told: Told, found: readonly Found[], isRunning: boolean, now: Instant): Told {
  const targets = told.targets.map((target) => {
    const one = found.find(({ id }) => id === target.id);
    return one ? targetWith(target, one, told, isRunning, now) : target;
  });
  const newest = found.flatMap(({ token }) => token ?? []).toSorted((a, b) => b.issuedAt - a.issuedAt)[0];
  const times = newest && timesOf(newest, now);
  const isNews = times && (told.issued_at === undefined || (!isRunning && times.issued_at > told.issued_at));
  const next = isNews && !isRunning ? NOT_KNOWN : told.next;
  const status = { ...told, ...(isNews && times), targets };
  const state = targets.length > 0 ? worstOf(targets) : lifeOf(status);
  return { ...status, state, next: isRunning ? next : nextOf(next, state) };
}

function targetWith(
  target: TargetStatus,
  found: Found,
  { issued_at: newest = 0 }: Told,
  isRunning: boolean,
  now: Instant,
): TargetStatus {
  if (found.error) return standingOf(found, now);
  if (!found.token) return target.state === 'missing' ? standingOf(found, now) : target;
  const { issued_at } = timesOf(found.token, now);
  const isCurrent = issued_at >= newest;
  const isBehind = target.state === 'missing' || target.state === 'unknown';
  const isNews = isRunning
    ? isBehind
    : isBehind || issued_at > newest || (isCurrent && target.state === 'behind');
  return isNews ? standingOf(found, now) : target;
}

/** Without a target that is known it is the newest token that counts. */
function lifeOf({ state, life_left }: Told): Told['state'] {
  return state === 'fresh' && life_left === 0 ? 'dead' : state;
}

/** What should be done and is not, since no daemon runs. */
function nextOf(next: Told['next'], state: Told['state']): Told['next'] {
  if (next !== NOT_KNOWN) return next.in > 0 ? next : { ...next, overdue: true };
  return state === 'missing' || state === 'dead'
    ? { in: 0, what: 'a fetch: there is no live one', brief: 'fetch', overdue: true }
    : next;
}

/** What is known where no daemon has told anything. */
export function untold(
  of: Pick<Told, 'credential' | 'kind' | 'account' | 'optional'>,
  found: readonly Found[],
): Told {
  const targets = found.map(({ id }): TargetStatus => ({ id, state: 'unknown' }));
  return { ...of, state: 'unknown', targets, next: NOT_KNOWN };
}
