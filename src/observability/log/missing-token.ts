import { reasonToFetch } from '../../core/due.ts';
import type { Leadership } from '../../core/events/cluster.ts';
import type { View } from '../../core/plan.ts';
import type { Clock } from '../../core/ports.ts';
import { liveToken } from '../../core/state/index.ts';
import type { Instant } from '../../core/time.ts';
import { inWords } from './duration.ts';
import type { Logger } from './logger.ts';

export interface OverdueOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  /** How long a credential may be without a live token, ms. */
  readonly patience: number;
}

/** Since when nothing has come, and whether that was told. */
interface Spell {
  readonly since: Instant;
  told: boolean;
}

const ADVICE =
  'look at the log of the one that leads: does its configuration have this credential, may it write the Secret, and what ' +
  'does the platform answer? A holder that is no daemon of this cluster has to give the Lease up';

/**
 * Tells, once for as long as it lasts, of credentials for which nothing comes from the daemon that leads: without a live
 * token, or with one that should have been replaced long ago.
 */
export function createOverdue({ clock, logger, patience }: OverdueOptions) {
  let spells: ReadonlyMap<string, Spell> = new Map();

  function tell(view: View, { since }: Spell, { lease, holder }: Leadership): void {
    const { unit, state } = view;
    const now = clock.now();
    const what = unit.kind === 'token' ? 'token' : 'ticket';
    const rest = liveToken(state, now) ? `no newer ${what} has come` : `no ${what} has come`;
    const who = holder === undefined ? 'nobody is known to lead' : `${holder} leads and alone may fetch it`;
    const { lastFailure } = state.record;
    const met = lastFailure ? `; the last attempt met: ${lastFailure.failure.message}` : '';
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
    spells = new Map(waiting.map(({ unit: { id } }) => [id, spells.get(id) ?? { since: now, told: false }]));
    for (const view of waiting) {
      const spell = spells.get(view.unit.id);
      if (!spell || spell.told || now.monotonic - spell.since.monotonic < patienceWith(view, now)) continue;
      spell.told = true;
      tell(view, spell, leadership);
    }
  };

  /** Of one that lives it is no news while it may yet be replaced in time. */
  function patienceWith({ unit, state }: View, now: Instant): number {
    return liveToken(state, now) ? Math.max(patience, unit.policy.window / 2) : patience;
  }
}

/** What comes of a ticket follows from its token. */
function waits({ unit: { policy }, state, step }: View, now: Instant): boolean {
  if (policy.follows || (step.kind === 'wait' && step.why === 'token')) return false;
  if (!liveToken(state, now)) return true;
  return !policy.repeats && reasonToFetch(state, policy, now) === 'due';
}
