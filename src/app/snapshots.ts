import { lstat, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { CredentialConfig } from '../config/config.ts';
import type { Report } from '../core/events/report.ts';
import type { View } from '../core/plan.ts';
import type { Clock, Unit } from '../core/ports.ts';
import { DAY, SECOND } from '../core/time.ts';
import type { Logger } from '../observability/log/logger.ts';
import { encodeSnapshot } from '../observability/status/snapshot.ts';
import {
  fateOf,
  RENEWAL,
  readSnapshot,
  SNAPSHOT_NAME,
  snapshotFolder,
  snapshotPath,
} from '../observability/status/snapshot-file.ts';
import { sweepLeftovers, writeAtomically } from '../system/fs/atomic-write.ts';
import { fileFailure } from '../system/fs/file-failure.ts';
import { type Access, makeFolderFor } from '../system/fs/make-folder.ts';
import { replacementMark } from '../system/fs/read-regular-file.ts';
import { hasEnded } from '../system/process/process-identity.ts';

/** Writes down what the daemon knows, for the command `status`: soon after each change, once a minute, and at the end. */
export interface Snapshots {
  /** Creates the folder, and removes what daemons have left there that are gone. What stands in the way a write tells. */
  prepare(): Promise<void>;
  /** From now on these are published. */
  serve(credentials: readonly CredentialConfig[]): void;
  /** Something has happened. Returns at once; the loop never waits for a write, and no failure of one reaches it. */
  report(unit: Pick<Unit, 'id'> | undefined, report: Report): void;
  /** The daemon has looked at the clock. */
  beat(): void;
  /**
   * Writes for the last time, that the daemon has stopped.
   * @param patience what that may take, ms
   */
  stop(patience: number): Promise<void>;
}

export interface SnapshotsOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  readonly views: () => readonly View[];
  /** Who refreshes for all, where that is another daemon. */
  readonly leader: () => string | undefined;
  readonly stateDir: string;
  /** Who may use the state folder. */
  readonly access: Access;
}

/** One change seldom comes alone, ms. */
const SOON = 0.1 * SECOND;

/**
 * Between two writes, in ms: a second, and longer for what is large. Of thousands of credentials one changes every few
 * seconds, and each time more than a megabyte is made and written.
 */
const LEAST_REST = SECOND;
const MOST_REST = 15 * SECOND;

/** Characters. */
const EACH_SECOND = 100_000;

/** After one that failed, ms. */
const RETRY = 5 * SECOND;

/** A snapshot is renewed every minute, so one that is as old as this was left by a daemon that is not coming back. */
const FORGOTTEN = 7 * DAY;

export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { clock, logger, stateDir, access } = options;
  const attributes = { mode: access.mode & 0o660, ...(access.gid !== undefined && { gid: access.gid }) };
  const folder = snapshotFolder(stateDir);
  const isNews = createNews();
  let path = '';
  /** The snapshot that this daemon wrote last, and how to know it again. */
  let ours: { readonly path: string; readonly mark: string } | undefined;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isDirty = false;
  let isOver = false;
  let lastFailure: string | undefined;
  let leader: string | undefined;
  /** Monotonic ms. The first moments are left alone: a daemon that starts has to look before it knows anything. */
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

  /** Never rejects. */
  async function write(isStopped: boolean): Promise<void> {
    isDirty = false;
    const { monotonic: began } = clock.now();
    renewAt = began + RENEWAL;
    const target = path;
    let rest = LEAST_REST;
    try {
      const size = (await isOthers(target)) ? 0 : await replace(target, isStopped);
      rest = Math.min(MOST_REST, Math.max(LEAST_REST, (size / EACH_SECOND) * SECOND));
      if (lastFailure !== undefined) logger.info('the status file can be written again');
      lastFailure = undefined;
    } catch (error) {
      const { code, message, advice } = fileFailure('write', target, error).failure;
      const line = `status knows only what the published files tell: ${message}`;
      if (code !== lastFailure) logger.warn(line, { code, ...(advice && { advice }) });
      lastFailure = code;
      renewAt = began + RETRY;
    }
    restUntil = clock.now().monotonic + rest;
  }

  /**
   * Whether another daemon keeps it up to date that surely runs: one of the same configuration on this host, beside which
   * this one stands by, or is a `once`. Whether one of another container still runs nobody can ask: it may be this very
   * container before it was started anew.
   */
  async function isOthers(target: string): Promise<boolean> {
    const found = await stat(target, { bigint: true }).catch(() => undefined);
    if (!found || (ours?.path === target && replacementMark(found) === ours.mark)) return false;
    const snapshot = await readSnapshot(target, access.gid).catch(() => undefined);
    if (!snapshot || fateOf(snapshot, clock.now()) !== 'running') return false;
    return hasEnded(snapshot.process) === false;
  }

  /** @returns how large it has become, in characters */
  async function replace(target: string, isStopped: boolean): Promise<number> {
    const text = await encodeSnapshot(options.views(), clock.now(), isStopped);
    const before = ours;
    const put = () =>
      writeAtomically(target, text, attributes, async (look) => {
        ours = { path: target, mark: replacementMark(await look()) };
        return true;
      });
    await put().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await prepare();
      await put();
    });
    if (before && before.path !== target) await retire(before);
    return text.length;
  }

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
    prepare: () => prepare().catch(() => {}),
    serve(credentials) {
      path = snapshotPath(stateDir, credentials);
      changed();
    },
    report(unit, report) {
      if (isNews(unit, report)) changed();
    },
    beat() {
      const now = options.leader();
      if (now !== leader || clock.now().monotonic >= renewAt) changed();
      leader = now;
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

/** Removes a snapshot that is written elsewhere from now on, unless another daemon has written it since. */
async function retire({ path, mark }: { readonly path: string; readonly mark: string }): Promise<void> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  if (found && replacementMark(found) === mark) await unlink(path).catch(() => {});
}

/** A volume that hangs must not hold up the end of the daemon. */
async function withPatience(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/**
 * Tells what changes the status from what only confirms it: each target is looked at once a minute, and that it is as it
 * should be is news only where it was not known.
 */
export function createNews(): (unit: Pick<Unit, 'id'> | undefined, report: Report) => boolean {
  const held = new Map<string, number>();
  return (unit, report) => {
    if (report.type === 'fetching') return false;
    if (report.type !== 'published' && report.type !== 'unpublished') return true;
    const key = `${unit?.id} ${report.target}`;
    const before = held.get(key);
    if (report.type === 'unpublished') held.delete(key);
    else held.set(key, report.expiresAt);
    return report.type === 'unpublished' || report.result === 'written' || before !== report.expiresAt;
  };
}
