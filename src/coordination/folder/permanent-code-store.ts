import { dirname } from 'node:path';
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
import { lstat } from '../../system/fs/files.ts';
import { changeMark, isSettled } from '../../system/fs/read-regular-file.ts';
import { type KeptFilesOptions, keptFiles } from './kept-files.ts';

/** Bytes. What is kept is less than a tenth of this. */
const LARGEST = 32 * 1024;

/** Most corps of one suite: the files of all are looked at every half minute. */
const MOST_CORPS = 2000;

/** What the names of the files of a suite's permanent codes begin with, after its record file. They never end by themselves. */
export function permanentCodesPath(record: string): string {
  return `${record}.permanent-code-`;
}

export interface PermanentCodeStoreOptions extends Pick<KeptFilesOptions<PermanentCode>, 'access' | 'warn'> {
  /** Of the suite. */
  readonly account: string;
  readonly clock: Clock;
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
  const files = keptFiles<PermanentCode>(path, {
    ...{ access, warn, largest: LARGEST },
    decode(text) {
      const [code] = decodePermanentCodes(text, account);
      if (!code) throw new Error('a damaged permanent code');
      return code;
    },
    encode: (code) => encodePermanentCodes([code], account),
  });
  /** What was read last of each file, with what the file was then. */
  let read = new Map<string, { readonly mark: string; readonly code: PermanentCode }>();

  async function readOne(file: string): Promise<PermanentCode | undefined> {
    // One that cannot be looked at is told of when it is read.
    const found = await lstat(file, { bigint: true }).catch(() => undefined);
    const known = read.get(file);
    if (found && known?.mark === changeMark(found)) return known.code;
    return await files.read(file, (code, { stat }) => {
      if (isSettled(stat, clock.now().wall)) read.set(file, { mark: changeMark(stat), code });
    });
  }

  async function readAll(): Promise<readonly PermanentCode[]> {
    const here = await files.list();
    // What cannot be read elsewhere is no reason to go without what is here.
    const others = await Promise.all(elsewhere.map((other) => files.list(other).catch(() => [])));
    const all = [...here, ...others.flat()];
    const found = await Promise.all(all.map(readOne));
    const there = new Set(all);
    read = new Map([...read].filter(([file]) => there.has(file)));
    return newestCodes(found.filter((code) => code !== undefined));
  }

  return {
    read: readAll,
    async checkRoom() {
      if ((await readAll()).length >= most) throw tooManyCorps(dirname(path), most);
    },
    async put(code) {
      const known = await readAll();
      const change = withPermanentCode(known, code, clock.now().wall, markOfPermanentCode);
      if ('code' in change) await files.write(files.fileOf(sha256(change.code.corpId)), change.code);
    },
  };
}
