import { dirname } from 'node:path';
import { decodePushedCodes, encodePushedCodes } from '../../codec/pushed-codes.ts';
import type { Clock, CodeStore } from '../../core/ports.ts';
import { isRemembered, MOST_CODES, type PushedCode, tooManyCodes } from '../../core/pushed-code.ts';
import { without } from '../../core/without.ts';
import { unlink } from '../../system/fs/files.ts';
import { type KeptFilesOptions, keptFiles } from './kept-files.ts';

/** Bytes. What is kept is less than a tenth of this. */
const LARGEST = 16 * 1024;

/** What the names of the files of a third party's codes begin with, after its record file. */
export function codesPath(record: string): string {
  return `${record}.code-`;
}

export interface CodeFilesOptions extends Pick<KeptFilesOptions<PushedCode>, 'access' | 'warn'> {
  /** Of the third party. */
  readonly account: string;
  readonly clock: Clock;
}

/** Keeps each code in a file of its own, whose name begins with `path`. */
export function codeFiles(path: string, { account, clock, access, warn }: CodeFilesOptions): CodeStore {
  const folder = dirname(path);
  const files = keptFiles<PushedCode>(path, {
    ...{ access, warn, largest: LARGEST },
    decode(text) {
      const [code] = decodePushedCodes(text, account);
      if (!code) throw new Error('a damaged authorisation code');
      return code;
    },
    encode: (code) => encodePushedCodes([code], account),
  });

  async function read(): Promise<readonly PushedCode[]> {
    const found = await Promise.all(
      (await files.list()).map(async (file) => ({ file, code: await files.read(file) })),
    );
    const now = clock.now().wall;
    const old = found.filter(({ code }) => code && !isRemembered(code, now));
    await Promise.all(old.map(({ file }) => unlink(file).catch(() => {})));
    return found.flatMap(({ code }) => (code && isRemembered(code, now) ? [code] : []));
  }

  return {
    read,
    async put(code) {
      const file = files.fileOf(code.mark);
      if (await files.read(file)) return 'known';
      if ((await files.list()).length >= MOST_CODES) {
        const waiting = (await read()).filter(({ value }) => value);
        if (waiting.length >= MOST_CODES) throw tooManyCodes(folder);
      }
      await files.write(file, code);
      return 'kept';
    },
    async settle(mark) {
      const file = files.fileOf(mark);
      const known = await files.read(file);
      if (!known?.value) return;
      await files.write(file, without(known, 'value'));
    },
  };
}
