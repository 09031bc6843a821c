import type { BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { markOfPermanentCode } from '../../codec/permanent-codes.ts';
import { CORP_ID, codeFileOf, type PermanentCode } from '../../core/permanent-code.ts';
import { Secret } from '../../core/secret.ts';
import { en, type Text, zh } from '../../core/text.ts';
import { sweepNowAndThen, writeAtomically } from '../../system/fs/atomic-write.ts';
import { fileProblem } from '../../system/fs/file-failure.ts';
import { lstat } from '../../system/fs/files.ts';
import { makeFolderFor } from '../../system/fs/make-folder.ts';
import { changeMark, readRegularFile } from '../../system/fs/read-regular-file.ts';

/** Bytes. What this program writes there is less than a tenth of it. */
const LARGEST = 16 * 1024;

/** For the owner alone: whoever has the code has the corp's token. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

export interface PermanentCodeFilesOptions {
  /** The path of each corp's file, with `{corpId}` in it. */
  readonly template: string;
  /** Called when a file has been written. */
  readonly written: (path: string, corpId: string) => void;
  /** Called once for each reason why a file is not as it should be. */
  readonly warn: (message: Text, corpId: string) => void;
}

/** The files in which the secret of each corp is read. */
export interface PermanentCodeFiles {
  /** Makes the folder, so that a file that appears in it is seen at once. Never rejects: what is wrong is told with the first file. */
  prepare(): Promise<void>;
  /**
   * Writes each file that is missing or older than what is kept. One that somebody has changed later stays.
   * @returns whether all of them hold what they should
   */
  place(
    codes: readonly Pick<PermanentCode, 'corpId' | 'value' | 'exchangedAt' | 'former'>[],
  ): Promise<boolean>;
}

export function permanentCodeFiles({
  template,
  written,
  warn,
}: PermanentCodeFilesOptions): PermanentCodeFiles {
  /** What files were when they were found in order, with the code that was to be there. */
  const inOrder = new Map<string, string>();
  const told = new Map<string, string>();

  function tell(path: string, corpId: string, message: Text): void {
    if (told.get(path) === message.en) return;
    told.set(path, message.en);
    warn(message, corpId);
  }

  async function placeOne(code: Parameters<PermanentCodeFiles['place']>[0][number]): Promise<boolean> {
    const { corpId, value } = code;
    const path = codeFileOf(template, corpId);
    try {
      const found = await lookAt(path);
      const mark = `${found ? changeMark(found) : ''} ${markOfPermanentCode(value)}`;
      if (found && inOrder.get(path) === mark) return true;
      const verdict = found ? await judge(path, found, code) : 'old';
      if (verdict === 'same') {
        inOrder.set(path, mark);
        told.delete(path);
        return true;
      }
      if (verdict !== 'old') {
        tell(path, corpId, verdict);
        return false;
      }
      if (!(await write(path, value, found))) return false;
      told.delete(path);
      written(path, corpId);
      return true;
    } catch (error) {
      tell(path, corpId, fileProblem('write', path, error));
      return false;
    }
  }

  return {
    async prepare() {
      const folder = dirname(template);
      if (!folder.includes(CORP_ID)) await makeFolderFor(folder, { mode: FOLDER_MODE }).catch(() => {});
    },
    async place(codes) {
      const outcomes: boolean[] = [];
      for (const code of codes) outcomes.push(await placeOne(code));
      return outcomes.every((isPlaced) => isPlaced);
    },
  };
}

async function lookAt(path: string): Promise<BigIntStats | undefined> {
  return await lstat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** @returns `old` where what is kept is to take its place; a text where it stays, and why */
async function judge(
  path: string,
  found: BigIntStats,
  { value, exchangedAt, former }: Pick<PermanentCode, 'value' | 'exchangedAt' | 'former'>,
): Promise<'same' | 'old' | Text> {
  const { text } = await readRegularFile(path, LARGEST, { followLinks: true });
  const content = new Secret(text.replace(/^\ufeff/, '').trim());
  if (content.equals(value)) return 'same';
  if (found.isSymbolicLink())
    return {
      en: `${path} is a link and holds another permanent code than the one that was exchanged last: it is left alone`,
      zh: `${path} 是符号链接，内容不是最近换取的永久授权码：保持原样`,
    };
  const isFormer = former.includes(markOfPermanentCode(content));
  if (text.trim() === '' || isFormer || Number(found.mtimeMs) < exchangedAt) return 'old';
  return {
    en: en`${path} was changed after the permanent code was exchanged: it is left alone; remove it, and the code is written there`,
    zh: zh`${path} 在换取永久授权码之后被改过：保持原样；删除它，守护进程就会写入换取到的永久授权码`,
  };
}

/** @param found what is to be replaced: if it is another one by now, nothing is. @returns whether it was written */
async function write(path: string, value: Secret, found: BigIntStats | undefined): Promise<boolean> {
  const folder = dirname(path);
  const before = found && changeMark(found);
  async function once(): Promise<boolean> {
    return await writeAtomically(path, value.reveal(), { mode: FILE_MODE, isRequired: false }, async () => {
      const now = await lookAt(path);
      return (now && changeMark(now)) === before;
    });
  }
  const isWritten = await once().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await makeFolderFor(folder, { mode: FOLDER_MODE });
    return await once();
  });
  await sweepNowAndThen(folder);
  return isWritten;
}
