import type { BigIntStats } from 'node:fs';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';

/**
 * Reads one of the files that a configuration consists of.
 * @param largest size limit in bytes: a larger file is refused
 * @throws {Error} as {@link readRegularFile}
 */
export type ReadInput = (path: string, largest: number) => Promise<string>;

/** @param wasRead called with each file that was read, and with what it was before its content was read */
export function inputReader(wasRead: (path: string, stat: BigIntStats) => void = () => {}): ReadInput {
  return async (path, largest) => {
    // Files in Kubernetes volumes are symbolic links, which an update points to another file.
    const { text, stat } = await readRegularFile(path, largest, { followLinks: true });
    wasRead(path, stat);
    return text;
  };
}
