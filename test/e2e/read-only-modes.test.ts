import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type AtEnd, startProgram } from '../support/program.ts';
import { isRoot, modeOf } from '../system/folder.ts';
import { workbench } from './workbench.ts';

const NOBODY = 65_534;

/** A daemon that is not root, for whom the mode of a file is more than a remark. */
async function asNobody(mode: string, atEnd: AtEnd) {
  const bench = await workbench(atEnd);
  const volume = join(bench.folder, 'volume');
  const secretFile = bench.env()['WXTOKEN_SECRET_FILE'] ?? '';
  await mkdir(volume);
  await chmod(bench.folder, 0o755);
  if (isRoot) for (const path of [volume, secretFile]) await chown(path, NOBODY, NOBODY);
  const env = bench.env({ WXTOKEN_FILE_MODE: mode });
  const start = (...args: string[]) => startProgram(args, { env, ...(isRoot && { uid: NOBODY }) }, atEnd);
  return { ...bench, start, files: [bench.file, `${bench.file}.json`] };
}

it.concurrent.for([
  { mode: '0400', bits: 0o400, told: /mode 0400: \S+.* reads, group \S+.* nothing, others nothing/ },
  { mode: '0440', bits: 0o440, told: /mode 0440: \S+.* reads, group \S+.* reads, others nothing/ },
])(
  'files of mode $mode are published, mended, adopted and replaced by a daemon that is not root',
  async ({ mode, bits, told }, { onTestFinished }) => {
    const { start, file, files, newToken, fetches } = await asNobody(mode, onTestFinished);

    const check = start('check');
    expect(await check.exited, check.stderr()).toMatchObject({ code: 0 });
    expect(check.stdout()).toMatch(told);

    const once = async () => {
      const program = start('once');
      expect(await program.exited, program.stderr()).toEqual({ code: 0, signal: null });
      expect(await Promise.all(files.map(modeOf))).toEqual([bits, bits]);
    };
    await once();
    const token = await newToken();

    // What somebody did to the files is undone: to the mode, to the content, to the file itself.
    const { ino } = await stat(file);
    await chmod(file, 0o600);
    await once();
    expect((await stat(file)).ino).toBe(ino);
    await chmod(file, 0o600);
    await writeFile(file, 'something else entirely');
    await once();
    await rm(`${file}.json`);
    await once();
    expect(await readFile(file, 'utf8')).toBe(token);

    // The daemon reads what it finds, and fetches nothing until it is asked to.
    const daemon = start('run');
    await daemon.logged(/^adopted/);
    expect(await fetches()).toHaveLength(1);
    const refresh = start('refresh', '--force');
    expect(await refresh.exited, refresh.stderr()).toMatchObject({ code: 0 });
    expect(await newToken(token)).not.toBe(token);
    expect(await Promise.all(files.map(modeOf))).toEqual([bits, bits]);
  },
);
