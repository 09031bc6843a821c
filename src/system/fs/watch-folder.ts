import { basename, dirname } from 'node:path';
import type { FSWatcher } from 'chokidar';
import { SECOND } from '../../core/time.ts';
import { isUnanswered, stat } from './files.ts';

/** A running watch on a folder. */
export interface FolderWatch {
  /** False once events can no longer be relied on; the caller must then poll. */
  works(): boolean;
  close(): Promise<void>;
}

/**
 * Delay (ms) after which each change is reported a second time, because chokidar drops what follows a change within
 * 50 ms.
 */
const REPEAT_DELAY = 150;

/** How long (ms) after the start chokidar is loaded, with `node:fs/promises`: a pod may be waiting for its first token. */
const LATER = 0.5 * SECOND;

/** How often (ms) the folder is tried again while its volume does not answer. */
const RETRY_DELAY = 5 * SECOND;

/**
 * Reports the name of every file that is created, replaced, removed or redirected directly in a folder, possibly more
 * than once. It watches the folder because a watch on a file stops working after one rename, and nothing else, because
 * a machine has few watches and a folder may hold thousands of files. Events may be late, duplicated or missing on
 * network volumes, and the system's inotify watches may be used up: a watch makes a reaction fast, but callers must not
 * rely on it.
 */
export function watchFolder(folder: string, changed: (name: string) => void): FolderWatch {
  let works = false;
  let closed = false;
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  const repeats = new Map<string, NodeJS.Timeout>();
  const report = (name: string) => {
    changed(name);
    clearTimeout(repeats.get(name));
    repeats.set(name, setTimeout(repeat, REPEAT_DELAY, name));
  };
  const repeat = (name: string) => {
    repeats.delete(name);
    changed(name);
  };

  /** The system looks the path up at once, on Node's main thread: a volume that hangs would stop the whole daemon. */
  async function start(): Promise<void> {
    const [error, { watch }] = await Promise.all([
      stat(folder).catch((reason: unknown) => reason),
      import('chokidar'),
    ]);
    if (closed) return;
    if (isUnanswered(error)) {
      timer = setTimeout(() => void start(), RETRY_DELAY).unref();
      return;
    }
    // The folder itself may not be there yet, and chokidar then waits for it in the one above.
    watcher = watch(folder, {
      depth: 0,
      ignoreInitial: true,
      ignorePermissionErrors: true,
      ignored: (path) => dirname(path) === folder,
    });
    works = true;
    watcher.on('raw', (_event, path, about) => {
      const { watchedPath } = about as { readonly watchedPath?: string };
      if (watchedPath === folder) report(basename(path ?? folder));
    });
    for (const event of ['addDir', 'unlinkDir'] as const) watcher.on(event, (path) => report(basename(path)));
    watcher.on('error', () => {
      works = false;
    });
  }

  timer = setTimeout(() => void start(), LATER).unref();
  return {
    works: () => works,
    async close() {
      closed = true;
      clearTimeout(timer);
      for (const pending of repeats.values()) clearTimeout(pending);
      await watcher?.close();
    },
  };
}
