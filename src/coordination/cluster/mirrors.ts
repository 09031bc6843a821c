import { type Details, decodeEntry } from '../../codec/details.ts';
import { fromBase64, parseJson } from '../../codec/encoding.ts';
import { recordOf } from '../../codec/record.ts';
import { keysOf, mirrorAccount } from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import type { ClusterEvent } from '../../core/events/cluster.ts';
import { EdgeError, PASSING } from '../../core/failure.ts';
import type { AccountStore, Clock } from '../../core/ports.ts';
import { type AccountRecord, emptyLedger, type LastFailure } from '../../core/record.ts';
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

export interface MirrorStore extends AccountStore {
  /** Whose token it is, as far as the source has said. */
  source(): Pick<Details, 'type' | 'appId'>;
}

export interface MirrorStoreOptions {
  readonly account: string;
  /** What the credential is called in the Secret. */
  readonly credential: string;
  readonly kind: Kind;
  readonly cache: SecretCache;
  readonly clock: Clock;
}

/**
 * What another program keeps in a Secret, as if it were a record of ours. Whatever it holds now is the newest: its writer
 * sees to that. So each change counts as a generation, also where the writer has begun to count anew.
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
    throw new EdgeError(cache.failure() ?? trouble('kube-missing', `there is no ${where} any more`));
  }

  function entryIn({ data = {} }: StoredSecret): string {
    const entry = data[keys.entry];
    if (entry !== undefined) return entry;
    const names = Object.keys(data).flatMap((key) => /^([^.]+)\.json$/.exec(key)?.[1] ?? []);
    const there = names.length > 0 ? `; there are ${names.slice(0, 10).join(', ')}` : '';
    throw new EdgeError(
      trouble(
        'source-empty',
        `the ${where} does not hold ${keys.value} yet${there}`,
        'is the daemon that writes it running, and is the credential called so there?',
      ),
    );
  }

  function decoded(text: string): Details {
    try {
      return decodeEntry(fromBase64(text));
    } catch (error) {
      const message = `${keys.entry} of the ${where} cannot be used: ${(error as Error).message}`;
      throw new EdgeError(trouble('source-odd', message));
    }
  }

  /** Of what has ended only its writer can say more. */
  function checkLife({ token }: Details, lastFailure: LastFailure | undefined): void {
    if (lastFailure || token.expiresAt > clock.now().wall) return;
    const message = `what ${keys.value} of the ${where} holds has ended, and nobody has replaced it`;
    throw new EdgeError(trouble('source-dead', message, 'look at the daemon that writes it'));
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
        ...(lastFailure && { lastFailure }),
      };
    },
    write: () => Promise.reject(new TypeError('a mirror writes nothing')),
    lock: async () => undefined,
    syncedAt: cache.syncedAt,
  };
}

function trouble(code: string, message: string, advice?: string) {
  const failure = { class: 'passing', code, message, effect: 'none', backoff: PASSING } as const;
  return advice === undefined ? failure : { ...failure, advice };
}

/** What its writer has met, where that is one of ours. */
function lastFailureOf(record: string | undefined): LastFailure | undefined {
  try {
    const stored = parseJson(record ?? '') as { readonly account?: unknown; readonly token?: object };
    const { token: _bare, ...rest } = stored;
    return recordOf(rest, String(stored.account)).lastFailure;
  } catch {
    return undefined;
  }
}
