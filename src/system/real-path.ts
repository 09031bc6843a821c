import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where a path leads once all links are followed; of what is not there yet, where it would be. */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return dirname(path) === path ? path : await realEntry(path);
  }
}

/** Where the entry itself lies that a write would replace: a link at the end of the path is not followed. */
export async function realEntry(path: string): Promise<string> {
  return join(await realPath(dirname(path)), basename(path));
}
