import { basename, dirname, join, normalize, resolve } from 'node:path';
import type { Clock } from '../../core/ports.ts';
import { MINUTE, SECOND } from '../../core/time.ts';
import { holds, type Mount, mountOf, parseMounts, type Storage, storageOf } from './mounts.ts';

/** A folder, and what is on its volume there. */
interface Place<Volume> {
  readonly volume: Volume;
  /** Whether every volume on the way there from the root, and it itself, is in memory, or the root's on this machine. */
  readonly isNear: boolean;
  /** Whether it is near and in memory. */
  readonly isAtOnce: boolean;
}

/** A link on the root's volume that leads to what is in memory. */
interface RootLink {
  /** Without links. */
  readonly target: string;
  /** When it was last asked for, monotonic ms. */
  readonly askedAt: number;
}

/**
 * On which volume each path lies. Links are followed one by one, so that each question goes to the volume that it is
 * about: `realpath` would leave open which of them does not answer.
 */
export interface Places<Volume> {
  /**
   * Whether a path and all that leads there is in memory, which always answers. One link may be on the way: from the root's volume
   * into memory, as `/var/run` is in most images.
   */
  isInMemory(path: string, follows: boolean): boolean;
  /**
   * The volume of a path where that is known without asking any but memory.
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
  /** Asks at once what is there; `link` also where that cannot be told. Called of paths in memory alone. */
  readonly look: (path: string) => 'link' | 'other' | 'missing';
}

/** How often (ms) the list of mounts is read again. */
const REREAD = SECOND;

/** How long (ms) what is missing elsewhere than in memory counts as no link, and what is in memory and is none as none. */
const STILL_MISSING = 5 * SECOND;
const STILL_NO_LINK = MINUTE;

/** How long (ms) a link on the root's volume counts as the one that it was: it is asked again after half of that. */
const STILL_THE_SAME = 2 * STILL_NO_LINK;

/** There are one or two of them. */
const MOST_ROOT_LINKS = 16;

/** Links in one path, as many as Linux follows. */
const MOST_LINKS = 40;

/** Resolved paths that are remembered; a daemon has a few for each account. */
const MOST_REMEMBERED = 100_000;

export function createPlaces<Volume>(options: PlacesOptions<Volume>): Places<Volume> {
  const { clock, mountTable, open, readLink, look } = options;
  /** By device. */
  const volumes = new Map<string, { readonly volume: Volume; readonly storage: Storage; path: string }>();
  let table: string | undefined;
  let mounts: readonly Mount[] = [];
  /** What is mounted on, and whether it can be seen there: something else may be mounted over it. */
  let points = new Map<string, boolean | undefined>();
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
  const rootLinks = new Map<string, RootLink>();
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
    const text = mountTable();
    if (text !== table || reals.size + plain.size + byFolder.size >= MOST_REMEMBERED) begin(text);
    if (monotonic - trustedAt < STILL_NO_LINK) return;
    trustedAt = monotonic;
    plain = new Set();
    for (const [link, { target }] of rootLinks) void verify(link, target);
  }

  /** Forgets what was known of other mounts. */
  function begin(text: string): void {
    table = text;
    mounts = parseMounts(text);
    points = new Map(mounts.map(({ point }) => [point, undefined]));
    reals = new Map();
    plain = new Set();
    rootLinks.clear();
    byFolder = new Map();
  }

  /** @param real without symbolic links, but for one at its end */
  function placeAt(real: string): Place<Volume> {
    const folder = isPoint(real) ? real : dirname(real);
    const known = byFolder.get(folder);
    if (known) return known;
    const mount = mountOf(mounts, folder);
    const device = mount?.device ?? '';
    const storage = storageOf(mount?.type ?? '');
    const { volume } = volumes.get(device) ?? { volume: open(mount?.point ?? '/', storage === 'network') };
    volumes.set(device, { volume, storage, path: folder });
    const isNear = leadsNearby(folder);
    const place = { volume, isNear, isAtOnce: isNear && storage === 'memory' };
    byFolder.set(folder, place);
    return place;
  }

  /** Whether the way to a folder asks memory and the root's volume alone: the kernel keeps at hand what is mounted there. */
  function leadsNearby(folder: string): boolean {
    return mounts
      .filter(({ point }) => holds(point, folder))
      .every(({ point, type }) => {
        const storage = storageOf(type);
        return storage === 'memory' || (point === '/' && storage !== 'network');
      });
  }

  /**
   * Whether no link is on the way to a path, as far as there is a way, nor it itself one. In memory that is asked at once where it is
   * not known.
   */
  function isPlain(path: string): boolean {
    if (plain.has(path) || isFixed(path)) return true;
    const known = reals.get(path);
    if (known !== undefined) return known === path;
    if (!isPlain(dirname(path)) || !placeAt(path).isAtOnce) return false;
    const found = look(path);
    // What is missing may come as a link at any time.
    if (found === 'other') plain.add(path);
    return found !== 'link';
  }

  /** Where a path leads that is plain, or is so behind a link of {@link rootLinks}; undefined for others. */
  function plainReal(path: string): string | undefined {
    let real = path;
    for (const [link, { target, askedAt }] of rootLinks) {
      if (holds(link, path) && readAt - askedAt < STILL_THE_SAME) real = target + path.slice(link.length);
    }
    return isPlain(real) ? real : undefined;
  }

  /** The same of what is there by that name, be it a link. */
  function plainEntry(path: string): string | undefined {
    if (isFixed(path)) return path;
    const above = dirname(path);
    const parent = plainReal(above);
    if (parent === undefined) return undefined;
    return parent === above ? path : join(parent, basename(path));
  }

  /**
   * Asks in a thread whether a link on the root's volume leads to what is in memory, and takes note of that. So is asked what is
   * above it: one that has become a link itself may lead elsewhere.
   */
  async function verify(link: string, target: string): Promise<void> {
    const asked = table;
    const isSo = await leadsTo(link, target).catch(() => false);
    // Something may be mounted over the link or its target by now.
    if (asked !== table) return;
    if (isSo && leadsToMemory(target)) {
      if (rootLinks.has(link) || rootLinks.size < MOST_ROOT_LINKS)
        rootLinks.set(link, { target, askedAt: clock.now().monotonic });
    } else if (rootLinks.delete(link)) reals = new Map();
  }

  function leadsToMemory(real: string): boolean {
    return isPlain(real) && placeAt(real).isAtOnce;
  }

  async function leadsTo(link: string, target: string): Promise<boolean> {
    for (let above = dirname(link); !isFixed(above); above = dirname(above)) {
      if ((await readLink(above, placeAt(above).volume)) !== undefined) return false;
    }
    const found = await readLink(link, placeAt(link).volume);
    // The kernel follows what is before `..` first, which may lead elsewhere than the text says.
    return (
      typeof found === 'string' && normalize(found) === found && resolve(dirname(link), found) === target
    );
  }

  async function follow(path: string, links: number): Promise<string> {
    const plainly = plainReal(path);
    if (plainly !== undefined) return plainly;
    const known = knownReal(path);
    if (known !== undefined) return known;
    const above = dirname(path);
    const parent = await walk(above, links);
    const here = join(parent, basename(path));
    // What is mounted on is no link, and must not be asked for the sake of what leads there. Where the folder is
    // missing, so is what is in it.
    if (isPoint(here)) return here;
    const target = missing.has(above) ? null : await readLink(here, placeAt(here).volume);
    if (target === null) {
      missing.set(path, here);
      return here;
    }
    const real =
      target === undefined || links >= MOST_LINKS ? here : await walk(resolve(parent, target), links + 1);
    const { isNear, isAtOnce } = placeAt(here);
    if (target !== undefined && here === path && isNear && !isAtOnce && leadsToMemory(real)) {
      void verify(here, real);
    }
    // That a path in memory is no link is asked again and again, see `plain`.
    if (real !== path || !isAtOnce) reals.set(path, real);
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
    if (plain.has(path) || isFixed(path)) return path;
    return reals.get(path) ?? missing.get(path);
  }

  /** Whether a path leads to itself whatever else there is. */
  function isFixed(path: string): boolean {
    return isPoint(path) || dirname(path) === path;
  }

  function isPoint(path: string): boolean {
    if (!points.has(path)) return false;
    const isSeen = points.get(path) ?? mountOf(mounts, path)?.point === path;
    points.set(path, isSeen);
    return isSeen;
  }

  return {
    isInMemory(path, follows) {
      readTable();
      const real = follows ? plainReal(path) : plainEntry(path);
      return real !== undefined && placeAt(real).isAtOnce;
    },
    known(path, follows) {
      readTable();
      const whole = follows ? (plainReal(path) ?? reals.get(path)) : plainEntry(path);
      if (whole !== undefined) return placeAt(whole).volume;
      const parent = knownReal(dirname(path));
      if (parent === undefined) return undefined;
      const here = join(parent, basename(path));
      return follows && !isPoint(here) ? undefined : placeAt(here).volume;
    },
    async find(path, follows) {
      readTable();
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
