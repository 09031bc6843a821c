import { lstatSync, readlink } from 'node:fs';
import { promisify } from 'node:util';
import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { Beats } from '../time/beats.ts';
import { createStretches } from '../time/stretches.ts';
import { createPlaces } from './places.ts';
import { createTurns, isUnanswered, type Late, type Turns, type Volume } from './turns.ts';

export interface AskOptions<T> {
  /** Whether the call follows a link at the end of the path. */
  readonly follows?: boolean;
  /** Called with the value when the question was given up. */
  readonly late?: Late<T>;
  /**
   * The same without a thread: called instead where the path and all that leads to it are known to be in memory, which
   * always answers. It must not wait for another process, as the opening of a pipe would.
   */
  readonly atOnce?: () => T;
}

export interface LaterOptions {
  /** Whether the call is about what a link at the end of the path leads to. */
  readonly follows?: boolean;
  /** What it takes its turn with instead of what is asked of the path; also for people. */
  readonly turn?: string;
}

/**
 * The volumes of this machine and the questions (system calls) that are under way on each.
 *
 * Node has four threads for files and names. A thread that asks a volume whose server stands still is lost until the
 * server answers: nothing can call it back. So each volume has a bounded share of them, and one that is known to hang
 * is asked nothing more. See docs/decisions/0014-volumes-that-hang.md.
 */
export interface Volumes extends Pick<Turns, 'hung' | 'hangs' | 'tell' | 'giveUpAfter'> {
  /**
   * Does one system call on the volume of a path, in its turn: of each path one at a time, and few of each volume.
   * @param path absolute
   * @param work never throws: what is wrong is the rejection of its promise
   * @throws {NodeJS.ErrnoException} `ETIMEDOUT` when the volume hangs: at once when that is known. The call itself may
   *   still take effect; nothing else is done on the volume before it has
   */
  ask<T>(path: string, work: () => Promise<T>, options?: AskOptions<T>): Promise<T>;
  /**
   * Does the work at once or, on a volume that hangs, when it answers again. Never rejects.
   */
  askLater(path: string, work: () => Promise<unknown>, options?: LaterOptions): Promise<void>;
  /** Whether the volume of a path is not known to hang. Cheap; for what must be done without waiting. */
  answers(path: string): boolean;
  /** Whether it is known without a question where a path leads, also through a link at its end. */
  knows(path: string): boolean;
  /**
   * Whether a call may be made without a thread: the path and all that leads there is in memory, see {@link createPlaces}.
   * Cheap. Of a path that is not {@link isExact} it says no, as {@link isNear} does.
   */
  isAtOnce(path: string, follows: boolean): boolean;
  /** Whether a path is known to be on a disk of this machine or in memory, and its volume is not known to hang. */
  isNear(path: string, follows?: boolean): boolean;
  /** Asks every volume in use for its state every five seconds from now on, so that a hang is noticed before it matters. */
  watch(): void;
}

/** How often (ms) a daemon asks the volumes. */
const PROBE = 5 * SECOND;

/** How long (ms) questions that memory answers at once may hold up everything else. */
const STRETCH = 5;

export interface VolumesOptions {
  readonly clock: Clock;
  readonly beats: Pick<Beats, 'every'>;
  /** Returns the text of /proc/self/mountinfo; empty where there is none. */
  readonly mountTable: () => string;
  /** Asks a volume for its state, past every cache. */
  readonly probe: (path: string) => Promise<unknown>;
}

export function createVolumes({ clock, beats, mountTable, probe }: VolumesOptions): Volumes {
  const stretches = createStretches(STRETCH, clock);
  const turns = createTurns(clock);
  const { enter, open } = turns;
  const places = createPlaces<Volume>({ clock, mountTable, open, readLink, look });

  function readLink(path: string, volume: Volume): Promise<string | undefined | null> {
    return enter(volume, path, () => promisify(readlink)(path)).catch(linkless);
  }

  function probeAll(): void {
    for (const [volume, path] of places.mayHang()) {
      // A question that is under way tells as much.
      if (volume.running.size === 0) enter(volume, path, () => probe(path)).catch(() => {});
    }
  }

  const { hung, hangs, tell, giveUpAfter } = turns;
  return {
    ...{ hung, hangs, tell, giveUpAfter },
    ask(path, work, { follows = false, late, atOnce } = {}) {
      if (atOnce && places.isInMemory(path, follows)) return stretches.run(atOnce);
      const volume = places.known(path, follows);
      if (volume) return enter(volume, path, work, late);
      return places
        .find(path, follows)
        .then((found) =>
          atOnce && places.isInMemory(path, follows) ? stretches.run(atOnce) : enter(found, path, work, late),
        );
    },
    async askLater(path, work, { follows = false, turn = path } = {}) {
      const volume = places.known(path, follows) ?? (await places.find(path, follows).catch(() => undefined));
      if (!volume) return;
      const attempt = () => enter(volume, turn, work).then(ignore, ignore);
      if (volume.hangsOn) volume.later.push(() => void attempt());
      else await attempt();
    },
    isNear(path, follows = false) {
      if (!isExact(path)) return false;
      const volume = places.known(path, follows);
      return volume !== undefined && !volume.isNetwork && !volume.hangsOn;
    },
    isAtOnce: (path, follows) => isExact(path) && places.isInMemory(path, follows),
    knows: (path) => places.known(path, true) !== undefined,
    answers: (path) => !places.known(path, false)?.hangsOn,
    watch: () => void beats.every(PROBE, probeAll),
  };
}

/** What a path that is no link leads to: undefined for itself; null for itself where nothing is there to remember. */
function linkless(error: unknown): undefined | null {
  if (isUnanswered(error)) throw error;
  return (error as NodeJS.ErrnoException).code === 'EINVAL' ? undefined : null;
}

/**
 * Whether a path is absolute and no part of it is empty, `.` or `..`: then it leads where its text says, but for links. What is
 * before `..` is followed first, and may be a link; and so is what is before a slash at the end, by calls that follow no link, too.
 */
export function isExact(path: string): boolean {
  return path === '/' || (path.startsWith('/') && !/\/\.{0,2}(?:\/|$)/.test(path));
}

function look(path: string): 'link' | 'other' | 'missing' {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found) return 'missing';
    return found.isSymbolicLink() ? 'link' : 'other';
  } catch {
    return 'link';
  }
}

function ignore(): void {}
