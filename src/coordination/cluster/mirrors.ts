import { type Details, decodeEntry } from '../../codec/details.ts';
import { fromBase64, parseJson } from '../../codec/encoding.ts';
import { recordOf } from '../../codec/record.ts';
import { keysOf, mirrorAccount } from '../../codec/secret-layout.ts';
import type { Kind, Token } from '../../core/credential.ts';
import type { ClusterEvent } from '../../core/events/cluster.ts';
import { EdgeError, type FailureTexts, PASSING } from '../../core/failure.ts';
import type { AccountStore, Clock } from '../../core/ports.ts';
import { type AccountRecord, emptyLedger, type LastFailure } from '../../core/record.ts';
import type { Text } from '../../core/text.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import {
  type ObjectName,
  objectAt,
  objectLabel,
  objectPath,
  type Place,
} from '../../kubernetes/resources.ts';
import { openSecret, type SecretCache, type StoredSecret } from './secret-cache.ts';

/** A credential in a Secret that another program writes. */
export interface MirrorSource extends Place {
  readonly credential: string;
}

/** The mirrored Secrets. Each is watched once, however many credentials are read from it. */
export interface Mirrors {
  /**
   * Opens the read-only record of a credential in a mirrored Secret.
   * @throws {EdgeError} when no cluster can be reached from here
   */
  open(source: MirrorSource, kind: Kind): Promise<{ readonly account: string; readonly store: MirrorStore }>;
  /** Sets the accounts that are served from now on. A Secret from which none of them is read is no longer watched. */
  serve(accounts: ReadonlySet<string>): void;
  close(): Promise<void>;
}

export interface MirrorsOptions {
  readonly kubernetes: Kubernetes;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: ClusterEvent) => void;
  /** Called with each account of a Secret that has changed. */
  readonly changed: (account: string) => void;
}

interface Watched {
  readonly cache: SecretCache;
  readonly accounts: Set<string>;
}

/** Creates an empty set of mirrors; a Secret is read and watched once it is opened. */
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
      const account = mirrorAccount(object, credential, kind);
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

/** The read-only record of a mirrored credential. */
export interface MirrorStore extends AccountStore {
  /** Type and appid of the token, as the source last stated them; placeholders before the first read. */
  source(): Pick<Details, 'type' | 'appId'>;
}

export interface MirrorStoreOptions {
  readonly account: string;
  /** Name of the credential in the Secret. */
  readonly credential: string;
  readonly kind: Kind;
  readonly cache: SecretCache;
  readonly clock: Clock;
}

/**
 * Presents a credential that another program keeps in a Secret as a record of this program. What the Secret holds is
 * the newest token: its writer ensures that. So each change counts as a new generation, even if the writer's own
 * generation starts again from the beginning.
 * Reading throws an {@link EdgeError}: `kube-missing`, `source-empty`, `source-odd`, `source-dead`, or why the Secret
 * cannot be read. Writing and locking are not possible.
 */
export function mirrorStore({ account, credential, kind, cache, clock }: MirrorStoreOptions): MirrorStore {
  const keys = keysOf(credential, kind);
  const where = objectLabel(cache.object);
  let seen: string | undefined;
  let generation = 0;
  let source: Pick<Details, 'type' | 'appId'> = { type: 'mirror', appId: '' };

  function found(): StoredSecret {
    const secret = cache.now();
    if (secret) return secret;
    const message = { en: `the ${where} does not exist`, zh: `${where} 不存在` };
    throw new EdgeError(cache.failure() ?? trouble('kube-missing', message));
  }

  function entryIn({ data = {} }: StoredSecret): string {
    const entry = data[keys.entry];
    if (entry !== undefined) return entry;
    const names = Object.keys(data).flatMap((key) => /^([^.]+)\.json$/.exec(key)?.[1] ?? []);
    const some = names.slice(0, 10).join(', ');
    throw new EdgeError(
      trouble(
        'source-empty',
        {
          en: `the ${where} does not hold ${keys.value} yet${some === '' ? '' : `; there are ${some}`}`,
          zh: `${where} 里还没有 ${keys.value}${some === '' ? '' : `；现有 ${some}`}`,
        },
        {
          en: 'is the daemon that writes it running, and is the credential called so there?',
          zh: '写入它的守护进程在运行吗？凭据在那里是这个名称吗？',
        },
      ),
    );
  }

  function decoded(text: string): Details {
    try {
      return decodeEntry(fromBase64(text));
    } catch (error) {
      const { message: why } = error as Error;
      const message: Text = {
        en: `${keys.entry} of the ${where} cannot be used: ${why}`,
        zh: `${where} 的 ${keys.entry} 无法使用：${why}`,
      };
      throw new EdgeError(trouble('source-odd', message));
    }
  }

  /**
   * The last failure in the writer's record explains an expired token better than this daemon could, so only without one it
   * throws.
   * @throws {EdgeError} `source-dead` when the token has expired
   */
  function checkLife({ token }: Details, lastFailure: LastFailure | undefined): void {
    if (lastFailure || token.expiresAt > clock.now().wall) return;
    const message: Text = {
      en: `${keys.value} of the ${where} has expired and was not replaced`,
      zh: `${where} 的 ${keys.value} 已经过期，没有更换`,
    };
    const advice: Text = { en: 'look at the daemon that writes it', zh: '检查写入它的守护进程' };
    throw new EdgeError(trouble('source-dead', message, advice));
  }

  return {
    source: () => source,
    async read(): Promise<AccountRecord> {
      await cache.ready();
      const secret = found();
      const text = entryIn(secret);
      const entry = decoded(text);
      const lastFailure = lastFailureOf(secret.metadata.annotations?.[keys.record]);
      checkLife(entry, lastFailure);
      if (text !== seen) generation += 1;
      seen = text;
      source = { type: entry.type, appId: entry.appId };
      return {
        account,
        generation,
        token: { ...entry.token, generation },
        ledger: emptyLedger(0),
        secrets: [],
        ...(lastFailure && { lastFailure: numberedHere(lastFailure, entry.token, generation) }),
      };
    },
    write: () => Promise.reject(new TypeError('a mirror writes nothing')),
    lock: async () => undefined,
    syncedAt: cache.syncedAt,
  };
}

function trouble(code: string, message: Text, advice?: Text): FailureTexts {
  return { class: 'passing', code, message, advice, effect: 'none', backoff: PASSING };
}

/** A mirror counts the generations of tokens by itself, so what is said of the writer's token is said of its own. */
function numberedHere(
  { unauthorised, ...rest }: LastFailure,
  theirs: Pick<Token, 'generation'>,
  generation: number,
): LastFailure {
  const isOfIt = unauthorised && theirs.generation <= unauthorised.generation;
  return isOfIt ? { ...rest, unauthorised: { ...unauthorised, generation } } : rest;
}

/** The last failure of the daemon that writes the Secret; undefined when the writer is another program, or has none. */
function lastFailureOf(record: string | undefined): LastFailure | undefined {
  try {
    const stored = parseJson(record ?? '') as { readonly account?: unknown; readonly token?: object };
    const { token: _bare, ...rest } = stored;
    return recordOf(rest, String(stored.account)).lastFailure;
  } catch {
    return undefined;
  }
}
