import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';

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
export type Late<T> = (value: T) => unknown;

/** A volume, and the questions to it that are under way or wait for their turn. */
export interface Volume {
  /** Where it is mounted. */
  readonly name: string;
  readonly isNetwork: boolean;
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
}

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

/** Whose turn it is on each volume, and which of them hang. */
export interface Turns {
  /** Returns a volume of which nothing has been asked yet. */
  open(name: string, isNetwork: boolean): Volume;
  /**
   * Asks in its turn: of each path one at a time, and few of each volume.
   * @throws {NodeJS.ErrnoException} `ETIMEDOUT`: at once where it is known that the volume hangs
   */
  enter<T>(volume: Volume, path: string, work: () => Promise<T>, late?: Late<T>): Promise<T>;
  hung(): readonly HungVolume[];
  /** How often each volume, by its mount point, was found to hang. */
  hangs(): ReadonlyMap<string, number>;
  /** Replaces who is told. */
  tell(listener: (event: VolumeEvent) => void): void;
  /** Gives questions up after this time, ms, from now on. */
  giveUpAfter(ms: number): void;
}

/** How long (ms) a volume may take to answer before it counts as one that hangs. */
const PATIENCE = 7 * SECOND;

/** How long (ms) a command waits for an answer. A daemon waits longer, see {@link Turns.giveUpAfter}. */
const GIVEN_UP = 10 * SECOND;

/** How often (ms) the age of questions is looked at. */
const SCAN = SECOND;

/** Questions at a time. A server at the other end of a network is what usually hangs. */
const SHARE = { network: 1, other: 2 };

/** Questions at a time of all volumes on a network: one of Node's four threads is left for the rest. */
const NETWORK_SHARE = 3;

export function createTurns(clock: Clock): Turns {
  const volumes: Volume[] = [];
  let listener: (event: VolumeEvent) => void = () => {};
  let isScanning = false;
  let scannedAt = 0;
  let patience = PATIENCE;
  let givenUp = GIVEN_UP;

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
      for (const other of volumes) if (other.isNetwork && other.waiting.size > 0) advance(other);
    }
  }

  function askedOfNetwork(): number {
    let sum = 0;
    for (const { isNetwork, running } of volumes) if (isNetwork) sum += running.size;
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
    for (const volume of volumes) {
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

  return {
    open(name, isNetwork) {
      const volume: Volume = {
        ...{ name, isNetwork, later: [], hangs: 0 },
        ...{ running: new Map(), waiting: new Set(), behind: new Map() },
      };
      volumes.push(volume);
      return volume;
    },
    enter(volume, path, work, late) {
      if (volume.hangsOn) return Promise.reject(unanswered(volume, path));
      return new Promise((done, reject) => {
        volume.waiting.add({ path, work, done, reject, late, age: 0, isGivenUp: false });
        advance(volume);
        if (!isScanning) scanSoon();
      });
    },
    hung: () =>
      volumes.flatMap(({ name, hangsOn }) =>
        hangsOn ? [{ volume: name, path: hangsOn.path, ms: hangsOn.age }] : [],
      ),
    hangs: () => new Map(volumes.filter(({ hangs }) => hangs > 0).map(({ name, hangs }) => [name, hangs])),
    tell(next) {
      listener = next;
    },
    giveUpAfter(ms) {
      givenUp = ms;
      patience = Math.min(patience, ms);
    },
  };
}

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
