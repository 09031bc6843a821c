import type { Instant } from '../../core/time.ts';
import { type Status, type TargetStatus, worstOf } from '../../observability/status/status.ts';
import { type Found, standingOf, timesOf } from './published.ts';

/**
 * What `status` reports. `calls` is absent without a report of the daemon, because then the calls made are not known.
 */
export type Told = Omit<Status, 'calls'> & Partial<Pick<Status, 'calls'>>;

/** Turns what a daemon reported this many seconds ago into what it would report now. */
export function aged(status: Status, seconds: number): Status {
  return {
    ...status,
    ...older(status, seconds),
    targets: status.targets.map((target) => {
      const now = { ...target, ...older(target, seconds) };
      const hasEnded = seconds > 0 && now.life_left === 0 && /^(fresh|behind)$/.test(target.state);
      return hasEnded ? { ...now, state: 'dead' } : now;
    }),
    ...(status.pushed_ticket && {
      pushed_ticket: { ...status.pushed_ticket, ...older(status.pushed_ticket, seconds) },
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

const NOT_KNOWN: Told['next'] = {
  in: 0,
  what: 'not known: no daemon tells',
  brief: 'not known',
  zh: { what: '未知：没有守护进程说明', brief: '未知' },
};

const FETCH: Told['next'] = {
  in: 0,
  what: 'a fetch: there is no live one',
  brief: 'fetch',
  zh: { what: '获取：没有有效的', brief: '获取' },
  overdue: true,
};

/**
 * Adds what the published files hold to what the daemon reported. While the daemon runs, the files only show whether
 * readers can read them, or what the daemon has not taken over yet. When the daemon does not run, the files may be
 * newer than its last report.
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
  if (found.error) {
    // Why it is not there is what a person has to mend.
    const why = isRunning && found.error.code === 'missing' ? target.error : undefined;
    return standingOf(why ? { ...found, error: why } : found, now);
  }
  if (!found.token) return target.state === 'missing' ? standingOf(found, now) : target;
  const { issued_at } = timesOf(found.token, now);
  const isCurrent = issued_at >= newest;
  const isBehind = target.state === 'missing' || target.state === 'unknown';
  const isNews = isRunning
    ? isBehind
    : isBehind || issued_at > newest || (isCurrent && target.state === 'behind');
  return isNews ? standingOf(found, now) : target;
}

/** Returns the state of the newest token, which counts when no target is known. */
function lifeOf({ state, life_left }: Told): Told['state'] {
  return state === 'fresh' && life_left === 0 ? 'dead' : state;
}

/** Marks as overdue a step that should be done and is not, since no daemon runs. */
function nextOf(next: Told['next'], state: Told['state']): Told['next'] {
  if (next !== NOT_KNOWN) return next.in > 0 ? next : { ...next, overdue: true };
  return state === 'missing' || state === 'dead' ? FETCH : next;
}

/** Returns what is known when no daemon has reported anything. */
export function untold(
  of: Pick<Told, 'credential' | 'kind' | 'account' | 'optional'>,
  found: readonly Found[],
): Told {
  const targets = found.map(({ id }): TargetStatus => ({ id, state: 'unknown' }));
  return { ...of, state: 'unknown', targets, next: NOT_KNOWN };
}
