import { basename } from 'node:path';
import { watch } from 'chokidar';

export interface FolderWatch {
  /** False once events can no longer be relied on; whoever watches must look by itself then. */
  works(): boolean;
  close(): Promise<void>;
}

export interface FolderWatchOptions {
  /** Whether links to other folders lie there: that one leads elsewhere now is no event but of the system itself. */
  readonly links?: boolean;
}

/** chokidar drops what follows a change within 50 ms, so everything is told again a little later, in ms. */
const ECHO = 150;

/**
 * Tells of every file that is created, replaced or removed directly in a folder. It is the folder that is watched: a
 * watch on a file goes deaf after one rename. Events may be late, doubled or missing on network volumes, and inotify
 * watches may be used up: a watch makes things quick, never right.
 */
export function watchFolder(
  folder: string,
  changed: (name: string) => void,
  { links = false }: FolderWatchOptions = {},
): FolderWatch {
  let works = true;
  const echoes = new Map<string, NodeJS.Timeout>();
  const watcher = watch(folder, { depth: 0, ignoreInitial: true, ignorePermissionErrors: true });
  const tell = (path: string) => {
    const name = basename(path);
    changed(name);
    clearTimeout(echoes.get(name));
    echoes.set(name, setTimeout(echo, ECHO, name));
  };
  const echo = (name: string) => {
    echoes.delete(name);
    changed(name);
  };
  for (const event of ['add', 'change', 'unlink', 'addDir', 'unlinkDir'] as const) watcher.on(event, tell);
  if (links) watcher.on('raw', (_event, path) => tell(path));
  watcher.on('error', () => {
    works = false;
  });
  return {
    works: () => works,
    close() {
      for (const timer of echoes.values()) clearTimeout(timer);
      return watcher.close();
    },
  };
}
