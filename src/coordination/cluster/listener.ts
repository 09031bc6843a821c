import { isSamePart, type Keys, keysOf, type Part, partOf } from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import type { Unit } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import type { SecretCache } from './secret-cache.ts';
import { renamedPartsOf } from './secret-reader.ts';
import { type Request, takeRequest } from './secret-requests.ts';

/**
 * Finds what other daemons wrote into the Secret for the served credentials: changed records and forwarded requests.
 */
export interface SecretListener {
  /** Sets the units that are served from now on. Requests for other units are left for the daemons that serve those. */
  serve(units: readonly Unit[]): void;
  /** Looks for news. To be called when the Secret may have changed and when this daemon has been elected. */
  rescan(): void;
}

export interface SecretListenerOptions {
  readonly cache: SecretCache;
  readonly kubernetes: Pick<Kubernetes, 'inTurn'>;
  readonly leads: () => boolean;
  /** Called when the record of an account has changed. */
  readonly changed: (account: string) => void;
  /** Called, on the leader, with a request that another daemon forwarded. */
  readonly asked: (account: string, request: Request) => void;
}

/** Delay before a request that could not be taken is tried again, ms. */
const RETRY = 2 * SECOND;

/** A served token or ticket, by name: several may belong to one account, and each has its own place in the Secret. */
interface Served {
  readonly account: string;
  readonly kind: Kind;
  readonly keys: Keys;
  reported: readonly Part[];
  isTaking: boolean;
}

/** Creates a listener that serves no units yet. */
export function createSecretListener({
  cache,
  kubernetes,
  leads,
  changed,
  asked,
}: SecretListenerOptions): SecretListener {
  let served: ReadonlyMap<string, Served> = new Map();

  async function takeRequestOf(one: Served): Promise<void> {
    if (one.isTaking) return;
    one.isTaking = true;
    try {
      const request = await takeRequest({ cache, kubernetes, annotation: one.keys.request });
      if (request) asked(one.account, request);
    } catch {
      // The request is still in the Secret.
      setTimeout(rescan, RETRY).unref();
    } finally {
      one.isTaking = false;
    }
  }

  function rescan(): void {
    const now = cache.now();
    for (const one of served.values()) {
      const found = now
        ? [partOf(now, one.keys), ...renamedPartsOf(now, one.keys, one.kind, one.account)]
        : [];
      if (!areSame(found, one.reported)) {
        one.reported = found;
        changed(one.account);
      }
      if (now?.metadata.annotations?.[one.keys.request] !== undefined && leads()) void takeRequestOf(one);
    }
  }

  return {
    serve(units) {
      const next = new Map<string, Served>();
      for (const { name, kind, account, policy } of units) {
        if (policy.follows) continue;
        const keys = keysOf(name, kind);
        const known = served.get(keys.value);
        const isKnown = known?.account === account;
        next.set(keys.value, isKnown ? known : { account, kind, keys, reported: [], isTaking: false });
      }
      served = next;
      rescan();
    },
    rescan,
  };
}

function areSame(these: readonly Part[], those: readonly Part[]): boolean {
  return these.length === those.length && these.every((one, index) => isSamePart(one, those[index] ?? {}));
}
