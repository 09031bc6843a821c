import { isEntryOf, type Subject } from '../../codec/details.ts';
import { parseJson } from '../../codec/encoding.ts';
import {
  decodePart,
  type Keys,
  keysOf,
  type Part,
  partOf,
  type SecretContent,
} from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import type { AccountRecord } from '../../core/record.ts';
import { objectLabel } from '../../kubernetes/resources.ts';
import type { Election } from '../lease/election.ts';
import type { SecretCache, StoredSecret } from './secret-cache.ts';

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
    const where = objectLabel(cache.object);
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

export type Warn = (
  message: string,
  fields?: { readonly credential: string; readonly advice?: string },
) => void;

/** One name in a Secret that daemons take for two accounts. */
export interface Contest {
  /** The Secret, in words. */
  readonly where: string;
  readonly key: string;
  readonly theirs: string;
  readonly ours: string;
}

/** Of which account a record says that it is; undefined where it does not. */
export function accountIn({ record }: Part): string | undefined {
  try {
    const { account } = parseJson(record ?? '') as { readonly account?: unknown };
    return typeof account === 'string' ? account : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A change of the configuration reaches one daemon before another. If each wrote down what it knows, none would ever come
 * to an end: whoever leads has the last word, and the others keep what they have until they see things as it does.
 */
export function contested(
  { where, key, theirs, ours }: Contest,
  { leads, holder }: Pick<Election, 'leads' | 'holder'>,
): { readonly line: string; readonly advice: string } {
  const what = `the ${where} keeps another account under ${key}: ${theirs}, and here it is ${ours}`;
  const who = holder() ?? 'nobody';
  const then = leads()
    ? 'this daemon leads and replaces it'
    : `${who} leads and decides; what is published here stays, and is not refreshed`;
  return {
    line: `${what}; ${then}`,
    advice:
      'all daemons that share a Secret need the same configuration and AppSecrets; a change reaches one pod before another, ' +
      'so wait a minute or two before you look for the one that is different',
  };
}

/**
 * What a Secret keeps of the same account under other names: the one that it had before it was renamed, or those of
 * others who have a ticket in common. An account has one state, whatever it is called.
 */
export function siblingsOf(secret: SecretContent, keys: Keys, kind: Kind, account: string): readonly Part[] {
  const [prefix] = keys.record.split('/');
  // Found in the text before it is read: there are a hundred of them.
  const mark = `"account":${JSON.stringify(account)}`;
  const { annotations = {} } = secret.metadata;
  return Object.entries(annotations).flatMap(([key, text]) => {
    if (key === keys.record || !key.startsWith(`${prefix}/`) || !text.includes(mark)) return [];
    return [partOf(secret, keysOf(key.slice(`${prefix}/`.length), kind))];
  });
}
