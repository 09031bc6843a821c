import { constants, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Subject } from '../codec/details.ts';
import type { Token } from '../core/credential.ts';
import type { Publisher } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import { type Attributes, sweepNowAndThen, writeAtomically } from '../system/fs/atomic-write.ts';
import { fileFailure, fileProblem } from '../system/fs/file-failure.ts';
import { makeFolder } from '../system/fs/make-folder.ts';
import { pathProblem } from '../system/fs/path-problem.ts';
import { type FormatName, formats } from './formats.ts';

export interface FileTarget extends Attributes {
  readonly type: 'file';
  readonly path: string;
  readonly format: FormatName;
  /** Also keep `PATH.json`, written first: whoever sees the new value finds its details. */
  readonly details: boolean;
}

/** What a target keeps, in the order in which it is written. */
export function filesOf({ path, format, details }: Pick<FileTarget, 'path' | 'format' | 'details'>) {
  return [...(details ? [{ path: `${path}.json`, format: 'json' as const }] : []), { path, format }];
}

/** What it is called in logs, metrics and state. */
export function idOf({ path }: Pick<FileTarget, 'path'>): string {
  return `file:${path}`;
}

/** Publishes into a file that is absent until the first success and from then on always whole. */
export function filePublisher(target: FileTarget, subject: Subject): Publisher {
  const files = filesOf(target);
  const folder = dirname(target.path);
  /** What was published last: the files cannot hold the next one yet. */
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

/** Whether the file is there, regular, with this content, mode and group: then there is nothing to write. */
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
