import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';
import { stat } from './files.ts';
import type { FolderWatch } from './watch-folder.ts';

/**
 * Reports every name in a folder under which a file is created, replaced or removed, possibly more than once. It
 * replaces {@link watchFolder} for folders of which nothing is known: at every change chokidar reads the folder again and
 * stats each file, of thousands and even where another volume that hangs is mounted on one of them.
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
  let starting = false;
  /** Set up since the last call of `works`, so that the caller must look for earlier changes itself. */
  let isFresh = false;

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

  /** The system looks the path up at once, on Node's main thread: a volume that hangs would stop the whole daemon. */
  async function start(): Promise<void> {
    if (starting || closed) return;
    starting = true;
    const isThere = await stat(folder).then(
      () => true,
      () => false,
    );
    starting = false;
    if (!isThere || closed || watcher) return;
    try {
      watcher = watch(folder, (_, name) => {
        // The folder itself was moved or removed, or a file of the same name in it was changed.
        if (name === own) stop();
        else if (name !== null) changed(name);
      });
      watcher.on('error', stop);
      isFresh = true;
      void check();
    } catch {
      // The system has no more watches to give.
    }
  }

  void start();
  return {
    works() {
      if (!watcher) {
        void start();
        return false;
      }
      void check();
      const wasFresh = isFresh;
      isFresh = false;
      return !wasFresh;
    },
    async close() {
      closed = true;
      stop();
    },
  };
}
