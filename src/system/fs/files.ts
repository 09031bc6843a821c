/**
 * The calls of `node:fs` that the program uses, as promises, each in its turn on its volume, so that a volume that hangs
 * takes no more of Node's threads than its share. Everything that touches a configured path comes here: a call that
 * goes past it can take all of them.
 * @throws {NodeJS.ErrnoException} the file system's error, or `ETIMEDOUT` when the volume hangs; see `volumes.ts`
 */

import type { BigIntStats, PathLike, StatOptions, Stats } from 'node:fs';
import * as now from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { beats } from '../time/beats.ts';
import { systemClock } from '../time/clock.ts';
import { readMountTable } from './mounts.ts';
import { createSharedSyncs } from './shared-syncs.ts';
import { createVolumes, isExact } from './volumes.ts';

export { constants } from 'node:fs';
export { isUnanswered } from './turns.ts';

/**
 * What goes to a thread. `node:fs/promises` has the same; it takes 2 ms to load, before the first token, and its calls on an
 * open file cost half as much again.
 */
const fs = {
  access: promisify(now.access),
  chmod: promisify(now.chmod),
  chown: promisify(now.chown),
  close: promisify(now.close),
  fchmod: promisify(now.fchmod),
  fchown: promisify(now.fchown),
  fstat: promisify(now.fstat),
  fsync: promisify(now.fsync),
  lstat: promisify(now.lstat),
  lutimes: promisify(now.lutimes),
  mkdir: promisify(now.mkdir),
  open: promisify(now.open),
  opendir: promisify(now.opendir),
  read: promisify(now.read),
  readdir: promisify(now.readdir),
  readFile: promisify(now.readFile),
  readlink: promisify(now.readlink),
  // The other one asks for each part of the path by itself.
  realpath: promisify(now.realpath.native),
  rename: promisify(now.rename),
  rmdir: promisify(now.rmdir),
  stat: promisify(now.stat),
  statfs: promisify(now.statfs),
  symlink: promisify(now.symlink),
  unlink: promisify(now.unlink),
  writeFile: promisify(now.writeFile),
};

/** The volumes of this process, whose threads they share. */
export const volumes = createVolumes({
  clock: systemClock,
  beats,
  mountTable: readMountTable,
  probe: (path) => fs.statfs(path),
});

const shareSync = createSharedSyncs();

type Call = (path: PathLike, ...rest: readonly unknown[]) => Promise<unknown>;
type Direct = (path: PathLike, ...rest: readonly unknown[]) => unknown;

/** Names the path of a call. Bytes that are not text name the same folder all the same. */
function nameOf(path: PathLike): string {
  if (isItsName(path)) return path;
  return resolve(Buffer.isBuffer(path) ? path.toString('latin1') : String(path));
}

/** Whether a path leads where its name says: of bytes that are not text nothing is known. */
function isItsName(path: PathLike): path is string {
  return typeof path === 'string' && isExact(path);
}

/** Asks `look`, which follows no link, and only where it has found one `follow`: else that would be another question. */
function unlessLink(look: typeof fs.lstat, follow: typeof fs.stat): typeof fs.stat {
  const ask: Call = (path, ...rest) => {
    if (volumes.knows(nameOf(path))) return (follow as Call)(path, ...rest);
    const found = (look as Call)(path, ...rest) as Promise<Stats>;
    return found.then((one) => (one.isSymbolicLink() ? (follow as Call)(path, ...rest) : one));
  };
  return ask as typeof fs.stat;
}

/**
 * @param follows whether the call follows a link at the end of its path
 * @param atOnce the same call without a thread, for a path in memory; absent: it may wait for something else. A path that may
 *   lead elsewhere than its name says is asked in a thread
 */
function guarded<F>(call: F, follows: boolean, atOnce?: (path: never, ...rest: never[]) => unknown): F {
  const ask = (path: PathLike, ...rest: readonly unknown[]) => {
    const name = nameOf(path);
    return volumes.ask(name, () => (call as Call)(path, ...rest), {
      follows,
      ...(atOnce && isItsName(path) && { atOnce: () => (atOnce as Direct)(path, ...rest) }),
    });
  };
  return ask as F;
}

/** Most paths end in no link: then this is one question, and else the link is followed. */
export const stat = unlessLink(guarded(fs.lstat, false, now.lstatSync), guarded(fs.stat, true, now.statSync));
export const access = guarded(fs.access, true, now.accessSync);
export const realpath = guarded(fs.realpath, true, now.realpathSync.native);
export const readFile = guarded(fs.readFile, true);
export const lstat = guarded(fs.lstat, false, now.lstatSync);
export const readlink = guarded(fs.readlink, false, now.readlinkSync);
export const readdir = guarded(fs.readdir, true);
export const unlink = guarded(fs.unlink, false, now.unlinkSync);
export const mkdir = guarded(fs.mkdir, false, now.mkdirSync);
/** Creates a link at the second path: in its turn on the volume of the link. */
export function symlink(target: string, path: string): Promise<void> {
  return volumes.ask(nameOf(path), () => fs.symlink(target, path));
}
export const rmdir = guarded(fs.rmdir, false, now.rmdirSync);
export const chmod = guarded(fs.chmod, true, now.chmodSync);
export const chown = guarded(fs.chown, true, now.chownSync);
export const lutimes = guarded(fs.lutimes, false, now.lutimesSync);
/** Within one folder: in its turn on the volume of the old name. */
export const rename = guarded(fs.rename, false, now.renameSync);

/**
 * What a file is now, without waiting; undefined where that cannot be known without, as on every disk, and where nothing
 * is there. For thousands of looks one after the other, each of which costs a promise elsewhere.
 */
export function glanceAt(path: string, follows = false): now.BigIntStats | undefined {
  if (!volumes.isAtOnce(path, follows)) return undefined;
  try {
    const look = follows ? now.statSync : now.lstatSync;
    return look(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** What the program does with an open file. */
export interface FileHandle {
  stat(): Promise<Stats>;
  stat(options: { readonly bigint: true }): Promise<BigIntStats>;
  /** Reads from where the last read ended. */
  read(buffer: Buffer): Promise<{ readonly buffer: Buffer; readonly bytesRead: number }>;
  writeFile(content: string | Uint8Array): Promise<void>;
  chown(uid: number, gid: number): Promise<void>;
  chmod(mode: number): Promise<void>;
  /** Of a folder on this machine, one sync serves all who ask before it begins. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file. What is done with the handle goes in its turn as well; `close` never fails, and waits for a volume on a network
 * alone, while it answers.
 */
export async function open(path: PathLike, flags: number, mode?: number): Promise<FileHandle> {
  const name = nameOf(path);
  const isPlain = isItsName(path);
  const ask = (all: number, follows: boolean) =>
    volumes.ask<FileHandle>(
      name,
      async () => inTurn({ name, isPlain, follows }, await fs.open(path, all, mode), all),
      {
        follows,
        late: (late) => late.close(),
        // The other end of a pipe may be nobody.
        ...(isPlain && {
          atOnce: () => atOnce(now.openSync(path, all | now.constants.O_NONBLOCK, mode)),
        }),
      },
    );
  const { O_NOFOLLOW } = now.constants;
  if ((flags & O_NOFOLLOW) !== 0) return ask(flags, false);
  if (volumes.knows(name)) return ask(flags, true);
  // Most paths end in no link: where this one leads is asked only when it does.
  return ask(flags | O_NOFOLLOW, false).catch((error: unknown) => {
    if (!isLink(error)) throw error;
    return ask(flags, true);
  });
}

/** How a file was opened. */
interface Opened {
  readonly name: string;
  /** Whether it was opened by its name: another path may lead elsewhere. */
  readonly isPlain: boolean;
  /** Whether a link at the end of the name was followed. */
  readonly follows: boolean;
}

/** The handle of which every call that may wait for a volume goes in its turn on the volume of the file. */
function inTurn({ name, isPlain, follows }: Opened, fd: number, flags: number): FileHandle {
  const { O_WRONLY, O_RDWR, O_DIRECTORY } = now.constants;
  const mayWrite = (flags & (O_WRONLY | O_RDWR)) !== 0;
  const isFolder = (flags & O_DIRECTORY) !== 0;
  const ask = <T>(work: () => Promise<T>) => volumes.ask(name, work, { follows });
  const isNear = () => isPlain && volumes.isNear(name, follows);
  let isOpen = true;
  const handle = {
    // What a disk of this machine holds is at hand while it is open.
    stat: async (options?: StatOptions) =>
      isNear() ? now.fstatSync(fd, options) : ask(() => fs.fstat(fd, options)),
    read: (buffer: Buffer) => ask(() => fs.read(fd, buffer, 0, buffer.length, null)),
    writeFile: (content: string | Uint8Array) => ask(() => fs.writeFile(fd, content)),
    chown: (uid: number, gid: number) => ask(() => fs.fchown(fd, uid, gid)),
    chmod: (mode: number) => ask(() => fs.fchmod(fd, mode)),
    async sync() {
      const sync = () => fs.fsync(fd);
      if (!isFolder || !isNear()) return ask(sync);
      const { dev, ino } = now.fstatSync(fd, { bigint: true });
      return shareSync(`${dev}:${ino}`, ask, sync);
    },
    async close() {
      // By now the number may be that of another file.
      if (!isOpen) return;
      isOpen = false;
      const near = isNear();
      // Nothing is left to be done with what was only read.
      if (near && !mayWrite) return now.closeSync(fd);
      // What is done under the name need not wait for it.
      const closed = volumes.askLater(name, () => fs.close(fd), {
        ...{ follows, turn: `${name} (closing ${fd})` },
      });
      if (!near) await closed;
    },
  };
  return handle as FileHandle;
}

/** The handle of a file in memory. */
function atOnce(fd: number): FileHandle {
  let isOpen = true;
  const handle = {
    stat: async (options?: StatOptions) => now.fstatSync(fd, options),
    read: async (buffer: Buffer) => ({ buffer, bytesRead: now.readSync(fd, buffer) }),
    writeFile: async (content: string | Uint8Array) => now.writeFileSync(fd, content),
    chown: async (uid: number, gid: number) => now.fchownSync(fd, uid, gid),
    chmod: async (mode: number) => now.fchmodSync(fd, mode),
    sync: async () => now.fsyncSync(fd),
    async close() {
      // By now the number may be that of another file.
      if (isOpen) now.closeSync(fd);
      isOpen = false;
    },
  };
  return handle as FileHandle;
}

/** The names in a folder, in the order of the file system, without reading all of it. */
export async function* namesIn(folder: string): AsyncGenerator<{ name: string; isDirectory(): boolean }> {
  const opened = await volumes.ask(folder, () => fs.opendir(folder, { encoding: 'latin1' }), {
    follows: true,
    late: (late) => late.close(),
  });
  try {
    for (;;) {
      const entry = await volumes.ask(folder, () => opened.read(), { follows: true });
      if (!entry) return;
      yield entry;
    }
  } finally {
    await volumes.askLater(folder, () => opened.close());
  }
}

/** Whether an error of `open` may be for a link that was not to be followed. With `O_DIRECTORY` it is no folder. */
function isLink(error: unknown): boolean {
  return ['ELOOP', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
