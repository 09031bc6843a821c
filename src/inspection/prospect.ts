import { untilDue } from '../core/reason.ts';
import { currentSetback } from '../core/setback.ts';
import { lifeLeft, liveToken } from '../core/state.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import type { View } from '../core/view.ts';
import type { NextStep } from '../operations/next-step.ts';
import type { Status } from '../operations/status.ts';

/** A running daemon has done, or at least tried, what was due so long ago; ms. */
const SILENCE = 3 * MINUTE;

/** The longest pause after a fault that the record does not tell of, and some time more; ms. */
const SILENCE_AFTER_FAULT = 11 * MINUTE;

const UNKNOWN = {
  in: 0,
  what: 'not known: there is no record that can be read',
  brief: 'not known',
};
const PUBLISHING = {
  in: 0,
  what: 'publishing what is stored: the targets do not hold the newest one',
  brief: 'publishing',
  overdue: true,
} as const;

/** What the daemon is to do next, as far as one can tell who is not it, and whether it seems to be there at all. */
export function prospect(view: View, status: Status, now: Instant): NextStep {
  const { state } = view;
  if (!state.record.token && (state.trouble || status.state === 'unknown')) return UNKNOWN;
  if (silence(view, now) >= (currentSetback(state) ? SILENCE_AFTER_FAULT : SILENCE))
    return { ...status.next, overdue: true };
  return isUnpublished(view, status, now) ? PUBLISHING : status.next;
}

/** Milliseconds for which nothing has come of a fetch that is due. */
function silence({ unit, state, step }: View, now: Instant): number {
  if (step.kind !== 'fetch' && step.kind !== 'ask-time') return 0;
  const { token, ledger, setback } = state.record;
  const left = lifeLeft(state, now) ?? 0;
  const due = token ? Math.max(0, -untilDue(state, unit.policy, now), -left) : Number.POSITIVE_INFINITY;
  const tried = Math.max(ledger.lastFetch ?? 0, setback?.at ?? 0);
  return Math.min(due, now.wall - tried);
}

/** Targets are looked at every minute. */
function isUnpublished({ state }: View, { targets }: Status, now: Instant): boolean {
  const token = liveToken(state, now);
  if (!token || now.wall - token.issuedAt < SILENCE) return false;
  return targets.some(({ id, state: standing }) => {
    const holds = state.targets[id]?.generation === token.generation;
    return !holds && standing !== 'unreadable';
  });
}
