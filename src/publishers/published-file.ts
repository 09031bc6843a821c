import { type Details, decodeDetails, decodeEntry, type Subject, typeOf } from '../codec/details.ts';
import { sha256 } from '../codec/encoding.ts';
import { readAnswer, type Token } from '../core/credential.ts';
import type { Published } from '../core/published.ts';
import { SECOND } from '../core/time.ts';
import { type RegularFile, readRegularFile } from '../system/fs/read-regular-file.ts';
import { checkWriter } from '../system/fs/trusted-writer.ts';
import { fieldsIn, WHOLE_LIFE } from './fields.ts';
import type { FileTarget } from './file-target.ts';
import { holdsEntry } from './formats.ts';

/** Size limit of a file in bytes: several times the size of the longest token in any format. */
export const LARGEST = 64 * 1024;

/** How many values a process remembers as its own earlier ones. */
const REMEMBERED = 4;

/** Reads the files of a target back, as evidence of what was published there. */
export interface PublishedReader {
  /**
   * The token that the files hold; undefined where they hold none of this account that can be trusted.
   * @param known files that have just been read, by path: the value not after its details
   */
  read(known?: ReadonlyMap<string, RegularFile>): Promise<Published | undefined>;
  /** Takes note of what the target holds now, by this process or as it wants it. */
  settle(token: Token, contents: readonly { readonly path: string; readonly content: string }[]): void;
  /** Whether {@link settle} was called. */
  isSettled(): boolean;
  /** Whether another process has written the details that were read last. */
  isOthers(): boolean;
}

/** Creates the reader of one target. */
export function publishedReader(
  { path, format, details }: Pick<FileTarget, 'path' | 'format' | 'details'>,
  subject: Subject,
): PublishedReader {
  const detailsPath = details ? `${path}.json` : holdsEntry(format) ? path : undefined;
  /** The details as this process wrote or left them, and as it last read them. */
  let settled: string | undefined;
  let seen: string | undefined;
  let isSettled = false;
  let lastRead: Token | undefined;
  /**
   * Fingerprints of the values that this process has published or replaced: where one of them comes back, it is an old
   * one.
   */
  let own: readonly string[] = [];

  /** What a file tells of a token, of this account or another one. */
  function toldBy(text: string, of: FileTarget['format']): Details | undefined {
    return (holdsEntry(of) ? detailsOrEntryIn(text) : undefined) ?? detailsIn(fieldsIn(of, text, subject));
  }

  return {
    async read(known) {
      // The details are written first: read after the value, they are never older than it.
      const main = await sight(path, known?.get(path));
      const beside = details ? await sight(`${path}.json`, known?.get(`${path}.json`)) : undefined;
      const detailsText = (details ? beside : main)?.text;
      seen = detailsPath === undefined ? undefined : detailsText;
      const whole = format === 'raw' ? beside : main;
      const told = whole && toldBy(whole.text, format === 'raw' ? 'json' : format);
      const found = told && publishedOf(told, subject);
      if (format !== 'raw') return found;
      const bare = main && valueAlone(main);
      const isKnown =
        !bare ||
        told?.token.value.equals(bare.value) ||
        (beside && found && isAfter(beside, main)) ||
        own.includes(markOf(bare));
      lastRead = isKnown ? found?.token : bare;
      return isKnown ? found : { token: bare, isBare: true };
    },
    settle(token, contents) {
      isSettled = true;
      const marks = [...(lastRead ? [markOf(lastRead)] : []), markOf(token)];
      own = [...new Set([...own.filter((known) => !marks.includes(known)), ...marks])].slice(-REMEMBERED);
      lastRead = undefined;
      settled = contents.find((one) => one.path === detailsPath)?.content ?? seen;
    },
    isSettled: () => isSettled,
    isOthers: () =>
      isSettled && seen !== undefined && seen !== settled && entryIn(seen)?.appId === subject.appId,
  };
}

/**
 * The token that details describe, if it is this account's. Where they do not tell the account, it may be that of another
 * platform, or of another app of a corp: then it is worth no more than a value alone.
 */
export function publishedOf(
  { token, appId, type, account }: Details,
  subject: Subject,
): Published | undefined {
  if (appId !== subject.appId || type !== typeOf(subject)) return undefined;
  if (account === subject.account) return { token };
  return account === undefined ? { token, isBare: true } : undefined;
}

const markOf = ({ value }: Pick<Token, 'value'>) => sha256(value.reveal());

/** The details are written first: where they are the younger file, the value was not written any more. */
function isAfter(details: RegularFile, main: RegularFile): boolean {
  return details.stat.mtimeNs > main.stat.mtimeNs;
}

/** A file of which anybody but this user, root and the owner of its folder may be the writer proves nothing. */
async function sight(path: string, known: RegularFile | undefined): Promise<RegularFile | undefined> {
  try {
    const found = known ?? (await readRegularFile(path, LARGEST));
    await checkWriter(path, found.stat, undefined);
    return found;
  } catch {
    return undefined;
  }
}

function valueAlone({ text, stat }: RegularFile): Token | undefined {
  try {
    const answer = readAnswer({ access_token: text, expires_in: WHOLE_LIFE }, 'access_token');
    const issuedAt = Number(stat.mtimeMs);
    return { ...answer, issuedAt, expiresAt: issuedAt + WHOLE_LIFE * SECOND, generation: 0 };
  } catch {
    return undefined;
  }
}

/** Details with a fingerprint that is not that of their value are damaged, whatever else they say. */
function detailsOrEntryIn(text: string): Details | undefined {
  return text.includes('"fingerprint":') ? entryIn(text) : detailsIn(text);
}

function entryIn(text: string): Details | undefined {
  try {
    return decodeEntry(text);
  } catch {
    return undefined;
  }
}

function detailsIn(text: string | undefined): Details | undefined {
  try {
    return text === undefined ? undefined : decodeDetails(text);
  } catch {
    return undefined;
  }
}
