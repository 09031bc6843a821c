import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Subject } from '../../codec/details.ts';
import { keysOf } from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import type { ClusterEvent, Leadership } from '../../core/events/cluster.ts';
import type { AccountStore, Clock, Unit } from '../../core/ports.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { inWords, objectAt, type Place } from '../../kubernetes/resources.ts';
import type { Election, ElectionTimes } from '../lease/election.ts';
import { type Elector, startElector } from '../lease/elector.ts';
import { createStepDown } from '../lease/step-down.ts';
import { createEars } from './listener.ts';
import { openSecret } from './secret-cache.ts';
import type { Warn } from './secret-reader.ts';
import type { Request } from './secret-requests.ts';
import { secretStore } from './secret-store.ts';

export interface ClusterOptions {
  readonly lease: Place & ElectionTimes;
  readonly secret: Place;
  readonly kubernetes: Kubernetes;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: ClusterEvent) => void;
  readonly warn: Warn;
}

export interface ClusterListeners {
  /** The record of an account is another one than before. */
  readonly changed: (account: string) => void;
  /** The stores can be used again, or this daemon has been elected. */
  readonly freed: () => void;
  /** Another daemon asks something of this one, which was elected. */
  readonly asked: (account: string, request: Request) => void;
}

/** One Secret in which daemons keep what they know, and one Lease that says which of them refreshes. */
export interface Cluster {
  open(account: string, subject: Subject & { readonly kind: Kind }): AccountStore;
  /** From now on these are served. */
  serve(units: readonly Unit[]): void;
  /** Where it keeps one of them, in words. */
  placesOf(name: string, kind: Kind): readonly string[];
  /** Takes part in the election from now on. */
  start(listeners: ClusterListeners): void;
  leadership(): Leadership;
  /** Another daemon should refresh for all, if there is one that can. */
  resign(): void;
  /**
   * Gives the Lease back.
   * @param patience what that may take, ms
   */
  close(patience: number): Promise<void>;
}

/** @throws {EdgeError} `kube-credentials` where there is no cluster to be asked */
export async function joinCluster(options: ClusterOptions): Promise<Cluster> {
  const { kubernetes, clock, random, report, warn, lease: leasePlace, secret: secretPlace } = options;
  const client = await kubernetes.client();
  const lease = objectAt('leases', leasePlace, client);
  const secret = objectAt('secrets', secretPlace, client);
  const identity = `${hostname()}_${randomUUID()}`;
  let elector: Elector | undefined;
  let listeners: ClusterListeners | undefined;

  const cache = openSecret({
    ...{ kubernetes, object: secret, clock, random, report },
    changed: () => ears.noticed(),
    recovered() {
      listeners?.freed();
      ears.noticed();
    },
  });
  const leads = () => elector?.leads() ?? false;
  // So long that whoever hears of it by asking now and then has asked meanwhile.
  const resign = () => elector?.abstain(3 * leasePlace.retryPeriod);
  const stepDown = createStepDown({ clock, leads, resign });
  const election: Election = {
    leads,
    enter: stepDown.enter,
    holder: () => elector?.holder(),
    trouble: () => elector?.trouble(),
  };
  const ears = createEars({
    ...{ cache, kubernetes, leads: stepDown.isOpen },
    changed: (account) => listeners?.changed(account),
    asked: (account, request) => listeners?.asked(account, request),
  });

  return {
    open(account, subject) {
      return secretStore({ account, subject, cache, kubernetes, election, warn });
    },
    serve: ears.serve,
    placesOf(name, kind) {
      const { value, entry } = keysOf(name, kind);
      return [value, entry].map((key) => `${key} in ${inWords(secret)}`);
    },
    start(told) {
      listeners = told;
      elector = startElector({
        ...{ client, lease, identity, times: leasePlace, clock, random, report },
        elected() {
          told.freed();
          ears.noticed();
        },
      });
    },
    leadership() {
      const [isLeading, holder] = [leads(), election.holder()];
      // What was ours and is not any more is as good as nobody's.
      const isKnown = holder !== undefined && (isLeading || holder !== identity);
      return { lease: `${lease.namespace}/${lease.name}`, leads: isLeading, ...(isKnown && { holder }) };
    },
    resign: stepDown.request,
    async close(patience) {
      await elector?.close(patience);
      await cache.close();
    },
  };
}
