import { constants, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Subject } from '../codec/details.ts';
import type { Token } from '../core/credential.ts';
import type { Publisher } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import { AbsolutePath, Flag, Group, key, Mode, preset } from '../schema/values.ts';
import { type Attributes, sweepNowAndThen, writeAtomically } from '../system/fs/atomic-write.ts';
import { fileFailure, fileProblem } from '../system/fs/file-failure.ts';
import { makeFolder } from '../system/fs/make-folder.ts';
import { pathProblem } from '../system/fs/path-problem.ts';
import type { FileTarget } from './file-target.ts';
import { formats } from './formats.ts';
import { type TargetConfig, targetKind } from './kind.ts';

/** Returns the files of a target in the order in which they are written. */
export function filesOf({ path, format, details }: Pick<FileTarget, 'path' | 'format' | 'details'>) {
  return [...(details ? [{ path: `${path}.json`, format: 'json' as const }] : []), { path, format }];
}

/** Returns the name of a target in logs, metrics and state. */
export function idOf({ path }: Pick<FileTarget, 'path'>): string {
  return `file:${path}`;
}

/** Creates a publisher for a file. The file is absent until the first success, and from then on always whole. */
export function filePublisher(target: Omit<FileTarget, 'of'>, subject: Subject): Publisher {
  const files = filesOf(target);
  const folder = dirname(target.path);
  /**
   * The value that was published last. If the next value differs, the files cannot hold it yet, so they are not
   * compared first.
   */
  let last: Secret | undefined;

  return {
    id: idOf(target),

    async prepare() {
      try {
        await makeFolder(folder);
        await sweepNowAndThen(folder);
      } catch (error) {
        return [fileProblem('create the folder', folder, error)];
      }
      const problems = await Promise.all(files.map((file) => pathProblem(file.path)));
      return problems.filter((problem) => problem !== undefined);
    },

    async publish(token: Token, isNewest) {
      let result: 'written' | 'unchanged' = 'unchanged';
      const isNext = last !== undefined && last.reveal() !== token.value.reveal();
      last = undefined;
      for (const file of files) {
        const content = formats[file.format](token, subject);
        if (!isNext && (await holds(file.path, content, target))) continue;
        if (!(await replace(file.path, content, target, isNewest))) return 'superseded';
        result = 'written';
      }
      last = token.value;
      if (result === 'written') await sweepNowAndThen(folder);
      return result;
    },
  };
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

/** Tells whether a regular file with this content, mode and group exists, so that there is nothing to write. */
async function holds(path: string, content: string, { mode, gid }: Attributes): Promise<boolean> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat();
    const same =
      stat.isFile() &&
      (stat.mode & 0o7777) === mode &&
      (gid === undefined || stat.gid === gid) &&
      stat.size === Buffer.byteLength(content);
    return same && (await file.readFile('utf8')) === content;
  } catch {
    return false;
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
    if (isMissing([...at, 'path'], path, 'the absolute path of the file') || path === undefined) {
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
      .map(({ path }) => ({ words: path, file: { path, isDetails: path !== target.path } })),
  open: () => filePublisher,
  inspect: async (targets, host) => (await import('./file-check.ts')).inspectFiles(targets, host),
});

/** Tells whether a target is a file. */
export function isFileTarget(target: TargetConfig): target is FileTarget {
  return target.type === fileKind.type;
}
