import type { BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { SECOND } from '../../core/time.ts';
import { beats } from '../time/beats.ts';
import { isUnanswered, realpath, stat } from './files.ts';
import { changeMark } from './read-regular-file.ts';
import { watchNames } from './watch-names.ts';

/** A running watch on files. */
export interface FilesWatch {
  close(): Promise<void>;
}

/** Polling interval (ms), for volumes that never send change events. */
const POLL_INTERVAL = 10 * SECOND;

/**
 * Quiet time (ms) before a change is reported: editors write in several steps and Kubernetes swaps many files at
 * once, which are one change each.
 */
const QUIET_TIME = 200;

/**
 * Reports when any of these files is changed, replaced, removed or created; changes that come together are reported
 * once. It compares the files that the paths lead to, because Kubernetes replaces a folder behind a link and
 * editors rename.
 */
export async function watchFiles(paths: readonly string[], changed: () => void): Promise<FilesWatch> {
  let known = await marksOf(paths);
  let comparing = false;
  let timer: NodeJS.Timeout | undefined;
  const onEvent = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void compare(), QUIET_TIME);
  };
  const folders = await foldersOf(paths);
  const watches = folders.map((folder) => watchNames(folder, onEvent));

  async function compare(): Promise<void> {
    // On a volume that hangs the question takes long, and another one would wait behind it.
    if (comparing) return;
    comparing = true;
    const found = await marksOf(paths, known);
    comparing = false;
    if (found === known) return;
    known = found;
    changed();
  }

  const endPolling = beats.every(POLL_INTERVAL, () => {
    // That sets a watch up again whose folder was replaced.
    for (const watch of watches) watch.works();
    void compare();
  });
  return {
    async close() {
      clearTimeout(timer);
      endPolling();
      await Promise.all(watches.map((watch) => watch.close()));
    },
  };
}

/**
 * Returns a text that differs when any of these files has changed: device, inode, size and times of each. Never
 * rejects.
 * @param before what this function returned for the same paths: of a file whose volume does not answer, it is not known
 *   whether it has changed, so its mark stays
 */
export async function marksOf(paths: readonly string[], before = ''): Promise<string> {
  const known = before.split(' ');
  const marks = await Promise.all(
    paths.map((path, index) =>
      stat(path, { bigint: true }).then(changeMark, (error) => (isUnanswered(error) && known[index]) || NONE),
    ),
  );
  return marks.join(' ');
}

/** The mark of a file that is not there. */
const NONE = 'none';

/** What files were when they were read. */
export interface ReadMarks {
  /**
   * Notes a file, or that there was none. Of one that is read more than once the first time counts: a change since then
   * shows.
   */
  note(path: string, stat: BigIntStats | undefined): void;
  /** Returns what {@link marksOf} returns while none of these files has changed since. A file that was never read has. */
  of(paths: readonly string[]): string;
}

export function createReadMarks(): ReadMarks {
  const marks = new Map<string, string>();
  return {
    note(path, stat) {
      if (!marks.has(path)) marks.set(path, stat ? changeMark(stat) : NONE);
    },
    of: (paths) => paths.map((path) => marks.get(path) ?? 'unread').join(' '),
  };
}

/**
 * The folders in which files change: those of the paths, and those that their links lead to at the start. Where a link
 * leads later is found by polling.
 */
async function foldersOf(paths: readonly string[]): Promise<readonly string[]> {
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => path)));
  return [...new Set([...paths, ...real].map((path) => dirname(path)))];
}
