import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FolderWatch } from './watch-folder.ts';

/**
 * Reports every name in a folder under which a file is created, replaced or removed, possibly more than once. It
 * replaces {@link watchFolder} for folders of thousands of files that are replaced all the time: chokidar holds a
 * watch on each file and, at every change, reads the folder again and stats each of them.
 *
 * Each call of `works()` repairs the watch: it sets up again one that failed or whose folder was removed. No event
 * tells that a parent folder was replaced or that something was mounted over the folder, so each call also checks
 * whether the path still leads to the watched folder; the result shows in the next call.
 */
export function watchNames(folder: string, changed: (name: string) => void): FolderWatch {
  const own = basename(folder);
  let watcher: FSWatcher | undefined;
  let closed = false;
  /** Device and inode that the path led to at the last check. */
  let lastSeen: string | undefined;
  let checking = false;

  function stop(): void {
    watcher?.close();
    watcher = undefined;
    lastSeen = undefined;
  }

  async function check(): Promise<void> {
    // On a volume that hangs, each further check would occupy one of Node's few threads for ever.
    if (checking) return;
    checking = true;
    const watched = watcher;
    const found = await stat(folder).then(
      ({ dev, ino }) => `${dev}:${ino}`,
      () => 'nothing',
    );
    checking = false;
    if (watched !== watcher) return;
    lastSeen ??= found;
    if (found !== lastSeen) stop();
  }

  function start(): void {
    try {
      watcher = watch(folder, (_, name) => {
        // The folder itself was moved or removed, or a file of the same name in it was changed.
        if (name === own) stop();
        else if (name !== null) changed(name);
      });
      watcher.on('error', stop);
      void check();
    } catch {
      // The folder does not exist, or the system has no more watches to give.
    }
  }

  start();
  return {
    works() {
      if (watcher) {
        void check();
        return true;
      }
      if (!closed) start();
      // The watch has only just been set up, so the caller must look for earlier changes itself.
      return false;
    },
    async close() {
      closed = true;
      stop();
    },
  };
}
