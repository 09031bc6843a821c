import { dirname } from 'node:path';
import { apply } from '../../core/apply.ts';
import { untilDue } from '../../core/due.ts';
import type { Failure } from '../../core/failure.ts';
import { currentSetback } from '../../core/last-failure.ts';
import type { View } from '../../core/plan.ts';
import { lifeLeft, liveToken } from '../../core/state.ts';
import { type Instant, MINUTE } from '../../core/time.ts';
import { type NextStep, type Status, UNREADABLE } from '../../observability/status/status.ts';
import { type FileTarget, filesOf, idOf } from '../../publishers/file.ts';
import { folderFailure, pathFailure, spaceFailure } from '../../system/fs/path-problem.ts';
import { DRAW } from './replay.ts';

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
};

/**
 * What the daemon is to do next, as far as one can tell who is not it, and whether it seems to be there at all.
 * @param hindered whether something was found that keeps it from leaving a trace
 */
export function prospect(view: View, status: Status, hindered: boolean, now: Instant): NextStep {
  const { state } = view;
  if (!state.record.token && (state.trouble || status.state === 'unknown')) return UNKNOWN;
  if (isSilent(view, now)) return hindered ? status.next : { ...status.next, overdue: true };
  if (lacking(view, now).length === 0) return status.next;
  const { issuedAt = now.wall } = state.record.token ?? {};
  // Targets are looked at every minute.
  const isLate = now.wall - issuedAt >= SILENCE;
  return isLate && !hindered ? { ...PUBLISHING, overdue: true } : PUBLISHING;
}

/** Whether nothing has come of a fetch for so long after it was due that a running daemon would have tried again. */
function isSilent(view: View, now: Instant): boolean {
  return silence(view, now) >= (currentSetback(view.state) ? SILENCE_AFTER_FAULT : SILENCE);
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

/** The targets that do not hold the newest token, which lives. Of those that cannot be read nobody can say. */
function lacking({ state }: Pick<View, 'state'>, now: Instant): readonly string[] {
  const token = liveToken(state, now);
  if (!token) return [];
  return Object.entries(state.targets)
    .filter(([, { generation, failure }]) => generation !== token.generation && failure?.code !== UNREADABLE)
    .map(([id]) => id);
}

/** A credential, and whether what was found explains why a running daemon leaves no trace on the disk. */
export interface Probed {
  readonly view: View;
  readonly hindered: boolean;
}

/**
 * Where the disk does not hold what it should: what stands in the way of the daemon, as it would have learnt it by
 * trying. Its own word of that is in its memory alone.
 */
export async function withHindrances(
  view: View,
  files: readonly FileTarget[],
  stateDir: string,
  now: Instant,
): Promise<Probed> {
  const context = { policy: view.unit.policy, now, random: DRAW };
  const late = new Set(lacking(view, now));
  const suspects = files.filter((target) => late.has(idOf(target)));
  const found = await Promise.all(
    suspects.map(async (target) => ({ target: idOf(target), failure: await hindranceOf(target) })),
  );
  let { state } = view;
  for (const { target, failure } of found) {
    if (failure) state = apply(state, { type: 'unpublished', target, failure }, context);
  }
  const isSilence = isSilent(view, now);
  const store = isSilence ? await folderHindrance(stateDir) : undefined;
  if (store) state = apply(state, { type: 'unstored', failure: store }, context);
  // Whoever can write the record would have written that it tried to fetch.
  const hindered = isSilence ? store !== undefined : found.every(({ failure }) => failure);
  return { view: { ...view, state }, hindered };
}

async function hindranceOf(target: FileTarget): Promise<Failure | undefined> {
  for (const { path } of filesOf(target)) {
    const failure = await pathFailure(path);
    if (failure) return failure;
  }
  return spaceFailure(dirname(target.path));
}

async function folderHindrance(folder: string): Promise<Failure | undefined> {
  return (await folderFailure(folder)) ?? (await spaceFailure(folder));
}
