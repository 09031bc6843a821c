import type { AccountRecord } from '../core/record.ts';
import { inWords } from '../kubernetes/resources.ts';
import { accountIn, contested, type Warn } from './contested.ts';
import type { Election } from './election.ts';
import type { StoredSecret } from './newest.ts';
import type { SecretCache } from './secret-cache.ts';
import { isEntryOf, type Subject } from './secret-entry.ts';
import { decodePart, type Keys, type Part, partOf } from './secret-layout.ts';
import { siblingsOf } from './siblings.ts';

/** What a Secret says of one account, to one who may share its name with others of another configuration. */
export interface SecretReader {
  /** Waits for the first look at the Secret to end. */
  read(): Promise<AccountRecord | undefined>;
  /** Whether what was read last is not, or not all, where it should be; who leads writes it there. */
  isPartial(): boolean;
  /** Whether what is there was not written by a daemon that sees things as we do: who leads may replace it, nobody else. */
  isDisputed(part: Part): boolean;
}

export interface SecretReaderOptions {
  readonly account: string;
  readonly subject: Subject;
  readonly keys: Keys;
  readonly cache: Pick<SecretCache, 'object' | 'now' | 'ready'>;
  readonly election: Pick<Election, 'leads' | 'holder'>;
  /** Told once of each reason why a record cannot be used; the daemon goes on as if there were none. */
  readonly warn: Warn;
}

export function secretReader(options: SecretReaderOptions): SecretReader {
  const { account, subject, keys, cache, election, warn } = options;
  const { name } = subject;
  let complained: string | undefined;
  let isWhole = true;

  function readable(part: Part): AccountRecord | undefined {
    try {
      return decodePart(part, account);
    } catch {
      return undefined;
    }
  }

  function complain(part: Part, error: unknown): void {
    const theirs = accountIn(part);
    const isOther = theirs !== undefined && theirs !== account;
    const { message } = error as Error;
    const reason = isOther ? `of ${theirs}` : message;
    if (reason === complained) return;
    complained = reason;
    const where = inWords(cache.object);
    if (isOther) {
      const { line, advice } = contested({ where, key: keys.value, theirs, ours: account }, election);
      warn(line, { credential: name, advice });
    } else warn(`ignoring ${keys.value} of the ${where}: ${message}`, { credential: name });
  }

  function ownIn(secret: StoredSecret | undefined): AccountRecord | undefined {
    const part = secret ? partOf(secret, keys) : {};
    try {
      const record = decodePart(part, account);
      complained = undefined;
      return record;
    } catch (error) {
      complain(part, error);
      return undefined;
    }
  }

  return {
    async read() {
      await cache.ready();
      const secret = cache.now();
      const own = ownIn(secret);
      const others = secret ? siblingsOf(secret, keys, subject.kind, account).map(readable) : [];
      const newest = others.reduce(newer, own);
      const entry = secret?.data?.[keys.entry];
      isWhole = newest === own && (!own?.token || isEntryOf(entry, own.token, subject));
      return newest;
    },
    isPartial: () => !isWhole && election.leads(),
    isDisputed: (part) => part.record !== undefined && readable(part) === undefined,
  };
}

/** Where both are as new, the first. */
function newer(one: AccountRecord | undefined, other: AccountRecord | undefined) {
  return (other?.generation ?? 0) > (one?.generation ?? 0) ? other : one;
}
