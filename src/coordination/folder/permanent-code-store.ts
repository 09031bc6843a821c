import { basename, dirname, join } from 'node:path';
import { sha256 } from '../../codec/encoding.ts';
import {
  decodePermanentCodes,
  encodePermanentCodes,
  markOfPermanentCode,
} from '../../codec/permanent-codes.ts';
import {
  newestCodes,
  type PermanentCode,
  tooManyCorps,
  withPermanentCode,
} from '../../core/permanent-code.ts';
import type { Clock, PermanentCodeStore } from '../../core/ports.ts';
import { type Attributes, writeAtomically } from '../../system/fs/atomic-write.ts';
import { fileFailure } from '../../system/fs/file-failure.ts';
import { isUnanswered, lstat, readdir } from '../../system/fs/files.ts';
import { type Access, makeFolderFor } from '../../system/fs/make-folder.ts';
import { changeMark, isSettled, readRegularFile } from '../../system/fs/read-regular-file.ts';
import { checkWriter } from '../../system/fs/trusted-writer.ts';

/** Bytes. What is kept is less than a tenth of this. */
const LARGEST = 32 * 1024;

/** Most corps of one suite: the files of all are looked at every half minute. */
const MOST_CORPS = 2000;

/** So many digits tell two corps apart. */
const DIGITS = 32;

/** What the names of the files of a suite's permanent codes begin with, after its record file. They never end by themselves. */
export function permanentCodesPath(record: string): string {
  return `${record}.permanent-code-`;
}

export interface PermanentCodeStoreOptions {
  /** Of the suite. */
  readonly account: string;
  readonly clock: Clock;
  /** Who may use the folder: decides the mode and group of the files. */
  readonly access: Access;
  /** Called once for each reason why what is kept cannot be used; it then counts as absent. */
  readonly warn: (message: string) => void;
  readonly most?: number;
}

/**
 * Keeps the permanent code of each corp in a file of its own, whose name begins with `path` and ends with a hash of the corp's id:
 * two ids may differ in upper and lower case alone, which some file systems do not tell apart.
 * @param elsewhere what the names begin with in other state folders: what lies there counts as well, and stays
 */
export function permanentCodeStore(
  path: string,
  elsewhere: readonly string[],
  { account, clock, access, warn, most = MOST_CORPS }: PermanentCodeStoreOptions,
): PermanentCodeStore {
  const attributes: Attributes = {
    mode: access.mode & 0o660,
    ...(access.gid !== undefined && { gid: access.gid }),
  };
  const fileOf = (corpId: string) => `${path}${sha256(corpId).slice(0, DIGITS)}`;
  /** What was read last of each file, with what the file was then. */
  let read = new Map<string, { readonly mark: string; readonly code: PermanentCode }>();
  let complained: string | undefined;

  async function readOne(file: string): Promise<PermanentCode | undefined> {
    try {
      const found = await lstat(file, { bigint: true });
      const known = read.get(file);
      if (known?.mark === changeMark(found)) return known.code;
      const { text, stat } = await readRegularFile(file, LARGEST);
      await checkWriter(file, stat, access.gid);
      const [code] = decodePermanentCodes(text, account);
      if (!code) throw new Error('a damaged permanent code');
      if (isSettled(stat, clock.now().wall)) read.set(file, { mark: changeMark(stat), code });
      return code;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      if (isUnanswered(error)) throw fileFailure('read', file, error);
      if (message !== complained) warn(`ignoring ${file}: ${message}`);
      complained = message;
      return undefined;
    }
  }

  async function filesAt(prefix: string): Promise<readonly string[]> {
    const [folder, start] = [dirname(prefix), basename(prefix)];
    try {
      const names = await readdir(folder);
      return names
        .filter((name) => name.startsWith(start) && /^[0-9a-f]+$/.test(name.slice(start.length)))
        .map((name) => join(folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw fileFailure('read', folder, error);
    }
  }

  async function readAll(): Promise<readonly PermanentCode[]> {
    const files = await filesAt(path);
    // What cannot be read elsewhere is no reason to go without what is here.
    const others = await Promise.all(elsewhere.map((other) => filesAt(other).catch(() => [])));
    const all = [...files, ...others.flat()];
    const found = await Promise.all(all.map(readOne));
    const there = new Set(all);
    read = new Map([...read].filter(([file]) => there.has(file)));
    return newestCodes(found.filter((code) => code !== undefined));
  }

  async function write(code: PermanentCode): Promise<void> {
    const file = fileOf(code.corpId);
    const once = () => writeAtomically(file, encodePermanentCodes([code], account), attributes);
    try {
      await once().catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        await makeFolderFor(dirname(path), access);
        await once();
      });
    } catch (error) {
      throw fileFailure('write', file, error);
    }
  }

  return {
    read: readAll,
    async checkRoom() {
      if ((await readAll()).length >= most) throw tooManyCorps(dirname(path), most);
    },
    async put(code) {
      const known = await readAll();
      const change = withPermanentCode(known, code, clock.now().wall, markOfPermanentCode);
      if ('code' in change) await write(change.code);
    },
  };
}
