import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SECOND } from '../../core/time.ts';
import { watchFolder } from './watch-folder.ts';

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
  let timer: NodeJS.Timeout | undefined;
  const onEvent = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void compare(), QUIET_TIME);
  };
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  const watches = folders.map((folder) => watchFolder(folder, onEvent, { links: true }));

  async function compare(): Promise<void> {
    const found = await marksOf(paths);
    if (found === known) return;
    known = found;
    changed();
  }

  const poll = setInterval(() => void compare(), POLL_INTERVAL).unref();
  return {
    async close() {
      clearTimeout(timer);
      clearInterval(poll);
      await Promise.all(watches.map((watch) => watch.close()));
    },
  };
}

/**
 * Returns a text that differs when any of these files has changed: device, inode, size and times of each. Never
 * rejects.
 */
export async function marksOf(paths: readonly string[]): Promise<string> {
  const marks = await Promise.all(
    paths.map((path) =>
      stat(path, { bigint: true }).then(
        ({ dev, ino, size, mtimeNs, ctimeNs }) => `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`,
        () => 'none',
      ),
    ),
  );
  return marks.join(' ');
}
