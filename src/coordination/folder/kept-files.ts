import { basename, dirname, join } from 'node:path';
import { type Attributes, writeAtomically } from '../../system/fs/atomic-write.ts';
import { fileFailure } from '../../system/fs/file-failure.ts';
import { isUnanswered, readdir } from '../../system/fs/files.ts';
import { type Access, makeFolderFor } from '../../system/fs/make-folder.ts';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';
import { checkWriter } from '../../system/fs/trusted-writer.ts';

/** So many digits of a hash tell two files apart. */
const DIGITS = 32;

export interface KeptFilesOptions<T> {
  /** Who may use the folder: decides the mode and group of the files. */
  readonly access: Access;
  /** Called once for each reason why what is kept cannot be used; it then counts as absent. */
  readonly warn: (message: string) => void;
  /** Bytes. */
  readonly largest: number;
  /** @throws {Error} why the text is none that {@link KeptFilesOptions.encode} has made */
  readonly decode: (text: string) => T;
  readonly encode: (value: T) => string;
}

/** What was read of a file. */
export type FoundFile = Awaited<ReturnType<typeof readRegularFile>>;

/** Small files beside a record, of which each keeps one thing: so daemons that keep something at one moment do not write over each other, without a lock. */
export interface KeptFiles<T> {
  /** The file of what has this hash, in hex. */
  readonly fileOf: (hash: string) => string;
  /**
   * The files that are there.
   * @param prefix what their names begin with where they are in another folder
   * @throws {EdgeError} when the folder cannot be listed
   */
  list(prefix?: string): Promise<readonly string[]>;
  /**
   * What a file keeps; undefined where it is not there, or cannot be used.
   * @param known told what was read, and what the file was then
   * @throws {EdgeError} when the volume does not answer
   */
  read(file: string, known?: (value: T, found: FoundFile) => void): Promise<T | undefined>;
  /** @throws {EdgeError} when it cannot be written */
  write(file: string, value: T): Promise<void>;
}

/** @param path what the names begin with */
export function keptFiles<T>(
  path: string,
  { access, warn, largest, decode, encode }: KeptFilesOptions<T>,
): KeptFiles<T> {
  const attributes: Attributes = {
    mode: access.mode & 0o660,
    ...(access.gid !== undefined && { gid: access.gid }),
  };
  let complained: string | undefined;

  return {
    fileOf: (hash) => `${path}${hash.slice(0, DIGITS)}`,
    async list(prefix = path) {
      const [folder, start] = [dirname(prefix), basename(prefix)];
      try {
        return (await readdir(folder))
          .filter((name) => name.startsWith(start) && /^[0-9a-f]+$/.test(name.slice(start.length)))
          .map((name) => join(folder, name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw fileFailure('read', folder, error);
      }
    },
    async read(file, known) {
      try {
        const found = await readRegularFile(file, largest);
        await checkWriter(file, found.stat, access.gid);
        const value = decode(found.text);
        known?.(value, found);
        return value;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT') return undefined;
        if (isUnanswered(error)) throw fileFailure('read', file, error);
        if (message !== complained) warn(`ignoring ${file}: ${message}`);
        complained = message;
        return undefined;
      }
    },
    async write(file, value) {
      const once = () => writeAtomically(file, encode(value), attributes);
      try {
        await once().catch(async (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
          await makeFolderFor(dirname(path), access);
          await once();
        });
      } catch (error) {
        throw fileFailure('write', file, error);
      }
    },
  };
}
