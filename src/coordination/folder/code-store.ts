import { basename, dirname, join } from 'node:path';
import { decodePushedCodes, encodePushedCodes } from '../../codec/pushed-codes.ts';
import type { Clock, CodeStore } from '../../core/ports.ts';
import { isRemembered, MOST_CODES, type PushedCode, tooManyCodes } from '../../core/pushed-code.ts';
import { without } from '../../core/without.ts';
import { type Attributes, writeAtomically } from '../../system/fs/atomic-write.ts';
import { fileFailure } from '../../system/fs/file-failure.ts';
import { isUnanswered, readdir, unlink } from '../../system/fs/files.ts';
import { type Access, makeFolderFor } from '../../system/fs/make-folder.ts';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';
import { checkWriter } from '../../system/fs/trusted-writer.ts';

/** Bytes. What is kept is less than a tenth of this. */
const LARGEST = 16 * 1024;

/** So many digits of a mark tell two codes apart. */
const DIGITS = 32;

/** What the names of the files of a third party's codes begin with, after its record file. */
export function codesPath(record: string): string {
  return `${record}.code-`;
}

export interface CodeFilesOptions {
  /** Of the third party. */
  readonly account: string;
  readonly clock: Clock;
  /** Who may use the folder: decides the mode and group of the files. */
  readonly access: Access;
  /** Called once for each reason why what is kept cannot be used; it then counts as absent. */
  readonly warn: (message: string) => void;
}

/**
 * Keeps each code in a file of its own, whose name begins with `path`: so daemons that are pushed codes at one moment do not
 * write over each other, without a lock.
 */
export function codeFiles(path: string, { account, clock, access, warn }: CodeFilesOptions): CodeStore {
  const attributes: Attributes = {
    mode: access.mode & 0o660,
    ...(access.gid !== undefined && { gid: access.gid }),
  };
  const folder = dirname(path);
  const fileOf = (mark: string) => `${path}${mark.slice(0, DIGITS)}`;
  let complained: string | undefined;

  async function readOne(file: string): Promise<PushedCode | undefined> {
    try {
      const found = await readRegularFile(file, LARGEST);
      await checkWriter(file, found.stat, access.gid);
      return decodePushedCodes(found.text, account)[0];
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      if (isUnanswered(error)) throw fileFailure('read', file, error);
      if (message !== complained) warn(`ignoring ${file}: ${message}`);
      complained = message;
      return undefined;
    }
  }

  async function names(): Promise<readonly string[]> {
    try {
      return (await readdir(folder)).filter(
        (name) => name.startsWith(basename(path)) && /^[0-9a-f]+$/.test(name.slice(basename(path).length)),
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw fileFailure('read', folder, error);
    }
  }

  async function read(): Promise<readonly PushedCode[]> {
    const found = await Promise.all(
      (await names()).map(async (name) => ({
        file: join(folder, name),
        code: await readOne(join(folder, name)),
      })),
    );
    const now = clock.now().wall;
    const old = found.filter(({ code }) => code && !isRemembered(code, now));
    await Promise.all(old.map(({ file }) => unlink(file).catch(() => {})));
    return found.flatMap(({ code }) => (code && isRemembered(code, now) ? [code] : []));
  }

  async function write(code: PushedCode): Promise<void> {
    const file = fileOf(code.mark);
    const once = () => writeAtomically(file, encodePushedCodes([code], account), attributes);
    try {
      await once().catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        await makeFolderFor(folder, access);
        await once();
      });
    } catch (error) {
      throw fileFailure('write', file, error);
    }
  }

  return {
    read,
    async put(code) {
      if (await readOne(fileOf(code.mark))) return 'known';
      if ((await names()).length >= MOST_CODES) {
        const waiting = (await read()).filter(({ value }) => value);
        if (waiting.length >= MOST_CODES) throw tooManyCodes(folder);
      }
      await write(code);
      return 'kept';
    },
    async settle(mark) {
      const known = await readOne(fileOf(mark));
      if (!known?.value) return;
      await write(without(known, 'value'));
    },
  };
}
