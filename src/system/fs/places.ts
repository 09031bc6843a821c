import { basename, dirname, join, resolve } from 'node:path';
import type { Clock } from '../../core/ports.ts';
import { MINUTE, SECOND } from '../../core/time.ts';
import { holds, type Mount, mountOf, parseMounts, type Storage, storageOf } from './mounts.ts';

/** A folder, and what is on its volume there. */
interface Place<Volume> {
  readonly volume: Volume;
  /** Whether it is in memory, and so is every volume on the way there from the root. */
  readonly isAtOnce: boolean;
}

/**
 * On which volume each path lies. Links are followed one by one, so that each question goes to the volume that it is
 * about: `realpath` would leave open which of them does not answer.
 */
export interface Places<Volume> {
  /** Whether no link is on the way to a path and all that leads there is in memory, which always answers. */
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
   * Asks where a link leads, in its turn on that volume.
   * @returns undefined for what is no link, null for what is missing
   */
  readonly readLink: (path: string, volume: Volume) => Promise<string | undefined | null>;
  /** Asks at once whether something is there that is no link. Called of paths in memory alone. */
  readonly isNoLink: (path: string) => boolean;
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
  const { clock, mountTable, open, readLink, isNoLink } = options;
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
  /** Paths in memory that no link led to a moment ago, and that were none. */
  let plain = new Set<string>();
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
      plain = new Set();
    }
    const text = mountTable();
    if (text === table && reals.size + plain.size < MOST_REMEMBERED) return;
    table = text;
    mounts = parseMounts(text);
    points = new Set(mounts.map(({ point }) => point));
    reals = new Map();
    plain = new Set();
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

  /** Whether all of the way to a path is in memory, without a link. Asks at once where that is not known. */
  function isPlain(path: string): boolean {
    const known = knownReal(path);
    if (known !== undefined) return known === path && !missing.has(path);
    if (!isPlain(dirname(path)) || !placeAt(path).isAtOnce || !isNoLink(path)) return false;
    plain.add(path);
    return true;
  }

  async function follow(path: string, links: number): Promise<string> {
    if (isPlain(path)) return path;
    const known = knownReal(path);
    if (known !== undefined) return known;
    const above = dirname(path);
    const parent = await walk(above, links);
    const here = join(parent, basename(path));
    // What is mounted on is no link, and must not be asked for the sake of what leads there. Where the folder is
    // missing, so is what is in it.
    if (points.has(here)) return here;
    const target = missing.has(above) ? null : await readLink(here, placeAt(here).volume);
    if (target === null) {
      missing.set(path, here);
      return here;
    }
    const real =
      target === undefined || links >= MOST_LINKS ? here : await walk(resolve(parent, target), links + 1);
    // That a path in memory is no link is asked again and again, see `plain`.
    if (real !== path || !placeAt(here).isAtOnce) reals.set(path, real);
    return real;
  }

  /** Follows each path once for all who ask at the same time. Behind a link it does not: links can form a circle. */
  function walk(path: string, links = 0): Promise<string> {
    if (links > 0) return follow(path, links);
    const under = walks.get(path) ?? follow(path, 0).finally(() => walks.delete(path));
    walks.set(path, under);
    return under;
  }

  function knownReal(path: string): string | undefined {
    if (plain.has(path) || points.has(path) || dirname(path) === path) return path;
    return reals.get(path) ?? missing.get(path);
  }

  return {
    isInMemory(path, follows) {
      readTable();
      if (points.has(path) || !isPlain(follows ? path : dirname(path))) return false;
      return !missing.has(path) && placeAt(path).isAtOnce;
    },
    known(path, follows) {
      readTable();
      const whole = !follows ? undefined : plain.has(path) ? path : reals.get(path);
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
