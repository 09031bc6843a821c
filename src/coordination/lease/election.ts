import type { Failure } from '../../core/failure.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import type { Stored } from '../../kubernetes/resources.ts';

/** Who may fetch, as far as a record has to do with it. */
export interface Election {
  /** Whether it is this daemon, at this very moment. */
  leads(): boolean;
  /**
   * Asked before something is fetched.
   * @returns to be called when it is over; undefined where another one has to
   */
  enter(): (() => void) | undefined;
  /** Who holds the Lease, as far as is known. */
  holder(): string | undefined;
  /** Why nobody can be elected. */
  trouble(): Failure | undefined;
}

/** Milliseconds. The first is longer than the second, and that longer than a few of the third. */
export interface ElectionTimes {
  /** How long a Lease that does not change belongs to its holder. */
  readonly duration: number;
  /** How long a holder that cannot renew it goes on: it must have stopped before another one begins. */
  readonly renewDeadline: number;
  /** Between two renewals. */
  readonly retryPeriod: number;
}

/** A Lease as it was last seen to change, by our own clock. */
export interface Sighting {
  readonly holding: Holding | undefined;
  readonly at: Instant;
}

/** What to do about a Lease that has just been read. */
export type Decision =
  /** Replace it by this. */
  | { readonly kind: 'take' | 'renew' | 'release'; readonly holding: Holding }
  /** It belongs to another one for so many ms at least. */
  | { readonly kind: 'wait'; readonly ms: number };

/**
 * The times in a Lease were written by the clock of its holder, which may be an hour off: only that it changed tells that
 * its holder is alive, and only our own clock for how long that counts.
 */
export function sighted(before: Sighting | undefined, holding: Holding | undefined, now: Instant): Sighting {
  return before && isSame(before.holding, holding) ? before : { holding, at: now };
}

/** @param me our own identity */
export function decide({ holding, at }: Sighting, me: string, times: ElectionTimes, now: Instant): Decision {
  if (holding?.holder === me) {
    return { kind: 'renew', holding: { ...holding, duration: times.duration, renewed: now.wall } };
  }
  const left = holding && holding.holder !== '' ? at.monotonic + validFor(holding) - now.monotonic : 0;
  if (left > 0) return { kind: 'wait', ms: left };
  const transitions = (holding?.transitions ?? -1) + 1;
  const next = { holder: me, duration: times.duration, acquired: now.wall, renewed: now.wall };
  return { kind: 'take', holding: { ...next, transitions } };
}

/** What to do about it for one who does not stand for so many ms. */
export function abstain({ holding }: Sighting, me: string, ms: number, now: Instant): Decision {
  return holding?.holder === me ? { kind: 'release', holding: released(holding, now) } : { kind: 'wait', ms };
}

/** Given back so that the next one need not wait: as client-go does it. */
export function released(holding: Holding, now: Instant): Holding {
  return { ...holding, holder: '', duration: SECOND, acquired: now.wall, renewed: now.wall };
}

/**
 * Whether who renewed a Lease then may still act on it. Of the moment at which the renewal was sent, by whichever clock
 * has moved further: one stands still under a suspended machine, the other may be set.
 */
export function isHeld(renewal: Instant, { renewDeadline }: ElectionTimes, now: Instant): boolean {
  return Math.max(now.monotonic - renewal.monotonic, now.wall - renewal.wall) < renewDeadline;
}

/** One that says nothing, or nonsense, is given the usual time. */
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

/** What a Lease says, in the form that all electors of a cluster agree on. Durations in ms, moments in epoch ms. */
export interface Holding {
  /** Empty: nobody. */
  readonly holder: string;
  readonly duration: number;
  readonly transitions: number;
  readonly acquired: number;
  readonly renewed: number;
}

type LeaseSpec = NonNullable<Stored<'leases'>['spec']>;

/** @returns undefined for a Lease that nobody has held yet */
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

export function specOf({ holder, duration, transitions, acquired, renewed }: Holding): LeaseSpec {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.max(1, Math.round(duration / 1000)),
    leaseTransitions: transitions,
    acquireTime: microTime(acquired),
    renewTime: microTime(renewed),
  };
}

/** Exactly six digits: an API server refuses the three that JavaScript writes. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function epoch(time: string | undefined): number {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? 0 : ms;
}
