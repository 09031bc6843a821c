import { fromBase64, toBase64 } from '../../codec/encoding.ts';
import { EdgeError, PASSING } from '../../core/failure.ts';
import type { Patch } from '../../kubernetes/client.ts';
import { compareAndSet } from '../../kubernetes/compare-and-set.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { objectLabel } from '../../kubernetes/resources.ts';
import type { SecretCache, StoredSecret } from './secret-cache.ts';
import type { Warn } from './secret-reader.ts';

/** Where something that has been pushed for an account is kept. */
export interface PushedPlace {
  readonly account: string;
  /** The name of the credential. */
  readonly name: string;
  readonly cache: Pick<SecretCache, 'object' | 'now' | 'ready' | 'reread' | 'patch'>;
  readonly kubernetes: Pick<Kubernetes, 'inTurn'>;
  /** Called once for each reason why what is kept cannot be used; it then counts as absent. */
  readonly warn: Warn;
}

/** How it is written there. */
export interface PushedForm<T> {
  /** The key of `data`. */
  readonly key: string;
  /** @throws {Error} why the text cannot be used */
  readonly decode: (text: string, account: string) => T;
  readonly encode: (value: T, account: string) => string;
  /** What cannot be read counts as an error, and is never written over: nobody can get it again. */
  readonly isIrreplaceable?: true;
}

/** A document under one key of the cluster's Secret, which is written by compare-and-set. */
export interface PushedDocument<T> {
  /** The name of the place, for people. */
  readonly where: string;
  /** @returns undefined where there is none, or none that can be used */
  read(): Promise<T | undefined>;
  /**
   * @param decide what to write in place of what is there, or to leave it
   * @returns what `decide` left it with; undefined once it is written
   * @throws {EdgeError} why the Secret cannot be read or written
   */
  change<Left>(
    decide: (value: T | undefined) => { readonly write: T } | { readonly leave: Left },
  ): Promise<Left | undefined>;
}

function unreadable(where: string, reason: string): EdgeError {
  return new EdgeError({
    ...{ class: 'passing', code: 'unreadable', effect: 'unsent', backoff: PASSING },
    message: { en: `${where} holds ${reason}`, zh: `${where} 的内容无法使用：${reason}` },
  });
}

/** Attempts of one write: others write other keys of the Secret, and each of their writes is a conflict. */
const MOST_TRIES = 20;

/**
 * Any daemon may write it, whoever leads: a push may reach any of them. What is pushed is secret, so it is in `data` and never
 * in an annotation.
 */
export function pushedDocument<T>(
  { account, name, cache, kubernetes, warn }: PushedPlace,
  { key, decode, encode, isIrreplaceable }: PushedForm<T>,
): PushedDocument<T> {
  const where = `${key} of the ${objectLabel(cache.object)}`;
  let complained: string | undefined;

  function valueIn(secret: StoredSecret | undefined): T | undefined {
    const kept = secret?.data?.[key];
    if (kept === undefined) return undefined;
    try {
      const value = decode(fromBase64(kept), account);
      complained = undefined;
      return value;
    } catch (error) {
      const { message } = error as Error;
      if (isIrreplaceable) throw unreadable(where, message);
      if (message !== complained) warn(`ignoring ${where}: ${message}`, { credential: name });
      complained = message;
      return undefined;
    }
  }

  return {
    where,
    async read() {
      await cache.ready();
      return valueIn(cache.now());
    },
    async change<Left>(
      decide: (value: T | undefined) => { readonly write: T } | { readonly leave: Left },
    ): Promise<Left | undefined> {
      const { leave } = await kubernetes.inTurn(cache.object, () =>
        compareAndSet<StoredSecret, Patch, Left>({
          known: () => cache.now() ?? cache.reread(),
          reread: cache.reread,
          decide(secret) {
            const wanted = decide(valueIn(secret));
            if ('leave' in wanted) return wanted;
            return { write: { data: { [key]: toBase64(encode(wanted.write, account)) } } };
          },
          write: (patch, { metadata }) => cache.patch(metadata.resourceVersion, patch),
          mostTries: MOST_TRIES,
        }),
      );
      return leave;
    },
  };
}
