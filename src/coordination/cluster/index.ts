import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Subject } from '../../codec/details.ts';
import { keysOf } from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import type { ClusterEvent, Leadership } from '../../core/events/cluster.ts';
import type {
  AccountStore,
  Clock,
  CodeStore,
  PermanentCodeStore,
  TakeTurn,
  TicketStore,
  Unit,
} from '../../core/ports.ts';
import { TURN_LIFE } from '../../core/turns.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { objectAt, objectLabel, type Place } from '../../kubernetes/resources.ts';
import type { Election, ElectionTimes } from '../lease/election.ts';
import { type Elector, startElector } from '../lease/elector.ts';
import { createStepDown } from '../lease/step-down.ts';
import { codeSecret } from './code-secret.ts';
import { forgetRecord } from './forget-record.ts';
import { createSecretListener } from './listener.ts';
import { permanentCodeSecret } from './permanent-code-secret.ts';
import { openSecret } from './secret-cache.ts';
import type { Warn } from './secret-reader.ts';
import type { Request } from './secret-requests.ts';
import { secretStore } from './secret-store.ts';
import { ticketSecret } from './ticket-secret.ts';

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
  /** The record of an account has changed. */
  readonly changed: (account: string) => void;
  /** The stores are usable again, or this daemon has been elected: work that waited for either may go on. */
  readonly freed: () => void;
  /** A follower forwarded a request to this daemon, which leads. */
  readonly asked: (account: string, request: Request) => void;
}

/** One Secret in which daemons keep the records of accounts, and one Lease that elects the daemon that refreshes. */
export interface Cluster {
  /** Opens the record of an account, which the Secret keeps under the name and kind of `subject`. */
  open(account: string, subject: Subject & { readonly kind: Kind }): AccountStore;
  /** Opens the newest ticket that the platform has pushed for an account. */
  openTickets(account: string, subject: Subject & { readonly kind: Kind }): TicketStore;
  /** Opens the codes of authorisations that are pushed to a third party. */
  openCodes(account: string, subject: Subject & { readonly kind: Kind }): CodeStore;
  /** Opens the permanent codes of the corps that have installed a suite. */
  openPermanentCodes(account: string, subject: Subject & { readonly kind: Kind }): PermanentCodeStore;
  /**
   * Removes what the Secret keeps of an account that is gone for good; on the leader alone.
   * @returns what was removed, by its names for people
   * @throws {EdgeError} why it could not be removed
   */
  forget(
    account: string,
    subject: Pick<Subject, 'name'> & { readonly kind: Kind },
  ): Promise<readonly string[]>;
  readonly takeTurn: TakeTurn;
  /** Sets the units that are served from now on. */
  serve(units: readonly Unit[]): void;
  /** Names, for people, the keys under which the Secret keeps a token or ticket. */
  placesOf(name: string, kind: Kind): readonly string[];
  /** Takes part in the election from now on. */
  start(listeners: ClusterListeners): void;
  /** Whether this daemon leads, and which daemon holds the Lease. */
  leadership(): Leadership;
  /** Requests that another daemon lead, if there is one that can. */
  resign(): void;
  /**
   * Releases the Lease.
   * @param patience how long that may take, ms
   */
  close(patience: number): Promise<void>;
}

/**
 * Opens the cluster's Secret and Lease; the election begins with {@link Cluster.start}.
 * @throws {EdgeError} `kube-credentials` when no cluster can be reached from here
 */
export async function joinCluster(options: ClusterOptions): Promise<Cluster> {
  const { kubernetes, clock, random, report, warn, lease: leasePlace, secret: secretPlace } = options;
  const client = await kubernetes.client();
  const lease = objectAt('leases', leasePlace, client);
  const secret = objectAt('secrets', secretPlace, client);
  const identity = `${hostname()}_${randomUUID()}`;
  let elector: Elector | undefined;
  let listeners: ClusterListeners | undefined;
  /** When this daemon was elected last, monotonic ms. */
  let electedAt = Number.NEGATIVE_INFINITY;

  const cache = openSecret({
    ...{ kubernetes, object: secret, clock, random, report },
    changed: () => listener.rescan(),
    recovered() {
      listeners?.freed();
      listener.rescan();
    },
  });
  const placeOf = (key: string) => `${key} in ${objectLabel(secret)}`;
  const leads = () => elector?.leads() ?? false;
  // Abstain long enough for a candidate without a watch to poll and notice.
  const resign = () => elector?.abstain(3 * leasePlace.retryPeriod);
  const stepDown = createStepDown({ clock, leads, resign });
  const election: Election = {
    leads,
    enter: stepDown.enter,
    holder: () => elector?.holder(),
    trouble: () => elector?.trouble(),
  };
  const listener = createSecretListener({
    ...{ cache, kubernetes, leads: stepDown.isOpen, random, report },
    changed: (account) => listeners?.changed(account),
    asked: (account, request) => listeners?.asked(account, request),
  });

  return {
    open(account, subject) {
      return secretStore({ account, subject, cache, kubernetes, election, warn });
    },
    openTickets(account, { name, kind }) {
      return ticketSecret({ account, name, cache, kubernetes, warn }, keysOf(name, kind));
    },
    openCodes(account, { name, kind }) {
      return codeSecret({ account, name, cache, kubernetes, warn }, keysOf(name, kind), clock);
    },
    openPermanentCodes(account, { name, kind }) {
      const place = { account, name, cache, kubernetes, warn };
      return permanentCodeSecret(place, keysOf(name, kind), clock);
    },
    async forget(account, { name, kind }) {
      const keys = keysOf(name, kind);
      const removed = await forgetRecord({ account, keys, cache, kubernetes, object: secret, leads });
      return removed.map(placeOf);
    },
    // The leader alone calls. What the one before it has called in the last second counts as well.
    takeTurn: async () => Math.max(0, electedAt + TURN_LIFE - clock.now().monotonic),
    serve: listener.serve,
    placesOf(name, kind) {
      const { value, entry } = keysOf(name, kind);
      return [value, entry].map(placeOf);
    },
    start(told) {
      listeners = told;
      elector = startElector({
        ...{ client, lease, identity, times: leasePlace, clock, random, report },
        elected() {
          electedAt = clock.now().monotonic;
          told.freed();
          listener.rescan();
        },
      });
    },
    leadership() {
      const [isLeading, holder] = [leads(), election.holder()];
      // A Lease that names this daemon although its term is over is treated as having no holder.
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
