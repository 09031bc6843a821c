import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SECOND } from '../../core/time.ts';
import { watchFolder } from './watch-folder.ts';

export interface FilesWatch {
  close(): Promise<void>;
}

/** The net for volumes where events never come, ms. */
const LOOK_AGAIN = 10 * SECOND;

/** An editor writes in several steps, and Kubernetes swaps many files at once: they are one change, ms. */
const SETTLED = 200;

/**
 * Tells when any of these files has been changed, replaced, removed or created, once for all that came together. What
 * counts is what is found behind the path: Kubernetes replaces a folder behind a link, editors rename.
 */
export async function watchFiles(paths: readonly string[], changed: () => void): Promise<FilesWatch> {
  let known = await marksOf(paths);
  let timer: NodeJS.Timeout | undefined;
  const stirred = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), SETTLED);
  };
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  const watches = folders.map((folder) => watchFolder(folder, stirred, { links: true }));

  async function look(): Promise<void> {
    const found = await marksOf(paths);
    if (found === known) return;
    known = found;
    changed();
  }

  const net = setInterval(() => void look(), LOOK_AGAIN).unref();
  return {
    async close() {
      clearTimeout(timer);
      clearInterval(net);
      await Promise.all(watches.map((watch) => watch.close()));
    },
  };
}

/** Tells one state of these files from another. */
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
