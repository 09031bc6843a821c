import { basename } from 'node:path';
import { watch } from 'chokidar';

/** A running watch on a folder. */
export interface FolderWatch {
  /** False once events can no longer be relied on; the caller must then poll. */
  works(): boolean;
  close(): Promise<void>;
}

export interface FolderWatchOptions {
  /**
   * Whether the folder contains links to other folders. That a link has been redirected is only visible as a raw
   * event of the system.
   */
  readonly links?: boolean;
}

/**
 * Delay (ms) after which each change is reported a second time, because chokidar drops what follows a change within
 * 50 ms.
 */
const REPEAT_DELAY = 150;

/**
 * Reports the name of every file that is created, replaced or removed directly in a folder. It watches the folder
 * because a watch on a file stops working after one rename. Events may be late, duplicated or missing on network
 * volumes, and the system's inotify watches may be used up: a watch makes a reaction fast, but callers must not
 * rely on it.
 */
export function watchFolder(
  folder: string,
  changed: (name: string) => void,
  { links = false }: FolderWatchOptions = {},
): FolderWatch {
  let works = true;
  const repeats = new Map<string, NodeJS.Timeout>();
  const watcher = watch(folder, { depth: 0, ignoreInitial: true, ignorePermissionErrors: true });
  const report = (path: string) => {
    const name = basename(path);
    changed(name);
    clearTimeout(repeats.get(name));
    repeats.set(name, setTimeout(repeat, REPEAT_DELAY, name));
  };
  const repeat = (name: string) => {
    repeats.delete(name);
    changed(name);
  };
  for (const event of ['add', 'change', 'unlink', 'addDir', 'unlinkDir'] as const) watcher.on(event, report);
  if (links) watcher.on('raw', (_event, path) => report(path));
  watcher.on('error', () => {
    works = false;
  });
  return {
    works: () => works,
    close() {
      for (const timer of repeats.values()) clearTimeout(timer);
      return watcher.close();
    },
  };
}
