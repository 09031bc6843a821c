import { basename, dirname, join, resolve } from 'node:path';
import type { Clock } from '../../core/ports.ts';
import { MINUTE, SECOND } from '../../core/time.ts';
import { holds, type Mount, mountOf, parseMounts, type Storage, storageOf } from './mounts.ts';

/** A folder, and what is on its volume there. */
export interface Place<Volume> {
  readonly volume: Volume;
  /** Whether it is in memory, and so is every volume on the way there from the root. */
  readonly isAtOnce: boolean;
}

/**
 * On which volume each path lies. Links are followed one by one, so that each question goes to the volume that it is
 * about: `realpath` would leave open which of them does not answer.
 */
export interface Places<Volume> {
  /** Whether a path without links is known to be in memory, and so all that leads to it. */
  isInMemory(path: string, follows: boolean): boolean;
  /**
   * The volume of a path where that is known without asking any.
   * @param follows whether a link at the end of the path is followed
   */
  known(path: string, follows: boolean): Volume | undefined;
  /** @throws {NodeJS.ErrnoException} `ETIMEDOUT` when a volume on the way does not answer */
  find(path: string, follows: boolean): Promise<Volume>;
  /** The volumes that may hang, each with a folder on it or what it is mounted on. */
  mayHang(): readonly (readonly [volume: Volume, path: string])[];
}

interface PlacesOptions<Volume> {
  readonly clock: Clock;
  /** Returns the text of /proc/self/mountinfo; empty where there is none. */
  readonly mountTable: () => string;
  /** Returns a volume that has not been met before. */
  readonly open: (name: string, isNetwork: boolean) => Volume;
  /**
   * Asks where a link leads.
   * @returns undefined for what is no link, null for what is missing
   */
  readonly readLink: (path: string, place: Place<Volume>) => Promise<string | undefined | null>;
}

/** How often (ms) the list of mounts is read again. */
const REREAD = SECOND;

/** How long (ms) what is missing counts as no link, and a folder in memory as the folder that it was. */
const STILL_MISSING = 5 * SECOND;
const STILL_NO_LINK = MINUTE;

/** Links in one path, as many as Linux follows. */
const MOST_LINKS = 40;

/** Resolved paths that are remembered; a daemon has a few for each account. */
const MOST_REMEMBERED = 100_000;

export function createPlaces<Volume>(options: PlacesOptions<Volume>): Places<Volume> {
  const { clock, mountTable, open, readLink } = options;
  /** By device. */
  const volumes = new Map<string, { readonly volume: Volume; readonly storage: Storage; path: string }>();
  let table: string | undefined;
  let mounts: readonly Mount[] = [];
  let points: ReadonlySet<string> = new Set();
  let readAt = Number.NEGATIVE_INFINITY;
  let missedAt = Number.NEGATIVE_INFINITY;
  let trustedAt = Number.NEGATIVE_INFINITY;
  /** Real paths by the path that leads to them, and places by the real path of a folder. */
  let reals = new Map<string, string>();
  let byFolder = new Map<string, Place<Volume>>();
  /** The same of what is not there, which may come as a link at any time. */
  let missing = new Map<string, string>();
  /** Walks along links that are under way, for all who need the same one. */
  const walks = new Map<string, Promise<string>>();

  function readTable(): void {
    const { monotonic } = clock.now();
    if (monotonic - readAt < REREAD) return;
    readAt = monotonic;
    if (monotonic - missedAt >= STILL_MISSING) {
      missedAt = monotonic;
      missing = new Map();
    }
    if (monotonic - trustedAt >= STILL_NO_LINK) {
      trustedAt = monotonic;
      for (const [path, real] of reals) if (placeAt(real).isAtOnce) reals.delete(path);
    }
    const text = mountTable();
    if (text === table && reals.size < MOST_REMEMBERED) return;
    table = text;
    mounts = parseMounts(text);
    points = new Set(mounts.map(({ point }) => point));
    reals = new Map();
    byFolder = new Map();
  }

  /** @param real without symbolic links, but for one at its end */
  function placeAt(real: string): Place<Volume> {
    const folder = points.has(real) ? real : dirname(real);
    const known = byFolder.get(folder);
    if (known) return known;
    const mount = mountOf(mounts, folder);
    const device = mount?.device ?? '';
    const storage = storageOf(mount?.type ?? '');
    const { volume } = volumes.get(device) ?? { volume: open(mount?.point ?? '/', storage === 'network') };
    volumes.set(device, { volume, storage, path: folder });
    const place = { volume, isAtOnce: storage === 'memory' && leadsNearby(folder) };
    byFolder.set(folder, place);
    return place;
  }

  /** Whether the way to a folder in memory asks nothing else: the kernel keeps at hand what is mounted on the root's disk. */
  function leadsNearby(folder: string): boolean {
    return mounts
      .filter(({ point }) => holds(point, folder))
      .every(({ point, type }) => {
        const storage = storageOf(type);
        return storage === 'memory' || (point === '/' && storage !== 'network');
      });
  }

  async function follow(path: string, links: number): Promise<string> {
    const known = knownReal(path);
    if (known !== undefined) return known;
    const above = dirname(path);
    const parent = await walk(above, links);
    const here = join(parent, basename(path));
    // What is mounted on is no link, and must not be asked for the sake of what leads there. Where the folder is
    // missing, so is what is in it.
    if (points.has(here)) return here;
    const target = missing.has(above) ? null : await readLink(here, placeOf(here, parent === above));
    if (target === null) {
      missing.set(path, here);
      return here;
    }
    const real =
      target === undefined || links >= MOST_LINKS ? here : await walk(resolve(parent, target), links + 1);
    reals.set(path, real);
    return real;
  }

  /** @param isPlain whether no link leads to its folder */
  function placeOf(path: string, isPlain: boolean): Place<Volume> {
    const { volume, isAtOnce } = placeAt(path);
    return { volume, isAtOnce: isPlain && isAtOnce };
  }

  /** Follows each path once for all who ask at the same time. Behind a link it does not: links can form a circle. */
  function walk(path: string, links = 0): Promise<string> {
    if (links > 0) return follow(path, links);
    const under = walks.get(path) ?? follow(path, 0).finally(() => walks.delete(path));
    walks.set(path, under);
    return under;
  }

  function knownReal(path: string): string | undefined {
    return (
      reals.get(path) ?? missing.get(path) ?? (points.has(path) || dirname(path) === path ? path : undefined)
    );
  }

  return {
    isInMemory(path, follows) {
      readTable();
      const folder = dirname(path);
      if (points.has(path) || knownReal(follows ? path : folder) !== (follows ? path : folder)) return false;
      return !missing.has(path) && placeAt(path).isAtOnce;
    },
    known(path, follows) {
      readTable();
      const whole = follows ? reals.get(path) : undefined;
      if (whole !== undefined) return placeAt(whole).volume;
      const parent = knownReal(dirname(path));
      if (parent === undefined) return undefined;
      const here = join(parent, basename(path));
      return follows && !points.has(here) ? undefined : placeAt(here).volume;
    },
    async find(path, follows) {
      const real = follows ? await walk(path) : join(await walk(dirname(path)), basename(path));
      return placeAt(real).volume;
    },
    mayHang() {
      readTable();
      return [...volumes.values()].flatMap(({ volume, storage, path }) =>
        // What is mounted there now may be another volume.
        storage !== 'memory' && placeAt(path).volume === volume ? [[volume, path] as const] : [],
      );
    },
  };
}
