import type { BigIntStats } from 'node:fs';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';

/**
 * Reads one of the files that a configuration consists of.
 * @param largest size limit in bytes: a larger file is refused
 * @throws {Error} as {@link readRegularFile}
 */
export type ReadInput = (path: string, largest: number) => Promise<string>;

/** Called with a file that was read, and with what it was before its content was read; undefined: there was none. */
export type WasRead = (path: string, stat: BigIntStats | undefined) => void;

export function inputReader(wasRead: WasRead = () => {}): ReadInput {
  return async (path, largest) => {
    // Files in Kubernetes volumes are symbolic links, which an update points to another file.
    const reading = readRegularFile(path, largest, { followLinks: true });
    const { text, stat } = await reading.catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') wasRead(path, undefined);
      throw error;
    });
    wasRead(path, stat);
    return text;
  };
}
