import { join } from 'node:path';
import type { Report } from '../core/events/report.ts';
import type { View } from '../core/plan.ts';
import type { Clock } from '../core/ports.ts';
import { DAY, SECOND } from '../core/time.ts';
import type { Logger } from '../observability/log/logger.ts';
import { toldFields } from '../observability/log/told-fields.ts';
import type { ServerStatus } from '../observability/status/server-status.ts';
import { encodeSnapshot } from '../observability/status/snapshot.ts';
import {
  fateOf,
  RENEWAL,
  readSnapshot,
  type Served,
  SNAPSHOT_NAME,
  snapshotFolder,
  snapshotPath,
} from '../observability/status/snapshot-file.ts';
import { sweepLeftovers, writeAtomically } from '../system/fs/atomic-write.ts';
import { fileFailure } from '../system/fs/file-failure.ts';
import { lstat, readdir, stat, unlink, volumes } from '../system/fs/files.ts';
import { type Access, makeFolderFor } from '../system/fs/make-folder.ts';
import { replacementMark } from '../system/fs/read-regular-file.ts';
import { hasEnded } from '../system/process/process-identity.ts';

/**
 * Writes what the daemon knows to a file for the command `status`: soon after each change, once a minute, and when
 * the daemon stops.
 */
export interface Snapshots {
  /** Sets the credentials that the daemon publishes from now on. */
  serve(credentials: readonly Served[]): void;
  /**
   * Takes note of what happened. It returns at once: the loop never waits for a write, and no failed write reaches
   * it.
   */
  report(report: Report): void;
  /** To be called when the daemon has looked at the clock. */
  beat(): void;
  /**
   * Writes the last snapshot, which says that the daemon has stopped.
   * @param patience how long that may take, ms
   */
  stop(patience: number): Promise<void>;
}

export interface SnapshotsOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  readonly views: () => Iterable<View>;
  /** Returns the daemon that refreshes for all, if that is another daemon. */
  readonly leader: () => string | undefined;
  /** Returns what listens, and what should and cannot. */
  readonly servers: () => readonly ServerStatus[];
  /** Returns another text when something else is wrong with pushes. */
  readonly pushes: () => string;
  readonly stateDir: string;
  /** The permissions of the state folder. */
  readonly access: Access;
}

/** Delay (ms) between a change and its write, because changes seldom come alone. */
const SOON = 0.1 * SECOND;

/**
 * Shortest and longest pause (ms) between two writes. A large snapshot gets a longer pause: of thousands of
 * credentials one changes every few seconds, and each time the daemon encodes and writes more than a megabyte.
 */
const LEAST_REST = SECOND;
const MOST_REST = 15 * SECOND;

/** Bytes of a snapshot for each second of the pause after it. */
const EACH_SECOND = 100_000;

/** Delay (ms) before the next write after one that failed. */
const RETRY = 5 * SECOND;

/**
 * Age (ms) from which on a snapshot is removed. Daemons renew their snapshots every minute, so the daemon that left
 * a snapshot this old is not coming back.
 */
const FORGOTTEN = 7 * DAY;

export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { clock, logger, stateDir, access } = options;
  // Nothing in the file is secret: where a volume lets nobody set modes or owners, it is written all the same.
  const attributes = {
    mode: access.mode & 0o660,
    ...(access.gid !== undefined && { gid: access.gid }),
    isRequired: false,
  };
  const folder = snapshotFolder(stateDir);
  let path = '';
  /** The snapshot that this daemon wrote last, and the mark by which the daemon recognises it. */
  let ours: { readonly path: string; readonly mark: string } | undefined;
  let writing: Promise<void> | undefined;
  let prepared: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isDirty = false;
  let isOver = false;
  let lastFailure: string | undefined;
  let leader: string | undefined;
  let listening = '';
  let hungPaths = '';
  let pushes = '';
  /**
   * Monotonic ms at which the pause between two writes ends. The daemon starts with a pause, because it has to look
   * before it knows anything.
   */
  let restUntil = clock.now().monotonic + LEAST_REST;
  let renewAt = 0;

  function changed(): void {
    isDirty = true;
    if (timer || writing || isOver || path === '') return;
    timer = setTimeout(begin, Math.max(SOON, restUntil - clock.now().monotonic)).unref();
  }

  function begin(): void {
    timer = undefined;
    writing = write(false).then(() => {
      writing = undefined;
      if (isDirty) changed();
    });
  }

  /** Writes the snapshot and logs a failure. Never rejects. */
  async function write(isStopped: boolean): Promise<void> {
    isDirty = false;
    const { monotonic: began } = clock.now();
    renewAt = began + RENEWAL;
    const target = path;
    let rest = LEAST_REST;
    try {
      // Not at the start: a pod may be waiting for its first token. What is in the way shows in the write.
      prepared ??= prepare().catch(() => {});
      await prepared;
      const size = (await isOthers(target)) ? 0 : await replace(target, isStopped);
      rest = Math.min(MOST_REST, Math.max(LEAST_REST, (size / EACH_SECOND) * SECOND));
      if (lastFailure !== undefined) logger.info('the status file can be written again');
      lastFailure = undefined;
    } catch (error) {
      const { failure } = fileFailure('write', target, error);
      const { code, message } = failure;
      const line = `${message}; until then status shows what was written last`;
      if (code !== lastFailure) logger.warn(line, { code, ...toldFields(failure) });
      lastFailure = code;
      renewAt = began + RETRY;
    }
    restUntil = clock.now().monotonic + rest;
  }

  /**
   * Whether another daemon, which certainly runs, keeps the snapshot up to date: a daemon of the same configuration
   * on this host, while this process is its standby or a `once`. This process cannot tell whether a daemon of another
   * container still runs: that may be this very container before its restart.
   */
  async function isOthers(target: string): Promise<boolean> {
    const found = await stat(target, { bigint: true }).catch(() => undefined);
    if (!found || (ours?.path === target && replacementMark(found) === ours.mark)) return false;
    const snapshot = await readSnapshot(target, access.gid).catch(() => undefined);
    if (!snapshot || !['running', 'suspended'].includes(fateOf(snapshot, clock.now()))) return false;
    return hasEnded(snapshot.process) === false;
  }

  /** @returns the size of the new snapshot, in bytes */
  async function replace(target: string, isStopped: boolean): Promise<number> {
    const before = ours;
    let size = 0;
    const put = () => {
      const surroundings = { servers: options.servers(), hung: volumes.hung() };
      const text = encodeSnapshot(options.views(), clock.now(), isStopped, surroundings);
      return writeAtomically(target, text, attributes, async (look) => {
        const found = await look();
        ours = { path: target, mark: replacementMark(found) };
        size = Number(found.size);
        return true;
      });
    };
    await put().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await prepare();
      await put();
    });
    if (before && before.path !== target) await retire(before);
    return size;
  }

  /** Creates the folder and removes the files of daemons that are gone. */
  async function prepare(): Promise<void> {
    await makeFolderFor(stateDir, access);
    await makeFolderFor(folder, access);
    await sweepLeftovers(folder);
    for (const name of await readdir(folder)) {
      if (!SNAPSHOT_NAME.test(name)) continue;
      const found = await lstat(join(folder, name)).catch(() => undefined);
      const age = clock.now().wall - (found?.mtimeMs ?? clock.now().wall);
      if (age > FORGOTTEN) await unlink(join(folder, name)).catch(() => {});
    }
  }

  return {
    serve(credentials) {
      path = snapshotPath(stateDir, credentials);
      changed();
    },
    report(report) {
      if (isNews(report)) changed();
    },
    beat() {
      const now = options.leader();
      const servers = JSON.stringify(options.servers());
      const hung = volumes
        .hung()
        .map(({ path }) => path)
        .join('\n');
      const lost = options.pushes();
      const isNew = now !== leader || servers !== listening || hung !== hungPaths || lost !== pushes;
      if (isNew || clock.now().monotonic >= renewAt) changed();
      leader = now;
      listening = servers;
      hungPaths = hung;
      pushes = lost;
    },
    async stop(patience) {
      isOver = true;
      clearTimeout(timer);
      if (path === '') return;
      const last = (async () => {
        await writing;
        await write(true);
      })();
      await withPatience(last, patience);
    },
  };
}

/** Removes a snapshot that this daemon writes elsewhere from now on, unless another daemon has written it since. */
async function retire({ path, mark }: { readonly path: string; readonly mark: string }): Promise<void> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  if (found && replacementMark(found) === mark) await unlink(path).catch(() => {});
}

/** Waits for the work, but not longer than this many ms: a volume that hangs must not hold up the end of the daemon. */
async function withPatience(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** Whether a report changes the status; otherwise it only confirms it. */
export function isNews(report: Report): boolean {
  return report.type !== 'fetching' && !(report.type === 'published' && report.isKnown);
}
