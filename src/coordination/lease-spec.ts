import type { Stored } from '../kubernetes/resources.ts';

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
