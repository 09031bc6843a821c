import { fromBase64, toBase64 } from '../../codec/encoding.ts';
import { decodePushedCodes, encodePushedCodes } from '../../codec/pushed-codes.ts';
import type { Keys } from '../../codec/secret-layout.ts';
import type { Clock, CodeStore } from '../../core/ports.ts';
import {
  isRemembered,
  type PushedCode,
  tooManyCodes,
  withCode,
  withoutValue,
} from '../../core/pushed-code.ts';
import type { Patch } from '../../kubernetes/client.ts';
import { compareAndSet } from '../../kubernetes/compare-and-set.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { objectLabel } from '../../kubernetes/resources.ts';
import type { SecretCache, StoredSecret } from './secret-cache.ts';
import type { Warn } from './secret-reader.ts';

export interface CodeSecretOptions {
  /** Of the third party. */
  readonly account: string;
  /** The name of its credential. */
  readonly name: string;
  readonly clock: Clock;
  readonly keys: Pick<Keys, 'codes'>;
  readonly cache: Pick<SecretCache, 'object' | 'now' | 'ready' | 'reread' | 'patch'>;
  readonly kubernetes: Pick<Kubernetes, 'inTurn'>;
  /** Called once for each reason why what is kept cannot be used; it then counts as absent. */
  readonly warn: Warn;
}

/** Attempts of one write: others write other keys of the Secret, and each of their writes is a conflict. */
const MOST_TRIES = 20;

/**
 * Keeps the codes of a third party under a key of the cluster's Secret. Any daemon may write it, whoever leads: the push may
 * reach any of them. Codes are secret, so they are in `data` and never in an annotation.
 */
export function codeSecret(options: CodeSecretOptions): CodeStore {
  const { account, name, clock, keys, cache, kubernetes, warn } = options;
  const where = `${keys.codes} of the ${objectLabel(cache.object)}`;
  let complained: string | undefined;

  function codesIn(secret: StoredSecret | undefined): readonly PushedCode[] {
    const kept = secret?.data?.[keys.codes];
    if (kept === undefined) return [];
    try {
      const now = clock.now().wall;
      const codes = decodePushedCodes(fromBase64(kept), account).filter((code) => isRemembered(code, now));
      complained = undefined;
      return codes;
    } catch (error) {
      const { message } = error as Error;
      if (message !== complained) warn(`ignoring ${where}: ${message}`, { credential: name });
      complained = message;
      return [];
    }
  }

  async function change<Left>(
    decide: (known: readonly PushedCode[]) => readonly PushedCode[] | { readonly leave: Left },
  ): Promise<Left | undefined> {
    const { leave } = await kubernetes.inTurn(cache.object, () =>
      compareAndSet<StoredSecret, Patch, Left>({
        known: () => cache.now() ?? cache.reread(),
        reread: cache.reread,
        decide(secret) {
          const wanted = decide(codesIn(secret));
          if ('leave' in wanted) return wanted;
          return { write: { data: { [keys.codes]: toBase64(encodePushedCodes(wanted, account)) } } };
        },
        write: (patch, { metadata }) => cache.patch(metadata.resourceVersion, patch),
        mostTries: MOST_TRIES,
      }),
    );
    return leave;
  }

  return {
    async read() {
      await cache.ready();
      return codesIn(cache.now());
    },
    async put(code) {
      const left = await change<'known'>((known) => {
        const next = withCode(known, code);
        if (next === 'full') throw tooManyCodes(where);
        return next ?? { leave: 'known' };
      });
      return left ?? 'kept';
    },
    async settle(mark) {
      await change<'settled'>((known) => withoutValue(known, mark) ?? { leave: 'settled' });
    },
  };
}
