/** A refresh that somebody asked for, and what became of it. */
import { type Instant, SECOND } from '../time.ts';
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
  /** That person has it made although readers may not have taken up the token yet. */
  readonly overrides?: true;
  /** Why the last refresh that was asked for was not made, or not made by force. */
  readonly declinedBecause?: 'budget' | 'lagging' | 'mirror' | DowngradeReason;
  /** The daemon that fetches has the request: the generation of the record before it was handed over. */
  readonly awaited?: number;
  /** Monotonic ms at which the last refresh that a person asked for began, or was handed over. */
  readonly beganAt?: number;
}

export const NO_REQUEST: RequestState = {};

/**
 * After a refresh that a person asked for has begun, all who ask for another within this time get one together, at its
 * end, ms. So a storm of HUPs costs two calls.
 */
export const GATHERING = 2 * SECOND;

const STRENGTHS: readonly Strength[] = ['ordinary', 'preferred', 'forced'];

/** The stronger of two requested refreshes: it does for both. */
export function stronger(one: Strength, other: Strength): Strength {
  return STRENGTHS.indexOf(one) > STRENGTHS.indexOf(other) ? one : other;
}

/** What somebody wants of a refresh. */
export interface Wish {
  readonly strength: Strength;
  /** Not to wait until readers have taken up the token. */
  readonly overrides: boolean;
}

/** Somebody wants a refresh. What became of an earlier one does not matter any more. */
export function requested(request: RequestState, { strength, overrides }: Wish): RequestState {
  const { manual = 'ordinary' } = request;
  return {
    ...lastOne(request),
    manual: stronger(strength, manual),
    ...((overrides || request.overrides) && { overrides: true }),
  };
}

/** Somebody wants a refresh of what another program fetches. */
export function requestedOfMirror(request: RequestState): RequestState {
  return { ...without(request, 'awaited'), declinedBecause: 'mirror' };
}

/** What the daemon that fetches is to be asked for: there the strongest wish overrides as well. */
export function strengthToHandOver({ manual, overrides }: RequestState): Strength | undefined {
  return manual && overrides ? 'forced' : manual;
}

/** Why a fetch is due that the daemon that fetches is asked for. */
export type HandedOver = 'requested' | 'refused' | 'authorised';

/** The request is with the daemon that fetches: it decides, by its own budgets, what comes of it. */
export function handedOver(
  request: RequestState,
  reason: HandedOver,
  generation: number,
  now: Instant,
): RequestState {
  if (reason !== 'requested') return { ...request, awaited: generation };
  return { ...withoutManual(request), awaited: generation, beganAt: now.monotonic };
}

/** What a person asked for has begun. @param why it is not made as it was asked for */
export function begun(request: RequestState, why: DowngradeReason | undefined, now: Instant): RequestState {
  return { ...closed(request, why), beganAt: now.monotonic };
}

/**
 * The request is not made any more.
 * @param why without it, what is known of an earlier one stays
 */
export function closed(
  request: RequestState,
  why: RequestState['declinedBecause'] = request.declinedBecause,
): RequestState {
  return { ...lastOne(request), ...(why && { declinedBecause: why }) };
}

/**
 * There is a new token: that is what an ordinary request asked for. A forced one asks for the old token's death as
 * well.
 */
export function satisfied(request: RequestState): RequestState {
  return request.manual === 'ordinary' ? withoutManual(request) : request;
}

/** Another daemon has brought a new token, which is what anybody asked for who did not insist on force. */
export function satisfiedByPeer(request: RequestState): RequestState {
  return request.manual === 'forced' ? request : withoutManual(request);
}

/** Milliseconds until a person's next refresh may begin. */
export function untilNextRequest({ beganAt }: RequestState, now: Instant): number {
  return beganAt === undefined ? 0 : Math.max(0, beganAt + GATHERING - now.monotonic);
}

function withoutManual(request: RequestState): RequestState {
  return without(request, 'manual', 'overrides');
}

/** Nothing but when the last one began. */
function lastOne({ beganAt }: RequestState): RequestState {
  return beganAt === undefined ? NO_REQUEST : { beganAt };
}

/** It is known what came of the request at the daemon that fetches. */
export function answeredByPeer(request: RequestState): RequestState {
  return without(request, 'awaited');
}
