import type { BigIntStats } from 'node:fs';
import { decodeRecord, encodeRecord, LaterRecordError, RECORD_VERSION } from '../../codec/record.ts';
import { EdgeError, PASSING } from '../../core/failure.ts';
import type { AccountStore, Clock } from '../../core/ports.ts';
import type { AccountRecord } from '../../core/record.ts';
import type { Text } from '../../core/text.ts';
import { type Attributes, writeAtomically } from '../../system/fs/atomic-write.ts';
import { fileFailure } from '../../system/fs/file-failure.ts';
import { glanceAt, isUnanswered, stat } from '../../system/fs/files.ts';
import type { Access } from '../../system/fs/make-folder.ts';
import { readUnlessKnown, replacementMark } from '../../system/fs/read-regular-file.ts';
import { checkWriter } from '../../system/fs/trusted-writer.ts';
import { fileLock } from './file-lock.ts';

/** Bytes. A record is less than a tenth of this: a larger file was not written by this program. */
export const LARGEST_RECORD = 256 * 1024;

export interface AccountStoreOptions {
  readonly account: string;
  /** Who may use the folder: decides the mode and group of the files. */
  readonly access: Access;
  readonly clock: Clock;
  /** Called once for each reason why a record cannot be used; the daemon then goes on as if there were no record. */
  readonly warn: (message: string) => void;
}

/** The record of one account in a file, with its lock beside it. */
export interface FileStore extends AccountStore {
  /** Whether the file was replaced since this store last read or wrote it. Cheaper than reading the file. */
  hasChanged(): Promise<boolean>;
}

/**
 * Keeps the record of one account in the file `path`. A record that cannot be read or trusted counts as absent.
 * Writing throws an {@link EdgeError} with code `lock-lost` when another process has taken the lock meanwhile.
 */
export function accountStore(path: string, { account, access, clock, warn }: AccountStoreOptions): FileStore {
  const attributes: Attributes = {
    mode: access.mode & 0o660,
    ...(access.gid !== undefined && { gid: access.gid }),
  };
  const lock = fileLock(path, attributes.mode, clock);
  let complained: string | undefined;
  let isModeTold = false;
  /** The record that was last read or written, with the mark by which its file is recognised. */
  let known: { readonly mark: string; readonly record: AccountRecord } | undefined;
  /** Whether this process has read or written a record of its own version. */
  let isInUse = false;
  /** The record that lies there, which a later version of this program wrote. */
  let later: { readonly text: string; readonly version: number } | undefined;

  /** The record holds the token: others who may read it are told of once. @param mode that the file has */
  function warnOfMode(mode: number): void {
    if (isModeTold || (mode & ~attributes.mode) === 0) return;
    isModeTold = true;
    const [has, wanted] = [mode, attributes.mode].map((bits) => bits.toString(8).padStart(4, '0'));
    warn(
      `${path} has mode ${has}, not ${wanted}: its volume ignores modes; put the state folder on another one`,
    );
  }

  /** Decodes a record, and takes note of one that a later version of this program wrote. */
  function decode(text: string): AccountRecord {
    later = undefined;
    try {
      return decodeRecord(text, account);
    } catch (error) {
      if (error instanceof LaterRecordError) later = { text, version: error.version };
      throw error;
    }
  }

  /**
   * Keeps a record that this program cannot read, so that the later version finds it again.
   * @throws {EdgeError} when it cannot be kept, or when a daemon of the later version runs beside this one: whose record
   *   would be replaced again and again
   */
  async function keepBeside({
    text,
    version,
  }: {
    readonly text: string;
    readonly version: number;
  }): Promise<void> {
    if (isInUse) throw laterDaemon(path, version);
    const kept = laterPath(path, version);
    try {
      await writeAtomically(kept, text, attributes, async () => true);
    } catch (error) {
      throw fileFailure('write', kept, error);
    }
    warn(
      `kept the record of version ${version} as ${kept}, since this program writes version ${RECORD_VERSION}`,
    );
  }

  return {
    async read() {
      try {
        const mark = known?.mark;
        const isKnown = (stat: BigIntStats) => replacementMark(stat) === mark;
        const found = await readUnlessKnown(path, LARGEST_RECORD, mark === undefined ? undefined : isKnown);
        if (found) {
          // It decides what is published.
          await checkWriter(path, found.stat, access.gid);
          known = { mark: replacementMark(found.stat), record: decode(found.text) };
          isInUse = true;
        }
        complained = undefined;
        return known?.record;
      } catch (error) {
        known = undefined;
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT') {
          later = undefined;
          return undefined;
        }
        // Nothing is known of the record: it is not that there were none.
        if (isUnanswered(error)) throw fileFailure('read', path, error);
        if (message !== complained) warn(`ignoring ${path}: ${message}${later ? DOWNGRADED : ''}`);
        complained = message;
        return undefined;
      }
    },
    async write(record, lease) {
      if (later) await keepBeside(later);
      let held: boolean;
      try {
        held = await writeAtomically(path, encodeRecord(record), attributes, async (look) => {
          const found = await look();
          known = { mark: replacementMark(found), record };
          warnOfMode(Number(found.mode) & 0o777);
          return lease.held();
        });
      } catch (error) {
        throw fileFailure('write', path, error);
      }
      if (!held) throw lockLost(path);
      isInUse = true;
      later = undefined;
    },
    lock: lock.take,
    isAsKnown() {
      const found = known && glanceAt(path);
      return found !== undefined && replacementMark(found) === known?.mark;
    },
    async hasChanged() {
      const found = await stat(path, { bigint: true }).catch(() => undefined);
      return (found && replacementMark(found)) !== known?.mark;
    },
  };
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
