/** A refresh that somebody asked for, and what became of it. */
import { without } from '../without.ts';

/**
 * How a person wants a refresh. `preferred`: forced where everyone who holds the token learns of it, otherwise an
 * ordinary call. `forced`: forced wherever the type knows it.
 */
export type Strength = 'ordinary' | 'preferred' | 'forced';

/** Why a refresh that was asked for by force was made as an ordinary call. */
export type DowngradeReason = 'uncoordinated' | 'store' | 'spacing' | 'forced-budget';

export interface RequestState {
  /** A person asked for a refresh that has not begun. */
  readonly manual?: Strength;
  /** Why the last refresh that was asked for was not made, or not made by force. */
  readonly declinedBecause?: 'budget' | 'lagging' | 'mirror' | DowngradeReason;
  /** The daemon that fetches has the request: the generation of the record before it was handed over. */
  readonly awaited?: number;
}

export const NO_REQUEST: RequestState = {};

const STRENGTHS: readonly Strength[] = ['ordinary', 'preferred', 'forced'];

/** The stronger of two requested refreshes: it does for both. */
export function stronger(one: Strength, other: Strength): Strength {
  return STRENGTHS.indexOf(one) > STRENGTHS.indexOf(other) ? one : other;
}

/** Somebody wants a refresh. What became of an earlier one does not matter any more. */
export function requested({ manual = 'ordinary' }: RequestState, strength: Strength): RequestState {
  return { manual: stronger(strength, manual) };
}

/** Somebody wants a refresh of what another program fetches. */
export function requestedOfMirror(request: RequestState): RequestState {
  return { ...without(request, 'awaited'), declinedBecause: 'mirror' };
}

/** The request is with the daemon that fetches: it decides, by its own budgets, what comes of it. */
export function handedOver(
  request: RequestState,
  reason: 'requested' | 'refused',
  generation: number,
): RequestState {
  return { ...(reason === 'requested' ? without(request, 'manual') : request), awaited: generation };
}

/**
 * The request has begun, or is not made any more.
 * @param why it is not made as it was asked for; without that, what is known of an earlier one stays
 */
export function closed(
  { declinedBecause }: RequestState,
  why: RequestState['declinedBecause'] = declinedBecause,
): RequestState {
  return why ? { declinedBecause: why } : NO_REQUEST;
}

/**
 * There is a new token: that is what an ordinary request asked for. A forced one asks for the old token's death as
 * well.
 */
export function satisfied(request: RequestState): RequestState {
  return request.manual === 'ordinary' ? without(request, 'manual') : request;
}

/** It is known what came of the request at the daemon that fetches. */
export function answeredByPeer(request: RequestState): RequestState {
  return without(request, 'awaited');
}
