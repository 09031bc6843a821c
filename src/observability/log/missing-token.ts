import { reasonToFetch } from '../../core/due.ts';
import type { Leadership } from '../../core/events/cluster.ts';
import type { View } from '../../core/plan.ts';
import type { Clock } from '../../core/ports.ts';
import { liveToken } from '../../core/state/index.ts';
import { diedAt } from '../../core/state/life.ts';
import type { Text } from '../../core/text.ts';
import type { Instant } from '../../core/time.ts';
import { inWords } from './duration.ts';
import type { Logger } from './logger.ts';

export interface MissingTokenOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  /** How long a credential may be without a live token before a warning, ms. */
  readonly patience: number;
}

/** Since when the leader has delivered nothing for a unit, and whether that was logged. */
interface Absence {
  readonly since: Instant;
  told: boolean;
}

const ADVICE: Text = {
  en:
    'look at the log of the one that leads: does its configuration have this credential, may it write the Secret, and what ' +
    'does the platform answer? A holder that is no daemon of this cluster has to give the Lease up',
  zh:
    '查看 leader 的日志：它的配置里有这份凭据吗？它有权写这个 Secret 吗？微信的应答是什么？' +
    '占着 Lease 却不是这个集群的守护进程的，必须放弃 Lease',
};

/**
 * Warns, on a follower, of credentials for which nothing comes from the leader: they have no live token, or one that
 * should have been replaced long ago. Each absence is logged once, however long it lasts.
 * @returns to be called again and again with the current views; on the leader with none
 */
export function createMissingTokenAlert({ clock, logger, patience }: MissingTokenOptions) {
  let absences: ReadonlyMap<string, Absence> = new Map();

  function tell(view: View, { since }: Absence, { lease, holder }: Leadership): void {
    const { unit, state } = view;
    const now = clock.now();
    const what = unit.kind === 'token' ? 'token' : 'ticket';
    const rest = liveToken(state, now) ? `no newer ${what} received` : `no ${what} received`;
    const who = holder === undefined ? 'no leader is known' : `${holder} leads and alone may fetch it`;
    const { lastFailure } = state.record;
    const met = lastFailure ? `; last failure: ${lastFailure.failure.message}` : '';
    const kind = unit.kind === 'token' ? {} : { kind: unit.kind };
    const began = { since: new Date(since.wall).toISOString() };
    const fields = {
      credential: unit.name,
      ...kind,
      lease,
      ...(holder && { holder }),
      ...began,
      advice: ADVICE,
    };
    logger.warn(`${rest} for ${inWords(now.monotonic - since.monotonic)}: ${who}${met}`, fields);
  }

  return (views: readonly View[], leadership: Leadership): void => {
    const now = clock.now();
    const waiting = views.filter((view) => waits(view, now));
    absences = new Map(
      waiting.map(({ unit: { id } }) => [id, absences.get(id) ?? { since: now, told: false }]),
    );
    for (const view of waiting) {
      const absence = absences.get(view.unit.id);
      if (!absence || absence.told || now.monotonic - absence.since.monotonic < patienceWith(view, now))
        continue;
      absence.told = true;
      tell(view, absence, leadership);
    }
  };

  /** How long to wait before a warning, ms: longer while the token is still live and may be replaced in time. */
  function patienceWith({ unit, state }: View, now: Instant): number {
    return liveToken(state, now) ? Math.max(patience, unit.policy.window / 2) : patience;
  }
}

/**
 * Whether the leader owes a new value for this unit. A ticket that waits for its token is not counted: the token is.
 */
function waits({ unit: { policy }, state, step }: View, now: Instant): boolean {
  if (policy.follows || (step.kind === 'wait' && step.why === 'token')) return false;
  // That it is gone the leader has found out, and no other daemon would learn more.
  if (diedAt(state.life)) return false;
  if (!liveToken(state, now)) return true;
  return !policy.repeats && reasonToFetch(state, policy, now) === 'due';
}
