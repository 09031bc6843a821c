import type { BigIntStats } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Subject } from '../codec/details.ts';
import type { Token } from '../core/credential.ts';
import type { Failure } from '../core/failure.ts';
import type { Clock, Judge, Publisher } from '../core/ports.ts';
import type { Published } from '../core/published.ts';
import { type Text, verbatim } from '../core/text.ts';
import type { Instant } from '../core/time.ts';
import { key, preset } from '../schema/blocks.ts';
import { AbsolutePath, Flag, Group, Mode } from '../schema/values.ts';
import { type Attributes, sweepNowAndThen, writeAtomically } from '../system/fs/atomic-write.ts';
import { attributesFailure, fileFailure, fileProblem, hasAttributes } from '../system/fs/file-failure.ts';
import {
  constants,
  type FileHandle,
  glanceAt,
  isUnanswered,
  lstat,
  open,
  rmdir,
  unlink,
  volumes,
} from '../system/fs/files.ts';
import { makeFolder } from '../system/fs/make-folder.ts';
import { pathProblem } from '../system/fs/path-problem.ts';
import { changeMark, isSettled, type RegularFile, readWhole } from '../system/fs/read-regular-file.ts';
import { systemClock } from '../system/time/clock.ts';
import type { FileTarget } from './file-target.ts';
import { formats, holdsEntry } from './formats.ts';
import { type TargetConfig, targetKind } from './kind.ts';
import { LARGEST, type PublishedReader, publishedReader } from './published-file.ts';

/** Returns the files of a target in the order in which they are written. */
export function filesOf({ path, format, details }: Pick<FileTarget, 'path' | 'format' | 'details'>) {
  const main = { path, format };
  return details ? [{ path: `${path}.json`, format: 'json' as const }, main] : [main];
}

/** Returns the name of a target in logs, metrics and state. */
export function idOf({ path }: Pick<FileTarget, 'path'>): string {
  // From a list it is one text; put together otherwise it would keep its parts, for each account.
  return ['file:', path].join('');
}

/** Creates a publisher for a file. The file is absent until the first success, and from then on always whole. */
export function filePublisher(
  target: Omit<FileTarget, 'of'>,
  subject: Subject,
  clock: Clock = systemClock,
): Publisher {
  return new FilePublisher(target, subject, clock);
}

/** WARNING: there is one for every account, so a field more is thousands of fields. */
class FilePublisher implements Publisher {
  readonly id: string;
  readonly #target: Omit<FileTarget, 'of'>;
  readonly #subject: Subject;
  readonly #clock: Clock;
  readonly #reader: PublishedReader;
  /** The files that do not have the mode and group that were set, and how they differ. Absent: none. */
  #flaws: readonly (readonly [path: string, flaw: Failure])[] | undefined;
  /** Whether the mode and group of a file were looked at after it was written. */
  #isChecked = false;
  #areDetailsChecked = false;
  /** The token that all files were last found to hold, and what they were then: see {@link marksOf}. */
  #verified: Token | undefined;
  #marks: string | undefined;

  constructor(target: Omit<FileTarget, 'of'>, subject: Subject, clock: Clock) {
    this.id = idOf(target);
    this.#target = target;
    this.#subject = subject;
    this.#clock = clock;
    this.#reader = publishedReader(target, subject);
  }

  get tellsAll(): boolean {
    return this.#target.details || this.#target.format !== 'raw';
  }

  flaw(): Failure | undefined {
    return this.#flaws?.[0]?.[1];
  }

  async prepare(): Promise<readonly Text[]> {
    const folder = dirname(this.#target.path);
    try {
      await makeFolder(folder);
      await sweepNowAndThen(folder);
    } catch (error) {
      // That passes, and other targets and accounts need not wait for it: the first write tries again.
      if (isUnanswered(error)) return [];
      return [fileProblem('create the folder', folder, error)];
    }
    const problems = await Promise.all(pathsOf(this.#target).map((path) => pathProblem(path)));
    return problems.filter((problem) => problem !== undefined);
  }

  async retire(): Promise<readonly string[]> {
    const { path: main } = this.#target;
    // A file without its details may be anybody's by now.
    const found = await this.#reader.read();
    if (!found || found.isBare) return [];
    const removed: string[] = [];
    try {
      for (const path of pathsOf(this.#target).toReversed()) {
        if (await isGone(unlink(path))) removed.push(path);
      }
    } catch (error) {
      throw fileFailure('remove', main, error);
    }
    // Where each account has a folder of its own it would stay for ever. One with anything in it stays.
    const folder = dirname(main);
    if (removed.length > 0 && basename(folder).includes(this.#subject.appId)) {
      await rmdir(folder).catch(() => {});
    }
    return removed;
  }

  isAsPublished(token: Token): boolean {
    return (
      this.#isVerified(token) && marksOf(pathsOf(this.#target).map((path) => glanceAt(path))) === this.#marks
    );
  }

  published(): Promise<Published | undefined> {
    return this.#reader.read();
  }

  async publish(token: Token, judge: Judge): ReturnType<Publisher['publish']> {
    if (await this.#areAsVerified(token)) return 'unchanged';
    this.#verify(undefined, undefined);
    const target = this.#target;
    const contents = filesOf(target).map((file) => ({
      ...file,
      content: formats[file.format](token, this.#subject),
    }));
    const missing: typeof contents = [];
    /** Whether readers get another value: that its mode or its details were mended is no news to them. */
    let isNews = false;
    const seen: (BigIntStats | undefined)[] = [];
    const known = new Map<string, RegularFile>();
    // In the other order than they are written, as the reader has it.
    for (const file of contents.toReversed()) {
      const look = await held(file.path, file.content, target, this.#clock.now());
      if (look.found) known.set(file.path, look.found);
      seen.unshift(look.settled);
      // A file that has its mode by now only needed it again.
      if (look.attributes) this.#noteAttributes(file.path, look.attributes);
      else missing.unshift(file);
      if (file.path === target.path) isNews = !look.isSame;
    }
    if (missing.length === 0) {
      this.#verify(token, marksOf(seen));
      this.#reader.settle(token, contents);
      return 'unchanged';
    }
    const found = await this.#reader.read(known);
    const precedence = found && judge.weigh(found);
    if (found && precedence === 'newer') return (await judge.isNewest()) ? found : 'superseded';
    const isStranger = found && this.#reader.isOthers() && isOfAnotherStore(found.token, token);
    if (isStranger && (await judge.isNewest())) judge.shared();
    // The same token with the times of another daemon is left alone: otherwise two would overwrite each other for
    // ever. What this process finds when it begins is brought up to date once.
    if (
      precedence === 'same' &&
      this.#reader.isSettled() &&
      missing.every(({ format }) => holdsEntry(format))
    ) {
      this.#reader.settle(token, []);
      return 'unchanged';
    }
    for (const { path, content } of missing) {
      if (!(await replace(path, content, target, judge.isNewest))) return 'superseded';
      await this.#checkOnce(path);
    }
    this.#reader.settle(token, contents);
    await sweepNowAndThen(dirname(target.path));
    return isNews ? 'written' : 'mended';
  }

  /** Whether a volume ignores modes is seen once: it does not change while it is mounted. */
  async #checkOnce(path: string): Promise<void> {
    const isMain = path === this.#target.path;
    if (isMain ? this.#isChecked : this.#areDetailsChecked) return;
    this.#noteAttributes(path, await lstat(path));
    if (isMain) this.#isChecked = true;
    else this.#areDetailsChecked = true;
  }

  #noteAttributes(path: string, found: { readonly mode: number; readonly gid: number }): void {
    const flaws = (this.#flaws ?? []).filter(([other]) => other !== path);
    if (!hasAttributes(found, this.#target)) {
      flaws.push([path, attributesFailure(path, this.#target, found)]);
    }
    this.#flaws = flaws.length > 0 ? flaws : undefined;
  }

  #verify(token: Token | undefined, marks: string | undefined): void {
    this.#verified = marks === undefined ? undefined : token;
    this.#marks = marks;
  }

  /** Whether all files held this token when they were last read. */
  #isVerified(token: Token): boolean {
    if (!this.#verified || !isSameToken(this.#verified, token)) return false;
    // That of a record that was read again: the former one need not be kept beside it.
    this.#verified = token;
    return true;
  }

  /** Whether all files are as they were when they were last read. Where others may write unseen it says no. */
  async #areAsVerified(token: Token): Promise<boolean> {
    const paths = pathsOf(this.#target);
    if (!this.#isVerified(token) || !paths.every((path) => volumes.isNear(path))) return false;
    const found = await Promise.all(
      paths.map((path) => lstat(path, { bigint: true }).catch(() => undefined)),
    );
    return marksOf(found) === this.#marks;
  }
}

/** The same as {@link filesOf}, for those who look thousands of times. */
function pathsOf({ path, details }: Pick<FileTarget, 'path' | 'details'>): readonly string[] {
  return details ? [`${path}.json`, path] : [path];
}

/** By which a change of any of the files is seen; undefined where one of them is not known. */
function marksOf(files: readonly (BigIntStats | undefined)[]): string | undefined {
  const marks = files.map((found) => found && changeMark(found));
  return marks.includes(undefined) ? undefined : marks.join(' ');
}

/** Whether a file has been removed; false where it was not there. */
function isGone(removal: Promise<void>): Promise<boolean> {
  return removal.then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Whether two are one token with the same times: a record that was read again has objects of its own. */
function isSameToken(one: Token, other: Token): boolean {
  return (
    one.generation === other.generation && one.expiresAt === other.expiresAt && one.value.equals(other.value)
  );
}

/**
 * Whether a token that is no newer than ours was published from another store. A neighbour that shares our record may
 * have been the one to publish it, or an earlier one: their generations are those of our record.
 */
function isOfAnotherStore(found: Token, ours: Token): boolean {
  return (
    found.generation > ours.generation ||
    (found.generation === ours.generation && !found.value.equals(ours.value))
  );
}

async function replace(
  path: string,
  content: string,
  attributes: Attributes,
  isWanted: () => Promise<boolean>,
): Promise<boolean> {
  const write = () => writeAtomically(path, content, attributes, isWanted);
  try {
    return await write().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await makeFolder(dirname(path));
      return write();
    });
  } catch (error) {
    throw fileFailure('write', path, error);
  }
}

interface Held {
  /** Whether a regular file with the content is there. */
  readonly isSame: boolean;
  /** Mode and group that it has; absent when it has to be written. */
  readonly attributes?: { readonly mode: number; readonly gid: number };
  /** What the file was; absent for one that has just been written, whose next change may not show. */
  readonly settled?: BigIntStats;
  /** What was read there. */
  readonly found?: RegularFile;
}

/**
 * Looks whether a regular file with this content is there, so that there is nothing to write, and gives it its mode and
 * group again where it has others. A volume may ignore that, without an error: then the file stays as it is.
 */
async function held(path: string, content: string, wanted: Attributes, now: Instant): Promise<Held> {
  let file: FileHandle | undefined;
  let isSame = false;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat({ bigint: true });
    if (!stat.isFile()) return { isSame };
    const text = await readWhole(file, Math.max(LARGEST, Buffer.byteLength(content)), Number(stat.size));
    isSame = stat.size === BigInt(Buffer.byteLength(content)) && text === content;
    if (!isSame) return { isSame, found: { text, stat } };
    const attributes = { mode: Number(stat.mode), gid: Number(stat.gid) };
    if (hasAttributes(attributes, wanted))
      return { isSame, attributes, ...(isSettled(stat, now.wall) && { settled: stat }) };
    if (wanted.gid !== undefined) await file.chown(process.geteuid?.() ?? -1, wanted.gid);
    await file.chmod(wanted.mode);
    return { isSame, attributes: await file.stat() };
  } catch {
    // Somebody else's file may not be changed, but it can be replaced.
    return { isSame };
  } finally {
    await file?.close();
  }
}

const options = {
  path: key(AbsolutePath, 'Absolute path of the file. Its folder is what apps mount, never the file itself.'),
  details: key(
    Flag,
    'Whether PATH.json is kept beside a raw file, written first, with the times. Default: true for raw.',
  ),
  mode: preset(Mode, 'Octal permission bits, in quotes.', '0640'),
  group: key(Group, 'Group of the file, by name or number. Default: that of the daemon or of the folder.'),
};

const PATH: Text = { en: 'the absolute path of the file', zh: '文件的绝对路径' };

/** The kind of target that is a file on a volume that apps share. */
export const fileKind = targetKind<typeof options, FileTarget>({
  type: 'file',
  description: 'A file, replaced in one step.',
  options,
  required: ['path'],
  writesFiles: true,
  async resolve(settings, { at, isMissing, groupOf, siblings }) {
    const { type, path, of, format, details, mode, group } = settings;
    const gid = await groupOf(group, [...at, 'group']);
    if (isMissing([...at, 'path'], path, PATH) || path === undefined) {
      return undefined;
    }
    // If another target publishes the details to `PATH.json` already, a second writer is not wanted.
    const hasDetailsTarget = siblings.some(
      (one) => one.type === type && one.format === 'json' && one.of === of && one['path'] === `${path}.json`,
    );
    const kept = details ?? (format === 'raw' && !hasDetailsTarget);
    return { type, path, of, format, details: kept, mode, ...(gid !== undefined && { gid }) };
  },
  idOf,
  places: (target) =>
    filesOf(target)
      .toReversed()
      .map(({ path }) => ({ words: verbatim(path), file: { path, isDetails: path !== target.path } })),
  open:
    ({ clock }) =>
    (target, subject) =>
      filePublisher(target, subject, clock),
  inspect: async (targets, host) => (await import('./file-check.ts')).inspectFiles(targets, host),
});

/** Tells whether a target is a file. */
export function isFileTarget(target: TargetConfig): target is FileTarget {
  return target.type === fileKind.type;
}
