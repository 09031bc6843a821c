/**
 * The calls of `node:fs/promises` that the program uses, each in its turn on its volume, so that a volume that hangs
 * takes no more of Node's threads than its share. Everything that touches a configured path comes here: a call that
 * goes past it can take all of them.
 * @throws {NodeJS.ErrnoException} the file system's error, or `ETIMEDOUT` when the volume hangs; see `volumes.ts`
 */
import type { PathLike } from 'node:fs';
import * as fs from 'node:fs/promises';
import { resolve } from 'node:path';
import { systemClock } from '../time/clock.ts';
import { readMountTable } from './mounts.ts';
import { createVolumes } from './volumes.ts';

export { constants, type FileHandle } from 'node:fs/promises';
export { isUnanswered } from './volumes.ts';

/** The volumes of this process, whose threads they share. */
export const volumes = createVolumes({
  clock: systemClock,
  mountTable: readMountTable,
  probe: (path) => fs.statfs(path),
});

type Call = (path: PathLike, ...rest: readonly unknown[]) => Promise<unknown>;

/** Names the path of a call. Bytes that are not text name the same folder all the same. */
function nameOf(path: PathLike): string {
  return resolve(Buffer.isBuffer(path) ? path.toString('latin1') : String(path));
}

/** @param follows whether the call follows a link at the end of its path */
function guarded<F>(call: F, follows: boolean): F {
  const ask = (path: PathLike, ...rest: readonly unknown[]) =>
    volumes.ask(nameOf(path), () => (call as Call)(path, ...rest), follows);
  return ask as F;
}

export const stat = guarded(fs.stat, true);
export const access = guarded(fs.access, true);
export const realpath = guarded(fs.realpath, true);
export const readFile = guarded(fs.readFile, true);
export const lstat = guarded(fs.lstat, false);
export const readlink = guarded(fs.readlink, false);
export const readdir = guarded(fs.readdir, true);
export const unlink = guarded(fs.unlink, false);
export const mkdir = guarded(fs.mkdir, false);
/** Creates a link at the second path: in its turn on the volume of the link. */
export function symlink(target: string, path: string): Promise<void> {
  return volumes.ask(nameOf(path), () => fs.symlink(target, path), false);
}
export const rmdir = guarded(fs.rmdir, false);
export const chmod = guarded(fs.chmod, true);
export const chown = guarded(fs.chown, true);
export const utimes = guarded(fs.utimes, true);
/** Within one folder: in its turn on the volume of the old name. */
export const rename = guarded(fs.rename, false);

/** Opens a file. What is done with the handle goes in its turn as well; `close` never fails and never waits for a volume. */
export async function open(path: PathLike, flags: number, mode?: number): Promise<fs.FileHandle> {
  const name = nameOf(path);
  const follows = (flags & fs.constants.O_NOFOLLOW) === 0;
  const handle = await volumes.ask(
    name,
    () => fs.open(path, flags, mode),
    follows,
    (late) => late.close(),
  );
  return new Proxy(handle, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key === 'close') return () => volumes.askLater(name, () => target.close());
      return (...rest: readonly unknown[]) =>
        volumes.ask(name, () => Promise.resolve(Reflect.apply(value, target, rest)));
    },
  });
}

/** The names in a folder, in the order of the file system, without reading all of it. */
export async function* namesIn(folder: string): AsyncGenerator<{ name: string; isDirectory(): boolean }> {
  const opened = await volumes.ask(
    folder,
    () => fs.opendir(folder, { encoding: 'latin1' }),
    true,
    (late) => late.close(),
  );
  try {
    for (;;) {
      const entry = await volumes.ask(folder, () => opened.read(), true);
      if (!entry) return;
      yield entry;
    }
  } finally {
    await volumes.askLater(folder, () => opened.close());
  }
}
