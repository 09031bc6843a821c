import type { ClusterEvent } from '../../core/events/cluster.ts';
import type { Clock } from '../../core/ports.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { type ObjectName, objectLabel, type Stored } from '../../kubernetes/resources.ts';
import { type NamedWatch, watchNamed } from '../../kubernetes/watch-named.ts';
import { holdingOf, type Observation, observed } from './election.ts';

/** What this daemon knows of a Lease, from a watch and from the elector, which reads and writes the Lease. */
export interface LeaseWatch extends Pick<NamedWatch, 'state' | 'reopen' | 'ended'> {
  /** Takes in a Lease that was read or written, and reports a holder that is new. */
  observe(object: Stored<'leases'>): Observation;
  /** To be called when the Lease does not exist any more. */
  forget(): void;
  /** The last observation; undefined before the first and after {@link forget}. */
  now(): Observation | undefined;
  /** Identity of the holder; undefined when no daemon is known to hold the Lease. */
  holder(): string | undefined;
}

export interface LeaseWatchOptions {
  readonly client: Pick<KubernetesClient, 'watch'>;
  readonly lease: ObjectName<'leases'>;
  /** Identity of this daemon. */
  readonly identity: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly report: (event: ClusterEvent) => void;
  /** Called when the Lease passes to another daemon, loses its holder or is deleted: the elector should read it now. */
  readonly holderChanged: () => void;
}

/** Watches the Lease until `signal` aborts. */
export function watchLease(options: LeaseWatchOptions): LeaseWatch {
  const { client, lease, identity, clock, random, signal, report, holderChanged } = options;
  const name = `${lease.namespace}/${lease.name}`;
  let seen: Observation | undefined;
  let reported: string | undefined;

  const holder = () => seen?.holding?.holder || undefined;

  function observe(object: Stored<'leases'>): Observation {
    seen = observed(seen, holdingOf(object), clock.now());
    const other = holder() === identity ? undefined : holder();
    if (other !== undefined && other !== reported && !signal.aborted)
      report({ type: 'held', lease: name, holder: other });
    reported = other;
    return seen;
  }

  const watch = watchNamed(client, lease, {
    ...{ clock, random, signal },
    onObject(object) {
      const before = holder();
      observe(object);
      if (holder() !== before && holder() !== identity) holderChanged();
    },
    // The elector's next read finds the Lease missing and reports that.
    onGone: holderChanged,
    onTrouble(why) {
      // Other errors surface on the next read.
      if (why.class === 'refused') report({ type: 'trouble', object: objectLabel(lease), failure: why });
    },
  });

  function forget(): void {
    seen = undefined;
    reported = undefined;
  }

  return { ...watch, observe, forget, now: () => seen, holder };
}
