import type { BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { decodeRecord, encodeRecord, LaterRecordError, RECORD_VERSION } from '../../codec/record.ts';
import { EdgeError, PASSING } from '../../core/failure.ts';
import type { AccountStore, Clock, Lease } from '../../core/ports.ts';
import type { AccountRecord } from '../../core/record.ts';
import type { Text } from '../../core/text.ts';
import { type Attributes, writeAtomically } from '../../system/fs/atomic-write.ts';
import { fileFailure } from '../../system/fs/file-failure.ts';
import { glanceAt, isUnanswered, stat } from '../../system/fs/files.ts';
import { type Access, makeFolderFor } from '../../system/fs/make-folder.ts';
import { readUnlessKnown, replacementMark } from '../../system/fs/read-regular-file.ts';
import { checkWriter } from '../../system/fs/trusted-writer.ts';
import { takeLock } from './file-lock.ts';
import type { LockObservation } from './stale-lock.ts';

/** Bytes. A record is less than a tenth of this: a larger file was not written by this program. */
export const LARGEST_RECORD = 256 * 1024;

/** What the records of one folder have in common. */
export interface RecordOptions {
  /** Who may use the folder: decides the mode and group of the files. */
  readonly access: Access;
  readonly clock: Clock;
  /** Called once for each reason why a record cannot be used; the daemon then goes on as if there were no record. */
  readonly warn: (message: string) => void;
}

/** The record of one account in a file, with its lock beside it. */
export interface FileStore extends AccountStore {
  readonly account: string;
  readonly path: string;
  isAsKnown(): boolean;
  /** Whether the file was replaced since this store last read or wrote it. Cheaper than reading the file. */
  hasChanged(): Promise<boolean>;
}

/**
 * Keeps the record of one account in the file `path`. A record that cannot be read or trusted counts as absent.
 * Writing throws an {@link EdgeError} with code `lock-lost` when another process has taken the lock meanwhile.
 */
export function accountStore(path: string, account: string, options: RecordOptions): FileStore {
  return new RecordFile(path, account, options);
}

/** The record that lies there, which a later version of this program wrote. */
interface LaterRecord {
  readonly text: string;
  readonly version: number;
}

/** WARNING: there is one for every account, so a field more is thousands of fields. */
class RecordFile implements FileStore {
  readonly path: string;
  readonly account: string;
  readonly #options: RecordOptions;
  /** The record that was last read or written, and the mark by which its file is recognised. */
  #record: AccountRecord | undefined;
  #mark: string | undefined;
  /** What was last seen of another holder of the lock. */
  #holder: LockObservation | undefined;
  #later: LaterRecord | undefined;
  #complained: string | undefined;
  #isModeTold = false;
  /** Whether this process has read or written a record of its own version. */
  #isInUse = false;

  constructor(path: string, account: string, options: RecordOptions) {
    this.path = path;
    this.account = account;
    this.#options = options;
  }

  async read(): Promise<AccountRecord | undefined> {
    const { access, warn } = this.#options;
    try {
      const mark = this.#mark;
      const isKnown = (found: BigIntStats) => replacementMark(found) === mark;
      const found = await readUnlessKnown(
        this.path,
        LARGEST_RECORD,
        mark === undefined ? undefined : isKnown,
      );
      if (found) {
        // It decides what is published.
        await checkWriter(this.path, found.stat, access.gid);
        this.#know(found.stat, this.#decode(found.text));
        this.#isInUse = true;
      }
      this.#complained = undefined;
      return this.#record;
    } catch (error) {
      this.#know(undefined, undefined);
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') {
        this.#later = undefined;
        return undefined;
      }
      // Nothing is known of the record: it is not that there were none.
      if (isUnanswered(error)) throw fileFailure('read', this.path, error);
      if (message !== this.#complained) {
        warn(`ignoring ${this.path}: ${message}${this.#later ? DOWNGRADED : ''}`);
      }
      this.#complained = message;
      return undefined;
    }
  }

  async write(record: AccountRecord, lease: Lease): Promise<void> {
    const { path } = this;
    const attributes = attributesFor(this.#options.access);
    if (this.#later) await this.#keepBeside(this.#later);
    let held: boolean;
    try {
      held = await writeAtomically(path, encodeRecord(record), attributes, async (look) => {
        const found = await look();
        this.#know(found, record);
        this.#warnOfMode(Number(found.mode) & 0o777, attributes.mode);
        return lease.held();
      });
    } catch (error) {
      throw fileFailure('write', path, error);
    }
    if (!held) throw lockLost(path);
    this.#isInUse = true;
    this.#later = undefined;
  }

  async lock(): Promise<Lease | undefined> {
    try {
      return await this.#takeLock();
    } catch (error) {
      // The folder may have been deleted. Without it there is no lock, and a credential that needs one cannot be fetched.
      if (!isMissing(error)) throw error;
      await makeFolderFor(dirname(this.path), this.#options.access).catch(() => {});
      return this.#takeLock();
    }
  }

  isAsKnown(): boolean {
    const found = this.#mark === undefined ? undefined : glanceAt(this.path);
    return found !== undefined && replacementMark(found) === this.#mark;
  }

  async hasChanged(): Promise<boolean> {
    const found = await stat(this.path, { bigint: true }).catch(() => undefined);
    return (found && replacementMark(found)) !== this.#mark;
  }

  #know(found: BigIntStats | undefined, record: AccountRecord | undefined): void {
    this.#mark = found && replacementMark(found);
    this.#record = record;
  }

  async #takeLock(): Promise<Lease | undefined> {
    const { access, clock } = this.#options;
    const { lease, seen } = await takeLock(this.path, attributesFor(access).mode, clock, this.#holder);
    this.#holder = seen;
    return lease;
  }

  /** Decodes a record, and takes note of one that a later version of this program wrote. */
  #decode(text: string): AccountRecord {
    this.#later = undefined;
    try {
      return decodeRecord(text, this.account);
    } catch (error) {
      if (error instanceof LaterRecordError) this.#later = { text, version: error.version };
      throw error;
    }
  }

  /**
   * Keeps a record that this program cannot read, so that the later version finds it again.
   * @throws {EdgeError} when it cannot be kept, or when a daemon of the later version runs beside this one: whose record
   *   would be replaced again and again
   */
  async #keepBeside({ text, version }: LaterRecord): Promise<void> {
    if (this.#isInUse) throw laterDaemon(this.path, version);
    const { access, warn } = this.#options;
    const kept = laterPath(this.path, version);
    try {
      await writeAtomically(kept, text, attributesFor(access), async () => true);
    } catch (error) {
      throw fileFailure('write', kept, error);
    }
    warn(
      `kept the record of version ${version} as ${kept}, since this program writes version ${RECORD_VERSION}`,
    );
  }

  /** The record holds the token: others who may read it are told of once. */
  #warnOfMode(has: number, wanted: number): void {
    if (this.#isModeTold || (has & ~wanted) === 0) return;
    this.#isModeTold = true;
    this.#options.warn(
      `${this.path} has mode ${octal(has)}, not ${octal(wanted)}: its volume ignores modes; ` +
        'put the state folder on another one',
    );
  }
}

/** Mode and group of the files in a folder, of which nobody needs to execute one. */
function attributesFor({ mode, gid }: Access): Attributes {
  return { mode: mode & 0o660, ...(gid !== undefined && { gid }) };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function isMissing(error: unknown): boolean {
  const { cause } = error as Error;
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

/** What becomes of a record that this program is too old for. */
const DOWNGRADED =
  '; it is kept beside before it is replaced, the token is taken from what is published, and the calls counted in it ' +
  'are not known';

/** Where a record that a later version of this program wrote is kept. */
function laterPath(path: string, version: number): string {
  return `${path}.version-${version}`;
}

/** The name of a record, of one that is kept beside, and of a pushed ticket. */
export const RECORD_NAME = /\.json(?:\.version-\d+|\.pushed|\.code-[0-9a-f]+)?$/;

function laterDaemon(path: string, version: number): EdgeError {
  return new EdgeError({
    ...{ class: 'passing', code: 'later-version', effect: 'none', backoff: PASSING },
    message: {
      en: `a daemon of a later version of this program writes ${path} (record version ${version}; this one writes ${RECORD_VERSION})`,
      zh: `更新版本的守护进程在写 ${path}（记录版本 ${version}，本程序写的是 ${RECORD_VERSION}）`,
    },
    advice: {
      en: 'let all daemons of one state folder run one version: upgrade this one, or stop the other',
      zh: '让一个状态目录的所有守护进程运行同一版本：升级这一个，或停止另一个',
    },
  });
}

function lockLost(path: string): EdgeError {
  const message: Text = {
    en: `another daemon has taken the lock of ${path}: it was held for too long`,
    zh: `另一个守护进程接管了 ${path} 的锁：它被占用太久`,
  };
  return new EdgeError({ class: 'passing', code: 'lock-lost', message, effect: 'none', backoff: PASSING });
}
