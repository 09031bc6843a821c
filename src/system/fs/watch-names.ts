import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FolderWatch } from './watch-folder.ts';

/**
 * Tells of every name in a folder under which something comes to be, is replaced or removed, perhaps more than once.
 * As {@link watchFolder}, for folders of thousands of files that are replaced all the time: chokidar holds a watch on
 * each file, and at every change it reads the folder again and asks for the state of each of them.
 *
 * A watch that could not be set up, or whose folder was removed, is set up again when it is asked whether it works. Of a
 * folder above that was replaced, or of something mounted over it, nothing tells: at each such question it is looked
 * whether the path still leads to what is watched, and the answer comes with the next one.
 */
export function watchNames(folder: string, changed: (name: string) => void): FolderWatch {
  const own = basename(folder);
  let watcher: FSWatcher | undefined;
  let closed = false;
  /** What the path led to when it was looked at last. */
  let seen: string | undefined;
  let looking = false;

  function stop(): void {
    watcher?.close();
    watcher = undefined;
    seen = undefined;
  }

  async function look(): Promise<void> {
    // On a volume that hangs each would take one of Node's few threads for ever.
    if (looking) return;
    looking = true;
    const watched = watcher;
    const found = await stat(folder).then(
      ({ dev, ino }) => `${dev}:${ino}`,
      () => 'nothing',
    );
    looking = false;
    if (watched !== watcher) return;
    seen ??= found;
    if (found !== seen) stop();
  }

  function start(): void {
    try {
      watcher = watch(folder, (_, name) => {
        // The folder itself was moved or removed, or a file of its name was changed.
        if (name === own) stop();
        else if (name !== null) changed(name);
      });
      watcher.on('error', stop);
      void look();
    } catch {
      // Not there, or no more watches are to be had.
    }
  }

  start();
  return {
    works() {
      if (watcher) {
        void look();
        return true;
      }
      if (!closed) start();
      // What came before is to be looked for.
      return false;
    },
    async close() {
      closed = true;
      stop();
    },
  };
}
