import { isSamePart, type Keys, keysOf, type Part, partOf } from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import type { Unit } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import type { SecretCache } from './secret-cache.ts';
import { siblingsOf } from './secret-reader.ts';
import { type Request, takeRequest } from './secret-requests.ts';

/** Hears what a Secret says to those whose credentials are served: changes of their records, and what others ask. */
export interface Ears {
  /** From now on these are served, and no others: what is asked of those is left to whoever serves them. */
  serve(units: readonly Unit[]): void;
  /** The Secret may be another one than before, or this daemon has been elected. */
  noticed(): void;
}

export interface EarsOptions {
  readonly cache: SecretCache;
  readonly kubernetes: Pick<Kubernetes, 'inTurn'>;
  readonly leads: () => boolean;
  /** The record of an account is another one than before. */
  readonly changed: (account: string) => void;
  /** Another daemon asks something of this one, which was elected. */
  readonly asked: (account: string, request: Request) => void;
}

/** What others ask is taken up again after so many ms where that did not work. */
const RETRY = 2 * SECOND;

/** A token or ticket by its name: several may be of one account, and each has its own place in the Secret. */
interface Served {
  readonly account: string;
  readonly kind: Kind;
  readonly keys: Keys;
  told: readonly Part[];
  isTaking: boolean;
}

export function createEars({ cache, kubernetes, leads, changed, asked }: EarsOptions): Ears {
  let served: ReadonlyMap<string, Served> = new Map();

  async function take(one: Served): Promise<void> {
    if (one.isTaking) return;
    one.isTaking = true;
    try {
      const request = await takeRequest({ cache, kubernetes, annotation: one.keys.request });
      if (request) asked(one.account, request);
    } catch {
      // It lies there still.
      setTimeout(noticed, RETRY).unref();
    } finally {
      one.isTaking = false;
    }
  }

  function noticed(): void {
    const now = cache.now();
    for (const one of served.values()) {
      const found = now ? [partOf(now, one.keys), ...siblingsOf(now, one.keys, one.kind, one.account)] : [];
      if (!areSame(found, one.told)) {
        one.told = found;
        changed(one.account);
      }
      if (now?.metadata.annotations?.[one.keys.request] !== undefined && leads()) void take(one);
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
        next.set(keys.value, isKnown ? known : { account, kind, keys, told: [], isTaking: false });
      }
      served = next;
      noticed();
    },
    noticed,
  };
}

function areSame(these: readonly Part[], those: readonly Part[]): boolean {
  return these.length === those.length && these.every((one, index) => isSamePart(one, those[index] ?? {}));
}
