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

type Target = Pick<FileTarget, 'path' | 'format' | 'details'>;

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
  /** Whether another process has written the details that were read last, since the last {@link settle}. */
  isOthers(): boolean;
}

/** Creates the reader of one target. */
export function publishedReader(target: Target, subject: Subject): PublishedReader {
  return new FileReader(target, subject);
}

/** WARNING: there is one for every account, so a field more is thousands of fields. */
class FileReader implements PublishedReader {
  readonly #target: Target;
  readonly #subject: Subject;
  /** Fingerprint of the details as this process wrote or left them. */
  #settled: string | undefined;
  /** The details and the value that were read last, until it is settled what becomes of them. */
  #seen: string | undefined;
  #lastRead: Token | undefined;
  /**
   * Fingerprints of the values that this process has published or replaced, with blanks in between: where one of them
   * comes back, it is an old one.
   */
  #own = '';

  constructor(target: Target, subject: Subject) {
    this.#target = target;
    this.#subject = subject;
  }

  async read(known?: ReadonlyMap<string, RegularFile>): Promise<Published | undefined> {
    const { path, format, details } = this.#target;
    const subject = this.#subject;
    // The details are written first: read after the value, they are never older than it.
    const main = await sight(path, known?.get(path));
    const beside = details ? await sight(`${path}.json`, known?.get(`${path}.json`)) : undefined;
    const detailsText = (details ? beside : main)?.text;
    this.#seen = detailsPathOf(this.#target) === undefined ? undefined : detailsText;
    const whole = format === 'raw' ? beside : main;
    const told = whole && toldBy(whole.text, format === 'raw' ? 'json' : format, subject);
    const found = told && publishedOf(told, subject);
    if (format !== 'raw') return found;
    const bare = main && valueAlone(main);
    const isKnown =
      !bare ||
      told?.token.value.equals(bare.value) ||
      (beside && found && isAfter(beside, main)) ||
      this.#own.includes(markOf(bare));
    this.#lastRead = isKnown ? found?.token : bare;
    return isKnown ? found : { token: bare, isBare: true };
  }

  settle(token: Token, contents: readonly { readonly path: string; readonly content: string }[]): void {
    const marks = [...(this.#lastRead ? [markOf(this.#lastRead)] : []), markOf(token)];
    const former = this.#own.split(' ').filter((mark) => mark !== '' && !marks.includes(mark));
    this.#own = [...new Set([...former, ...marks])].slice(-REMEMBERED).join(' ');
    const detailsPath = detailsPathOf(this.#target);
    const details = contents.find((one) => one.path === detailsPath)?.content ?? this.#seen;
    this.#settled = details && sha256(details);
    this.#lastRead = undefined;
    this.#seen = undefined;
  }

  isSettled(): boolean {
    return this.#own !== '';
  }

  isOthers(): boolean {
    const seen = this.#seen;
    return (
      this.isSettled() &&
      seen !== undefined &&
      sha256(seen) !== this.#settled &&
      entryIn(seen)?.appId === this.#subject.appId
    );
  }
}

/** The file that tells all of the token; undefined where none of them does. */
function detailsPathOf({ path, format, details }: Target): string | undefined {
  if (details) return `${path}.json`;
  return holdsEntry(format) ? path : undefined;
}

/** What a file tells of a token, of this account or another one. */
function toldBy(text: string, of: FileTarget['format'], subject: Subject): Details | undefined {
  return (holdsEntry(of) ? detailsOrEntryIn(text) : undefined) ?? detailsIn(fieldsIn(of, text, subject));
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
