import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ClusterEvent, Leadership } from '../core/cluster-event.ts';
import type { Kind } from '../core/credential.ts';
import type { AccountStore, Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import type { Kubernetes } from '../kubernetes/index.ts';
import { objectAt, type Place } from '../kubernetes/resources.ts';
import { createAbdication } from './abdication.ts';
import type { Election, Warn } from './contested.ts';
import type { ElectionTimes } from './election.ts';
import { type Elector, startElector } from './lease-elector.ts';
import { openSecret } from './secret-cache.ts';
import type { Subject } from './secret-entry.ts';
import { isSamePart, type Keys, keysOf, type Part, partOf } from './secret-layout.ts';
import { type Request, takeRequest } from './secret-requests.ts';
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
  /** Takes part in the election from now on. */
  start(listeners: ClusterListeners): void;
  leadership(): Leadership;
  /** Another daemon should refresh for all, if there is one that can. */
  resign(): void;
  /** Gives the Lease back. */
  close(): Promise<void>;
}

/** What others ask is taken up again after so many ms where that did not work. */
const RETRY = 2 * SECOND;

interface Opened {
  readonly keys: Keys;
  told: Part;
  isTaking: boolean;
}

/** @throws {EdgeError} `kube-credentials` where there is no cluster to be asked */
export async function joinCluster(options: ClusterOptions): Promise<Cluster> {
  const { kubernetes, clock, random, report, warn, lease: leasePlace, secret: secretPlace } = options;
  const client = await kubernetes.client();
  const lease = objectAt('leases', leasePlace, client);
  const secret = objectAt('secrets', secretPlace, client);
  const identity = `${hostname()}_${randomUUID()}`;
  const opened = new Map<string, Opened>();
  let elector: Elector | undefined;
  let listeners: ClusterListeners | undefined;

  const cache = openSecret({
    ...{ kubernetes, object: secret, clock, random, report },
    changed: noticed,
    recovered() {
      listeners?.freed();
      noticed();
    },
  });
  const leads = () => elector?.leads() ?? false;
  // So long that whoever hears of it by asking now and then has asked meanwhile.
  const resign = () => elector?.abstain(3 * leasePlace.retryPeriod);
  const abdication = createAbdication({ clock, leads, resign });
  const election: Election = {
    leads,
    enter: abdication.enter,
    holder: () => elector?.holder(),
    trouble: () => elector?.trouble(),
  };

  function noticed(): void {
    const now = cache.now();
    for (const [account, one] of opened) {
      const part = now ? partOf(now, one.keys) : {};
      if (!isSamePart(part, one.told)) {
        one.told = part;
        listeners?.changed(account);
      }
      if (now?.metadata.annotations?.[one.keys.request] !== undefined && election.leads()) {
        void take(account, one);
      }
    }
  }

  async function take(account: string, one: Opened): Promise<void> {
    if (one.isTaking) return;
    one.isTaking = true;
    try {
      const request = await takeRequest({ cache, kubernetes, annotation: one.keys.request });
      if (request) listeners?.asked(account, request);
    } catch {
      // It lies there still.
      setTimeout(noticed, RETRY).unref();
    } finally {
      one.isTaking = false;
    }
  }

  return {
    open(account, subject) {
      const keys = keysOf(subject.name, subject.kind);
      if (!opened.has(account)) opened.set(account, { keys, told: {}, isTaking: false });
      return secretStore({ account, subject, cache, kubernetes, election, warn });
    },
    start(told) {
      listeners = told;
      elector = startElector({
        ...{ client, lease, identity, times: leasePlace, clock, random, report },
        elected() {
          told.freed();
          noticed();
        },
      });
    },
    leadership() {
      const holder = election.holder();
      const known = holder === undefined ? {} : { holder };
      return { lease: `${lease.namespace}/${lease.name}`, leads: election.leads(), ...known };
    },
    resign: abdication.ask,
    async close() {
      await elector?.close();
      await cache.close();
    },
  };
}
