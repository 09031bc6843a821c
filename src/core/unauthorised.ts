/**
 * A token whose authorisation is gone: the account has cancelled what it had granted to the third party, or the corp has
 * removed the app. The platform says so when the next token is asked for, and the one that is published is dead from then
 * on, whatever its end claims. What is published stays, since that word may be mistaken; but it counts as dead wherever
 * people and machines look, until a fetch succeeds. What hangs on the token, a ticket, is dead with it.
 */
import type { Failure } from './failure.ts';
import { ONE_FETCH, type Unauthorised } from './record.ts';
import { baseRenewed } from './state/attempts.ts';
import { ledgerTime } from './state/clock.ts';
import { doubted } from './state/doubts.ts';
import type { State } from './state/index.ts';
import { after, type Instant } from './time.ts';
import { without } from './without.ts';

/**
 * What a failure says of the authorisation behind the token. A permanent code that has never fetched here may have been
 * copied wrongly, and one that was replaced is cancelled anyway: neither says anything of the token that is there.
 * @param at epoch ms by the ledger's time
 */
export function unauthorisedBy(
  { record, fingerprint }: State,
  { endsAuthorisation }: Pick<Failure, 'endsAuthorisation'>,
  at: number,
): Unauthorised | undefined {
  const before = record.lastFailure?.unauthorised;
  const { token, secrets } = record;
  const isProven = fingerprint === undefined || secrets.at(-1) === fingerprint;
  if (!endsAuthorisation || !token || !isProven) return before;
  // Later ones say the same again.
  return before?.generation === token.generation ? before : { generation: token.generation, at };
}

/** Whether the platform has said that the authorisation behind the token of the record is gone. */
function unauthorisedIn({
  token,
  lastFailure,
}: Pick<State['record'], 'token' | 'lastFailure'>): Unauthorised | undefined {
  const said = lastFailure?.unauthorised;
  return said && token && token.generation <= said.generation ? said : undefined;
}

/** The state with what its record says of the authorisation: so it does not matter which daemon was told. */
export function withAuthorisationKnown(state: State, now: Instant): State {
  const said = unauthorisedIn(state.record);
  const { life } = state;
  if ((said !== undefined) === (life.unauthorised !== undefined)) return state;
  if (!said) return { ...state, life: without(life, 'unauthorised') };
  const ago = Math.max(0, ledgerTime(state.clock, now).at - said.at);
  return { ...state, life: { ...life, unauthorised: after(now, -ago) } };
}

/** Whether the token of `base` is dead in a way that leaves what was fetched with it no life either. */
export function orphans(base: State | undefined, { life, record }: State): boolean {
  return base?.life.unauthorised !== undefined && record.token !== undefined && life.orphaned === undefined;
}

/** Whether there is another token of `base` to ask with than before, or an authorisation again for the same one. */
export function isRenewed(before: State, base: State): boolean {
  const [old, token] = [before.record.token, base.record.token];
  const isAnother = token !== undefined && old !== undefined && !token.value.equals(old.value);
  return isAnother || (before.life.unauthorised !== undefined && base.life.unauthorised === undefined);
}

/**
 * The state after a look, by which another daemon has fetched it anew: then it is dead no more, whether or not the platform
 * handed out the same value again.
 */
export function withPeersFetch(before: State, known: State): State {
  const { generation, ledger, lastFailure, intent } = known.record;
  const isFetched =
    ledger.lastFetch !== before.record.ledger.lastFetch && generation >= before.record.generation + ONE_FETCH;
  if (!known.life.orphaned || !isFetched || lastFailure || intent) return known;
  return { ...known, life: without(known.life, 'orphaned') };
}

/** Whether {@link withBaseRenewed} changes anything. */
export function waitsForBase({ attempts }: State): boolean {
  return attempts.failure?.blamesToken !== undefined;
}

/**
 * What was refused for the token that it was asked for with may be tried at once with another one. One that lives is
 * fetched as well: what its last attempt met is to be over, and not told until it is due.
 */
export function withBaseRenewed(state: State, now: Instant): State {
  if (!waitsForBase(state)) return state;
  const attempts = baseRenewed(state.attempts);
  // Of all daemons that know of it, the one that met it goes first.
  return attempts.reportedByPeer
    ? { ...state, attempts }
    : { ...state, attempts, doubts: doubted(state.doubts, now, 'hint') };
}
