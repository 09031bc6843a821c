import { isSamePart, type Keys, keysOf, type Part, partOf } from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import type { ClusterEvent } from '../../core/events/cluster.ts';
import { backoffDelay, type Failure, failureOf } from '../../core/failure.ts';
import type { Unit } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { objectLabel } from '../../kubernetes/resources.ts';
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
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: ClusterEvent) => void;
  /** Called when the record of an account has changed. */
  readonly changed: (account: string) => void;
  /** Called, on the leader, with a request that another daemon forwarded. */
  readonly asked: (account: string, request: Request) => void;
}

/** Longest delay before a request that could not be taken is tried again, ms: a person may wait for it. */
const LONGEST_DELAY = 30 * SECOND;

/** A served token or ticket, by name: several may belong to one account, and each has its own place in the Secret. */
interface Served {
  readonly account: string;
  readonly kind: Kind;
  readonly keys: Keys;
  reported: readonly Part[];
  /** The pushed ticket, the pushed codes and what those have brought, as the Secret has them. */
  beside: readonly (string | undefined)[];
  isTaking: boolean;
  /** How often in a row its request could not be taken. */
  failures: number;
  /** Whether it waits before it tries again. */
  isHeld: boolean;
}

/** Creates a listener that serves no units yet. */
export function createSecretListener({
  cache,
  kubernetes,
  leads,
  random,
  report,
  changed,
  asked,
}: SecretListenerOptions): SecretListener {
  const object = objectLabel(cache.object);
  let served: ReadonlyMap<string, Served> = new Map();

  async function takeRequestOf(one: Served): Promise<void> {
    if (one.isTaking || one.isHeld) return;
    one.isTaking = true;
    try {
      const request = await takeRequest({ cache, kubernetes, annotation: one.keys.request });
      if (one.failures > 0) report({ type: 'well', object });
      one.failures = 0;
      if (request) asked(one.account, request);
    } catch (error) {
      holdBack(one, failureOf(error, 'none'));
    } finally {
      one.isTaking = false;
    }
  }

  /** The request is still in the Secret. */
  function holdBack(one: Served, failure: Failure): void {
    one.failures += 1;
    const delay = Math.min(LONGEST_DELAY, backoffDelay(failure.backoff, one.failures, random()));
    one.isHeld = true;
    setTimeout(() => {
      one.isHeld = false;
      rescan();
    }, delay).unref();
    const message = `a request that another daemon left cannot be taken from the ${object}: ${failure.message}`;
    report({ type: 'trouble', object, failure: { ...failure, message } });
  }

  function rescan(): void {
    const now = cache.now();
    for (const one of served.values()) {
      const found = now
        ? [partOf(now, one.keys), ...renamedPartsOf(now, one.keys, one.kind, one.account)]
        : [];
      const { pushed, codes, permanentCodes } = one.keys;
      const beside = [pushed, codes, permanentCodes].map((key) => now?.data?.[key]);
      if (!areSame(found, one.reported) || beside.some((each, index) => each !== one.beside[index])) {
        one.reported = found;
        one.beside = beside;
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
        const fresh = {
          account,
          kind,
          keys,
          reported: [],
          beside: [],
          isTaking: false,
          failures: 0,
          isHeld: false,
        };
        next.set(keys.value, isKnown ? known : fresh);
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
