import { readlinkSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Clock } from '../../core/ports.ts';
import { MINUTE, SECOND } from '../../core/time.ts';
import { createStretches } from '../time/stretches.ts';
import { holds, type Mount, mountOf, parseMounts, storageOf } from './mounts.ts';

/** A volume that does not answer. */
export interface HungVolume {
  /** Where it is mounted. */
  readonly volume: string;
  /** What it was asked for. */
  readonly path: string;
  /** How long it has not answered, ms. */
  readonly ms: number;
}

export type VolumeEvent = HungVolume & { readonly type: 'hangs' | 'answers' };

/** What is called with the value of a question that was given up and has been answered after all. */
type Late<T> = (value: T) => unknown;

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

/**
 * The volumes of this machine and the questions (system calls) that are under way on each.
 *
 * Node has four threads for files and names. A thread that asks a volume whose server stands still is lost until the
 * server answers: nothing can call it back. So each volume has a bounded share of them, and one that is known to hang
 * is asked nothing more. See docs/decisions/0014-volumes-that-hang.md.
 */
export interface Volumes {
  /**
   * Does one system call on the volume of a path, in its turn: of each path one at a time, and few of each volume.
   * @param path absolute
   * @param work never throws: what is wrong is the rejection of its promise
   * @throws {NodeJS.ErrnoException} `ETIMEDOUT` when the volume hangs: at once when that is known. The call itself may
   *   still take effect; nothing else is done on the volume before it has
   */
  ask<T>(path: string, work: () => Promise<T>, options?: AskOptions<T>): Promise<T>;
  /** Does the work at once or, on a volume that hangs, when it answers again. Never rejects. */
  askLater(path: string, work: () => Promise<unknown>): Promise<void>;
  /** Whether the volume of a path is not known to hang. Cheap; for what must be done without waiting. */
  answers(path: string): boolean;
  /** Whether it is known without a question where a path leads, also through a link at its end. */
  knows(path: string): boolean;
  /** Whether a path is known to be on a disk of this machine or in memory, and its volume is not known to hang. */
  isNear(path: string): boolean;
  /** Those that hang. */
  hung(): readonly HungVolume[];
  /** How often each volume, by its mount point, was found to hang. */
  hangs(): ReadonlyMap<string, number>;
  /** Replaces who is told. */
  tell(listener: (event: VolumeEvent) => void): void;
  /** Asks every volume in use for its state every five seconds, so that a hang is noticed before it matters. */
  watch(): void;
  /** Gives questions up after this time, ms, from now on. */
  giveUpAfter(ms: number): void;
}

/** How long (ms) a volume may take to answer before it counts as one that hangs. */
const PATIENCE = 7 * SECOND;

/** How long (ms) a command waits for an answer. A daemon waits longer, see {@link Volumes.giveUpAfter}. */
const GIVEN_UP = 10 * SECOND;

/** How often (ms) the age of questions and, in a daemon, the volumes are looked at. */
const SCAN = SECOND;
const PROBE = 5 * SECOND;

/** How often (ms) the list of mounts is read again. */
const REREAD = SECOND;

/** How long (ms) what is missing counts as no link, and a folder in memory as the folder that it was. */
const STILL_MISSING = 5 * SECOND;
const STILL_NO_LINK = MINUTE;

/** How long (ms) questions that memory answers at once may hold up everything else. */
const STRETCH = 5;

/** Questions at a time. A server at the other end of a network is what usually hangs. */
const SHARE = { network: 1, other: 2 };

/** Questions at a time of all volumes on a network: one of Node's four threads is left for the rest. */
const NETWORK_SHARE = 3;

/** Links in one path, as many as Linux follows. */
const MOST_LINKS = 40;

/** Resolved paths that are remembered; a daemon has a few for each account. */
const MOST_REMEMBERED = 100_000;

interface Question {
  readonly path: string;
  readonly work: () => Promise<unknown>;
  readonly done: (value: never) => void;
  readonly reject: (error: unknown) => void;
  readonly late: Late<never> | undefined;
  /** How long it has waited or been under way, ms, without the time in which this process stood still. */
  age: number;
  isGivenUp: boolean;
}

/** A folder, and what is on its volume there. */
interface Place {
  readonly volume: Volume;
  /** Whether it is in memory, and so is every volume on the way there from the root. */
  readonly isAtOnce: boolean;
}

interface Volume {
  readonly name: string;
  readonly isNetwork: boolean;
  /** Whether it may hang at all. */
  readonly isMemory: boolean;
  /** What is under way, by path. */
  readonly running: Map<string, Question>;
  /** What waits for its turn, oldest first. */
  readonly waiting: Set<Question>;
  /** What waits behind a question about the same path: a queue in which thousands ask about one file stays short. */
  readonly behind: Map<string, Question[]>;
  /** What waits for it to answer again. */
  later: (() => void)[];
  /** The oldest question that it has not answered in time. */
  hangsOn?: Question | undefined;
  hangs: number;
  /** A folder on it, or what it is mounted on. */
  probePath: string;
}

export interface VolumesOptions {
  readonly clock: Clock;
  /** Returns the text of /proc/self/mountinfo; empty where there is none. */
  readonly mountTable: () => string;
  /** Asks a volume for its state, past every cache. */
  readonly probe: (path: string) => Promise<unknown>;
}

export function createVolumes({ clock, mountTable, probe }: VolumesOptions): Volumes {
  const volumes = new Map<string, Volume>();
  let table: string | undefined;
  let mounts: readonly Mount[] = [];
  let points: ReadonlySet<string> = new Set();
  let readAt = Number.NEGATIVE_INFINITY;
  let missedAt = Number.NEGATIVE_INFINITY;
  let trustedAt = Number.NEGATIVE_INFINITY;
  /** Real paths by the path that leads to them, and places by the real path of a folder. */
  let reals = new Map<string, string>();
  let byFolder = new Map<string, Place>();
  /** The same of what is not there, which may come as a link at any time. */
  let missing = new Map<string, string>();
  /** Walks along links that are under way, for all who need the same one. */
  const walks = new Map<string, Promise<string>>();
  let listener: (event: VolumeEvent) => void = () => {};
  let isScanning = false;
  let scannedAt = 0;
  let patience = PATIENCE;
  let givenUp = GIVEN_UP;
  const stretches = createStretches(STRETCH, clock);

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
  function placeAt(real: string): Place {
    const key = points.has(real) ? real : dirname(real);
    const known = byFolder.get(key);
    if (known) return known;
    const mount = mountOf(mounts, key);
    const id = mount?.device ?? '';
    const storage = storageOf(mount?.type ?? '');
    const volume = volumes.get(id) ?? {
      name: mount?.point ?? '/',
      isNetwork: storage === 'network',
      isMemory: storage === 'memory',
      running: new Map(),
      waiting: new Set(),
      behind: new Map(),
      later: [],
      hangs: 0,
      probePath: key,
    };
    volumes.set(id, volume);
    volume.probePath = key;
    const place = { volume, isAtOnce: volume.isMemory && leadsNearby(key) };
    byFolder.set(key, place);
    return place;
  }

  function volumeAt(real: string): Volume {
    return placeAt(real).volume;
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

  /** Whether a path without links is known to be in memory, and so all that leads to it. */
  function isInMemory(path: string, follows: boolean): boolean {
    readTable();
    const folder = dirname(path);
    if (points.has(path) || knownReal(follows ? path : folder) !== (follows ? path : folder)) return false;
    return !missing.has(path) && placeAt(path).isAtOnce;
  }

  /**
   * Follows the links of a path one by one, so that each question goes to the volume that it is about: `realpath`
   * would leave open which of them does not answer.
   */
  async function follow(path: string, links: number): Promise<string> {
    const known = knownReal(path);
    if (known !== undefined) return known;
    const above = dirname(path);
    const parent = await walk(above, links);
    const here = join(parent, basename(path));
    // What is mounted on is no link, and must not be asked for the sake of what leads there. Where the folder is
    // missing, so is what is in it.
    if (points.has(here)) return here;
    const target = missing.has(above) ? null : await readLink(here, parent === above).catch(linkless);
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
  function readLink(path: string, isPlain: boolean): Promise<string> {
    const { volume, isAtOnce } = placeAt(path);
    return isPlain && isAtOnce
      ? stretches.run(() => readlinkSync(path))
      : enter(volume, path, () => readlink(path));
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

  /** The volume of a path where that is known without asking any. */
  function knownVolume(path: string, follows: boolean): Volume | undefined {
    readTable();
    const whole = follows ? reals.get(path) : undefined;
    if (whole !== undefined) return volumeAt(whole);
    const parent = knownReal(dirname(path));
    if (parent === undefined) return undefined;
    const here = join(parent, basename(path));
    return follows && !points.has(here) ? undefined : volumeAt(here);
  }

  async function findVolume(path: string, follows: boolean): Promise<Volume> {
    const real = follows ? await walk(path) : join(await walk(dirname(path)), basename(path));
    return volumeAt(real);
  }

  function enter<T>(volume: Volume, path: string, work: () => Promise<T>, late?: Late<T>): Promise<T> {
    if (volume.hangsOn) return Promise.reject(unanswered(volume, path));
    return new Promise<T>((done, reject) => {
      volume.waiting.add({ path, work, done, reject, late, age: 0, isGivenUp: false });
      advance(volume);
      if (!isScanning) scanSoon();
    });
  }

  function advance(volume: Volume): void {
    const { running, waiting, behind, isNetwork } = volume;
    for (const next of waiting) {
      if (running.size >= (isNetwork ? SHARE.network : SHARE.other) || volume.hangsOn) return;
      if (isNetwork && askedOfNetwork() >= NETWORK_SHARE) return;
      waiting.delete(next);
      if (!running.has(next.path)) begin(volume, next);
      else if (behind.get(next.path)?.push(next) === undefined) behind.set(next.path, [next]);
    }
  }

  function begin(volume: Volume, question: Question): void {
    const { path, work, done, reject, late } = question;
    const end = () => settled(volume, question);
    question.age = 0;
    volume.running.set(path, question);
    work().then(
      (value) => {
        if (question.isGivenUp) return Promise.resolve(late?.(value as never)).then(end, end);
        done(value as never);
        return end();
      },
      (error: unknown) => {
        reject(error);
        end();
      },
    );
  }

  function settled(volume: Volume, question: Question): void {
    const { running, waiting, behind } = volume;
    running.delete(question.path);
    const others = behind.get(question.path);
    const next = others?.shift();
    if (next) waiting.add(next);
    if (others?.length === 0) behind.delete(question.path);
    if (volume.hangsOn === question) {
      volume.hangsOn = [...running.values()].find(({ age }) => age >= patience);
      if (!volume.hangsOn) {
        listener({ type: 'answers', volume: volume.name, path: question.path, ms: question.age });
        for (const work of volume.later.splice(0)) work();
      }
    }
    advance(volume);
    if (volume.isNetwork) {
      for (const other of volumes.values()) if (other.isNetwork && other.waiting.size > 0) advance(other);
    }
  }

  function askedOfNetwork(): number {
    let sum = 0;
    for (const { isNetwork, running } of volumes.values()) if (isNetwork) sum += running.size;
    return sum;
  }

  function scanSoon(): void {
    isScanning = true;
    scannedAt = clock.now().monotonic;
    setTimeout(scan, SCAN).unref();
  }

  function scan(): void {
    // A process that stood still, or had no time, has not waited for an answer.
    const past = Math.min(2 * SCAN, clock.now().monotonic - scannedAt);
    let isBusy = false;
    for (const volume of volumes.values()) {
      for (const question of volume.running.values()) outwait(volume, question, past);
      for (const question of waitingFor(volume)) question.age += past;
      if (volume.hangsOn || volume.running.size === 0) refuseWaiting(volume);
      isBusy ||= volume.running.size > 0 || volume.waiting.size > 0;
    }
    isScanning = false;
    if (isBusy) scanSoon();
  }

  function outwait(volume: Volume, question: Question, past: number): void {
    question.age += past;
    if (question.age >= patience && !volume.hangsOn) {
      volume.hangsOn = question;
      volume.hangs += 1;
      listener({ type: 'hangs', volume: volume.name, path: question.path, ms: question.age });
    }
    if (question.age < givenUp || question.isGivenUp) return;
    question.isGivenUp = true;
    question.reject(unanswered(volume, question.path));
  }

  /** Of a volume that hangs, and of one for which others that hang leave no thread. */
  function refuseWaiting(volume: Volume): void {
    const { hangsOn, waiting, behind } = volume;
    const refused = waitingFor(volume).filter(({ age }) => hangsOn || age >= patience);
    for (const question of refused) waiting.delete(question);
    // Where nothing hangs nothing is under way either, and so nothing waits behind it.
    behind.clear();
    for (const { path, reject } of refused) reject(unanswered(volume, path));
  }

  function probeAll(): void {
    readTable();
    for (const volume of volumes.values()) {
      const { probePath, isMemory, running } = volume;
      // What is mounted there now may be another volume.
      if (isMemory || running.size > 0 || volumeAt(probePath) !== volume) continue;
      enter(volume, probePath, () => probe(probePath)).catch(() => {});
    }
  }

  return {
    ask(path, work, { follows = false, late, atOnce } = {}) {
      if (atOnce && isInMemory(path, follows)) return stretches.run(atOnce);
      const volume = knownVolume(path, follows);
      if (volume) return enter(volume, path, work, late);
      return findVolume(path, follows).then((found) =>
        atOnce && isInMemory(path, follows) ? stretches.run(atOnce) : enter(found, path, work, late),
      );
    },
    async askLater(path, work) {
      const volume = knownVolume(path, false) ?? (await findVolume(path, false).catch(() => undefined));
      if (!volume) return;
      const attempt = () => enter(volume, path, work).then(ignore, ignore);
      if (volume.hangsOn) volume.later.push(() => void attempt());
      else await attempt();
    },
    isNear(path) {
      const volume = knownVolume(path, false);
      return volume !== undefined && !volume.isNetwork && !volume.hangsOn;
    },
    knows: (path) => knownVolume(path, true) !== undefined,
    answers: (path) => !knownVolume(path, false)?.hangsOn,
    hung: () =>
      [...volumes.values()].flatMap(({ name, hangsOn }) =>
        hangsOn ? [{ volume: name, path: hangsOn.path, ms: hangsOn.age }] : [],
      ),
    hangs: () =>
      new Map([...volumes.values()].filter(({ hangs }) => hangs > 0).map(({ name, hangs }) => [name, hangs])),
    tell(next) {
      listener = next;
    },
    watch() {
      setInterval(probeAll, PROBE).unref();
    },
    giveUpAfter(ms) {
      givenUp = ms;
      patience = Math.min(patience, ms);
    },
  };
}

/** What a path that is no link leads to: undefined for itself; null for itself where nothing is there to remember. */
function linkless(error: unknown): undefined | null {
  const { code } = error as NodeJS.ErrnoException;
  if (code === UNANSWERED) throw error;
  return code === 'EINVAL' ? undefined : null;
}

function ignore(): void {}

function waitingFor({ waiting, behind }: Volume): Question[] {
  return [...waiting, ...[...behind.values()].flat()];
}

/** The code of the error for a volume that hangs. */
const UNANSWERED = 'ETIMEDOUT';

function unanswered({ name }: Volume, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${UNANSWERED}: the volume ${name} does not answer, ${path}`), {
    code: UNANSWERED,
    path,
  });
}

/** Whether an error says that a volume did not answer: nothing is known of what was asked for. */
export function isUnanswered(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === UNANSWERED;
}
