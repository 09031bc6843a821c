import type { ClusterEvent } from '../../core/events/cluster.ts';
import type { Clock } from '../../core/ports.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { type ObjectName, objectLabel, type Stored } from '../../kubernetes/resources.ts';
import { type NamedWatch, watchNamed } from '../../kubernetes/watch-named.ts';
import { holdingOf, type Sighting, sighted } from './election.ts';

/** A Lease as it was last seen to change, by a watch and by whoever reads or writes it. */
export interface LeaseSight extends Pick<NamedWatch, 'state' | 'reopen' | 'ended'> {
  saw(object: Stored<'leases'>): Sighting;
  /** It is not there any more. */
  forget(): void;
  now(): Sighting | undefined;
  /** Undefined where nobody holds it, as far as is known. */
  holder(): string | undefined;
}

export interface LeaseSightOptions {
  readonly client: Pick<KubernetesClient, 'watch'>;
  readonly lease: ObjectName<'leases'>;
  /** Our own. */
  readonly identity: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly report: (event: ClusterEvent) => void;
  /** Told when it is another one's than before, or nobody's: time to look. */
  readonly moved: () => void;
}

export function watchLease(options: LeaseSightOptions): LeaseSight {
  const { client, lease, identity, clock, random, signal, report, moved } = options;
  const name = `${lease.namespace}/${lease.name}`;
  let seen: Sighting | undefined;
  let told: string | undefined;

  const holder = () => seen?.holding?.holder || undefined;

  function saw(object: Stored<'leases'>): Sighting {
    seen = sighted(seen, holdingOf(object), clock.now());
    const other = holder() === identity ? undefined : holder();
    if (other !== undefined && other !== told && !signal.aborted)
      report({ type: 'held', lease: name, holder: other });
    told = other;
    return seen;
  }

  const watch = watchNamed(client, lease, {
    ...{ clock, random, signal },
    onObject(object) {
      const before = holder();
      saw(object);
      if (holder() !== before && holder() !== identity) moved();
    },
    // It is told when it is read.
    onGone: moved,
    onTrouble(why) {
      // All else that ails it the next look tells.
      if (why.class === 'refused') report({ type: 'trouble', object: objectLabel(lease), failure: why });
    },
  });

  function forget(): void {
    seen = undefined;
    told = undefined;
  }

  return { ...watch, saw, forget, now: () => seen, holder };
}
