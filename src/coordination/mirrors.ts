import type { ClusterEvent } from '../core/cluster-event.ts';
import type { Kind } from '../core/credential.ts';
import type { Clock } from '../core/ports.ts';
import type { Kubernetes } from '../kubernetes/index.ts';
import { type ObjectName, objectAt, objectPath, type Place } from '../kubernetes/resources.ts';
import { type MirrorStore, mirrorStore } from './mirror-store.ts';
import { openSecret, type SecretCache } from './secret-cache.ts';

/** A credential in a Secret that another program writes. */
export interface MirrorSource extends Place {
  readonly credential: string;
}

/** The Secrets that are mirrored, each watched once. */
export interface Mirrors {
  open(source: MirrorSource, kind: Kind): Promise<{ readonly account: string; readonly store: MirrorStore }>;
  /** From now on these accounts are served: what none of them is read from is not watched any more. */
  serve(accounts: ReadonlySet<string>): void;
  close(): Promise<void>;
}

export interface MirrorsOptions {
  readonly kubernetes: Kubernetes;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: ClusterEvent) => void;
  /** Told of the accounts of a Secret that has changed. */
  readonly changed: (account: string) => void;
}

interface Watched {
  readonly cache: SecretCache;
  readonly accounts: Set<string>;
}

export function openMirrors({ kubernetes, clock, random, report, changed }: MirrorsOptions): Mirrors {
  const watched = new Map<string, Watched>();

  function watch(object: ObjectName<'secrets'>): Watched {
    const accounts = new Set<string>();
    const told = () => {
      for (const account of accounts) changed(account);
    };
    const options = { kubernetes, object, clock, random, report, changed: told, recovered: told };
    return { cache: openSecret(options), accounts };
  }

  return {
    async open(source, kind) {
      const object = objectAt('secrets', source, await kubernetes.client());
      const { credential } = source;
      const path = objectPath(object);
      const known = watched.get(path) ?? watch(object);
      watched.set(path, known);
      const ticket = kind === 'token' ? '' : `/${kind}`;
      const account = `mirror/${object.namespace}/${object.name}/${credential}${ticket}`;
      known.accounts.add(account);
      return { account, store: mirrorStore({ account, credential, kind, cache: known.cache, clock }) };
    },
    serve(accounts) {
      for (const [path, { cache, accounts: own }] of watched) {
        for (const account of own) if (!accounts.has(account)) own.delete(account);
        if (own.size > 0) continue;
        watched.delete(path);
        void cache.close();
      }
    },
    async close() {
      await Promise.all([...watched.values()].map(({ cache }) => cache.close()));
    },
  };
}
