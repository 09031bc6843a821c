import type { Failure } from '../../core/failure.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import type { Stored } from '../../kubernetes/resources.ts';

/** The election as a record store sees it: which daemon may fetch. */
export interface Election {
  /** Whether this daemon is the leader at this moment. */
  leads(): boolean;
  /**
   * To be called before a fetch.
   * @returns a function to be called when the fetch is over; undefined when another daemon has to fetch
   */
  enter(): (() => void) | undefined;
  /** Identity of the daemon that was last seen to hold the Lease; undefined when none is known. */
  holder(): string | undefined;
  /** Why no daemon can be elected, as far as this one can tell; undefined when there is no such problem. */
  trouble(): Failure | undefined;
}

/** All in ms. `duration` is longer than `renewDeadline`, and that is longer than a few times `retryPeriod`. */
export interface ElectionTimes {
  /** How long a Lease that does not change still belongs to its holder. */
  readonly duration: number;
  /**
   * How long a holder that cannot renew its Lease goes on leading. It must have stopped before another daemon begins.
   */
  readonly renewDeadline: number;
  /** Interval between two renewals. */
  readonly retryPeriod: number;
}

/** The content of a Lease, and when (by our own clock) this content was first observed. */
export interface Observation {
  readonly holding: Holding | undefined;
  readonly at: Instant;
}

/** What a candidate does about a Lease that it has just read. */
export type Decision =
  /** Replace the Lease's content with `holding`. */
  | { readonly kind: 'take' | 'renew' | 'release'; readonly holding: Holding }
  /** Another daemon holds the Lease, or this one abstains, for at least `ms`. */
  | { readonly kind: 'wait'; readonly ms: number };

/**
 * Notes a Lease that was just read. The times in a Lease were written by its holder's clock, which may be an hour off.
 * So only a change of the Lease proves that its holder is alive, and only our own clock measures how long that proof
 * lasts.
 * @returns `before` if the Lease has not changed since, otherwise an observation made `now`
 */
export function observed(
  before: Observation | undefined,
  holding: Holding | undefined,
  now: Instant,
): Observation {
  return before && isSame(before.holding, holding) ? before : { holding, at: now };
}

/**
 * Decides what a candidate does about the Lease: renew it, take it, or wait.
 * @param me our own identity
 */
export function decide(
  { holding, at }: Observation,
  me: string,
  times: ElectionTimes,
  now: Instant,
): Decision {
  if (holding?.holder === me) {
    return { kind: 'renew', holding: { ...holding, duration: times.duration, renewed: now.wall } };
  }
  const left = holding && holding.holder !== '' ? at.monotonic + validFor(holding) - now.monotonic : 0;
  if (left > 0) return { kind: 'wait', ms: left };
  const transitions = (holding?.transitions ?? -1) + 1;
  const next = { holder: me, duration: times.duration, acquired: now.wall, renewed: now.wall };
  return { kind: 'take', holding: { ...next, transitions } };
}

/**
 * Decides the same while this daemon abstains: release the Lease if it holds it, otherwise wait.
 * @param ms how long this daemon still abstains
 */
export function abstain({ holding }: Observation, me: string, ms: number, now: Instant): Decision {
  return holding?.holder === me ? { kind: 'release', holding: released(holding, now) } : { kind: 'wait', ms };
}

/**
 * The content of a released Lease, which the next candidate can take without waiting. client-go releases it like
 * this.
 */
export function released(holding: Holding, now: Instant): Holding {
  return { ...holding, holder: '', duration: SECOND, acquired: now.wall, renewed: now.wall };
}

/**
 * Whether the daemon that renewed its Lease may still act as its holder. The time since the renewal was sent is
 * measured with both clocks, and the larger value counts: the monotonic clock stands still while the machine is
 * suspended, and the wall clock may be set.
 * @param renewal when the renewal was sent
 */
export function isHeld(renewal: Instant, { renewDeadline }: ElectionTimes, now: Instant): boolean {
  return Math.max(now.monotonic - renewal.monotonic, now.wall - renewal.wall) < renewDeadline;
}

/** How long a Lease is valid, ms; the usual 15 s if it states no duration, or an impossible one. */
function validFor({ duration }: Holding): number {
  return duration > 0 ? duration : 15 * SECOND;
}

function isSame(a: Holding | undefined, b: Holding | undefined): boolean {
  if (!a || !b) return a === b;
  return (
    a.holder === b.holder &&
    a.renewed === b.renewed &&
    a.acquired === b.acquired &&
    a.transitions === b.transitions &&
    a.duration === b.duration
  );
}

/**
 * The content of a Lease, with the meaning that all electors of a cluster agree on. Durations in ms, times in epoch
 * ms.
 */
export interface Holding {
  /** Identity of the holder; empty when no daemon holds the Lease. */
  readonly holder: string;
  readonly duration: number;
  readonly transitions: number;
  readonly acquired: number;
  readonly renewed: number;
}

type LeaseSpec = NonNullable<Stored<'leases'>['spec']>;

/** @returns undefined for a Lease that no daemon has held yet */
export function holdingOf({ spec }: Pick<Stored<'leases'>, 'spec'>): Holding | undefined {
  if (!spec) return undefined;
  const { holderIdentity = '', leaseDurationSeconds = 0, leaseTransitions = 0 } = spec;
  return {
    holder: holderIdentity,
    duration: leaseDurationSeconds * 1000,
    transitions: leaseTransitions,
    acquired: epoch(spec.acquireTime),
    renewed: epoch(spec.renewTime),
  };
}

/** The `spec` of a Lease with this content. A duration is rounded to whole seconds, at least one. */
export function specOf({ holder, duration, transitions, acquired, renewed }: Holding): LeaseSpec {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.max(1, Math.round(duration / 1000)),
    leaseTransitions: transitions,
    acquireTime: microTime(acquired),
    renewTime: microTime(renewed),
  };
}

/** A MicroTime has exactly six fractional digits: an API server refuses the three that JavaScript writes. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function epoch(time: string | undefined): number {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? 0 : ms;
}
