import { isEntryOf, type Subject } from '../../codec/details.ts';
import { parseJson } from '../../codec/encoding.ts';
import { LaterRecordError } from '../../codec/record.ts';
import {
  decodePart,
  type Keys,
  keysOf,
  laterVersionOf,
  type Part,
  partOf,
  recordOfEntry,
  type SecretContent,
} from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import type { AccountRecord } from '../../core/record.ts';
import type { Text } from '../../core/text.ts';
import { objectLabel } from '../../kubernetes/resources.ts';
import type { Election } from '../lease/election.ts';
import type { SecretCache, StoredSecret } from './secret-cache.ts';

/** Reads the record of one account from a Secret in which daemons with another configuration may use the same name. */
export interface SecretReader {
  /**
   * Waits for the first read of the Secret to end.
   * @returns the newest record of the account, whatever name it is stored under; undefined when there is none
   */
  read(): Promise<AccountRecord | undefined>;
  /**
   * Whether the leader should write the record that was read last again, since it is incomplete or under another
   * name.
   */
  isPartial(): boolean;
  /**
   * Whether this daemon cannot read the record in `part` as one of its account. Only the leader may replace such a
   * record.
   */
  isDisputed(part: Part): boolean;
}

export interface SecretReaderOptions {
  readonly account: string;
  readonly subject: Subject;
  readonly keys: Keys;
  readonly cache: Pick<SecretCache, 'object' | 'now' | 'ready'>;
  readonly election: Pick<Election, 'leads' | 'holder'>;
  /** Called once for each reason why a record cannot be used; the daemon then goes on as if there were no record. */
  readonly warn: Warn;
}

/** Creates the reader of one account; it reads the cached Secret and sends no requests of its own. */
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

  /** The record, or of one that a later version wrote what is published with it. */
  function known(part: Part): AccountRecord | undefined {
    const isLater = laterVersionOf(part, account) !== undefined;
    return isLater ? recordOfEntry(part, account, subject) : readable(part);
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
      const { line, advice } = describeConflict({ where, key: keys.value, theirs, ours: account }, election);
      warn(line, { credential: name, advice });
    } else {
      const rest = error instanceof LaterRecordError ? DOWNGRADED : '';
      warn(`ignoring ${keys.value} of the ${where}: ${message}${rest}`, { credential: name });
    }
  }

  function ownIn(secret: StoredSecret | undefined): AccountRecord | undefined {
    const part = secret ? partOf(secret, keys) : {};
    try {
      const record = decodePart(part, account);
      complained = undefined;
      return record;
    } catch (error) {
      complain(part, error);
      return known(part);
    }
  }

  return {
    async read() {
      await cache.ready();
      const secret = cache.now();
      const own = ownIn(secret);
      const others = secret ? renamedPartsOf(secret, keys, subject.kind, account).map(known) : [];
      const newest = others.reduce(newer, own);
      const entry = secret?.data?.[keys.entry];
      isWhole = newest === own && (!own?.token || isEntryOf(entry, own.token, subject));
      return newest;
    },
    isPartial: () => !isWhole && election.leads(),
    isDisputed: (part) => part.record !== undefined && readable(part) === undefined,
  };
}

/** What becomes of a record that this program is too old for. */
const DOWNGRADED =
  '; the token is taken from the details beside it, and the calls counted in the record are not known; ' +
  'upgrade this daemon, or let all daemons of one Secret run one version';

/** The record with the higher generation; `one` if both have the same. */
function newer(one: AccountRecord | undefined, other: AccountRecord | undefined) {
  return (other?.generation ?? 0) > (one?.generation ?? 0) ? other : one;
}

/** Logs a warning. */
export type Warn = (
  message: string,
  fields?: { readonly credential: string; readonly advice?: Text },
) => void;

/** One name in a Secret that two daemons use for two accounts. */
export interface AccountConflict {
  /** The Secret's name for people. */
  readonly where: string;
  readonly key: string;
  readonly theirs: string;
  readonly ours: string;
}

/** The account that a record names; undefined when it names none. */
export function accountIn({ record }: Part): string | undefined {
  try {
    const { account } = parseJson(record ?? '') as { readonly account?: unknown };
    return typeof account === 'string' ? account : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Describes a conflict of accounts for the log. A change of the configuration reaches one daemon before another. If
 * each of them wrote its own record, they would overwrite each other without end. So only the leader writes, and the
 * followers keep what they have until they agree with it.
 */
export function describeConflict(
  { where, key, theirs, ours }: AccountConflict,
  { leads, holder }: Pick<Election, 'leads' | 'holder'>,
): { readonly line: string; readonly advice: Text } {
  const what = `account conflict: the ${where} holds ${theirs} under ${key}, but this daemon has ${ours}`;
  const known = holder();
  const leader = known === undefined ? 'the next leader' : `the leader ${known}`;
  const then = leads()
    ? 'this daemon leads and replaces it'
    : `${leader} decides; what is published here stays, and is not refreshed`;
  return {
    line: `${what}; ${then}`,
    advice: {
      en:
        'all daemons that share a Secret need the same configuration and AppSecrets; a change reaches one pod before another, ' +
        'so wait a minute or two before you look for the one that is different',
      zh:
        '共用一个 Secret 的所有守护进程需要相同的配置和 AppSecret；更改不会同时到达每个 Pod，' +
        '所以先等一两分钟，再找不一样的那一个',
    },
  };
}

/**
 * Finds records of the same account that the Secret keeps under other names: the credential was renamed, or several
 * credentials share a ticket. An account has one state, whatever it is called.
 */
export function renamedPartsOf(
  secret: SecretContent,
  keys: Keys,
  kind: Kind,
  account: string,
): readonly Part[] {
  const [prefix] = keys.record.split('/');
  // Searching the text is cheaper than parsing it: a Secret may hold a hundred records.
  const mark = `"account":${JSON.stringify(account)}`;
  const { annotations = {} } = secret.metadata;
  return Object.entries(annotations).flatMap(([key, text]) => {
    if (key === keys.record || !key.startsWith(`${prefix}/`) || !text.includes(mark)) return [];
    return [partOf(secret, keysOf(key.slice(`${prefix}/`.length), kind))];
  });
}
