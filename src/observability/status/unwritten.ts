/** The words for a record that cannot be written, and for what a restart would cost meanwhile. */
import type { View } from '../../core/plan.ts';
import { type RestartCost, unwritten } from '../../core/restart-cost.ts';
import { type Instant, SECOND } from '../../core/time.ts';

/** Why the record does not hold what the daemon knows. */
export interface StateError {
  readonly code: string;
  readonly message: string;
  readonly advice?: string;
  /** Epoch seconds. This and the next two are absent where an older version wrote the status. */
  readonly since?: number;
  readonly restart_costs?: RestartCost;
  /** The same as `restart_costs`, as a sentence. */
  readonly restart?: string;
}

const UNSAVED = {
  code: 'unsaved',
  message: 'the record is not written yet: another daemon holds the lock of the account',
};

/** What is wrong with the record of an account; undefined when nothing is. */
export function stateErrorOf(
  { unit, state }: Pick<View, 'unit' | 'state'>,
  now: Instant,
): StateError | undefined {
  const found = unwritten(state, unit, now);
  if (!found) return undefined;
  const { since, failure, restartCosts } = found;
  const { code, message, advice }: StateError = failure ?? UNSAVED;
  const needsFolder = unit.policy.destructive && !unit.policy.follows && unit.store.handOver === undefined;
  return {
    ...{ code, message },
    ...(advice !== undefined && { advice }),
    since: Math.floor((now.wall - (now.monotonic - since.monotonic)) / SECOND),
    restart_costs: restartCosts,
    restart: failure && needsFolder ? `${RESTARTS[restartCosts]}${MAY_NOT_START}` : RESTARTS[restartCosts],
  };
}

const RESTARTS: Readonly<Record<RestartCost, string>> = {
  nothing: 'a restart now costs no call and forgets nothing: the record holds all that this daemon knows',
  ledger:
    'a restart now costs no call, since the token is found again, but the calls since the last write are forgotten',
  call:
    'a restart now costs a call, since the token is nowhere to be found again; readers keep theirs, and the calls ' +
    'since the last write are forgotten',
  token:
    'a restart now costs a call and the token that readers hold, since a fetch kills it; the calls since the last ' +
    'write are forgotten',
  source: 'a restart now costs no call, but the daemon is not ready before the source can be read',
};

/** A state folder that may not be written is a mistake to whoever needs it, and the daemon ends with 78. */
const MAY_NOT_START = '; before the state folder can be written, the daemon may not start';
