import { join } from 'node:path';
import type { Clock, TakeTurn } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import { TURN_AGAIN, TURN_LIFE, TURNS } from '../../core/turns.ts';
import { fileFailure } from '../../system/fs/file-failure.ts';
import { constants, lstat, open, unlink } from '../../system/fs/files.ts';
import { type Access, makeFolderFor } from '../../system/fs/make-folder.ts';

/** The folder's name within the state folder. */
const FOLDER = 'turns';

/** Whoever took a turn gives it back after {@link TURN_LIFE}. One that is there for so long was left by a killed daemon, ms. */
const ABANDONED = 5 * SECOND;

/**
 * The turns of all daemons of one state folder: an empty file each, which whoever creates it has and removes after
 * {@link TURN_LIFE}. Only durations are measured, each by one machine, so clocks that differ do no harm. A killed daemon's
 * files stay for a few seconds, which keeps its successor from making as many calls again in the same second.
 */
export function folderTurns(stateDir: string, access: Access, clock: Clock): TakeTurn {
  const folder = join(stateDir, FOLDER);
  /** The files of others, by path: as they were when first seen so, and since when; monotonic ms. */
  const seen = new Map<string, { readonly mark: string; readonly since: number }>();
  /** The one that was taken longest ago is free first. */
  let first = 0;

  async function create(path: string): Promise<boolean> {
    const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
    try {
      const file = await open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, access.mode & 0o660);
      await file.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
    seen.delete(path);
    // It keeps no process alive: the next daemon finds what is left.
    setTimeout(() => void unlink(path).catch(() => {}), TURN_LIFE).unref();
    return true;
  }

  /** Of two that find one abandoned at the same moment the second may remove what the first has just taken: one call more. */
  async function removeAbandoned(path: string): Promise<void> {
    const found = await lstat(path, { bigint: true }).catch(() => undefined);
    const mark = found && `${found.ino}:${found.ctimeNs}`;
    const { monotonic: now } = clock.now();
    const before = seen.get(path);
    if (mark === undefined) seen.delete(path);
    else if (before?.mark !== mark) seen.set(path, { mark, since: now });
    else if (now - before.since >= ABANDONED) await unlink(path).catch(() => {});
  }

  async function take(name: string): Promise<boolean> {
    const paths = Array.from({ length: TURNS }, (_, index) =>
      join(folder, `${fileNameOf(name)}.${(first + index) % TURNS}`),
    );
    for (const [index, path] of paths.entries()) {
      if (!(await create(path))) continue;
      first = (first + index + 1) % TURNS;
      return true;
    }
    for (const path of paths) await removeAbandoned(path);
    return false;
  }

  async function takeIn(name: string): Promise<boolean> {
    try {
      return await take(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await makeFolderFor(folder, access);
      return take(name);
    }
  }

  return async (name) => {
    try {
      return (await takeIn(name)) ? 0 : TURN_AGAIN;
    } catch (error) {
      throw fileFailure('write', folder, error);
    }
  };
}

/** `weixin.component.wx0000000000000000` */
function fileNameOf(name: string): string {
  return name.replaceAll('/', '.').replaceAll(':', '_');
}
