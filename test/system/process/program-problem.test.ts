import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programProblem } from '../../../src/system/process/program-problem.ts';
import { englishOf } from '../../config/told.ts';
import { temporaryFolder } from '../folder.ts';

describe('checks of programs', () => {
  it('a program may be given by its path or by a link', async () => {
    const folder = await temporaryFolder();
    await symlink(process.execPath, join(folder, 'node'));
    expect(await programProblem(process.execPath)).toBeUndefined();
    expect(await programProblem(join(folder, 'node'))).toBeUndefined();
  });

  it('a missing program is reported with the advice to look into the image', async () => {
    const path = join(await temporaryFolder(), 'hook');
    expect(englishOf(await programProblem(path))).toContain(
      `${path} is not there: see that it is in the image of the sidecar`,
    );
    await writeFile(path, '', { mode: 0o755 });
    expect(englishOf(await programProblem(`${path}/hook`))).toBe(
      `${path}/hook is not there: a part of its path is a file`,
    );
  });

  it('a file without execute permission is reported with advice', async () => {
    const path = join(await temporaryFolder(), 'hook');
    await writeFile(path, '#!/bin/sh\n', { mode: 0o644 });
    expect(englishOf(await programProblem(path))).toContain(`${path} may not be executed: chmod a+x`);
  });

  it('a folder or a FIFO is reported as no program', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'bin'));
    execFileSync('mkfifo', ['-m', '0777', join(folder, 'fifo')]);
    expect(englishOf(await programProblem(join(folder, 'bin')))).toBe(
      `${folder}/bin is a folder, not a program`,
    );
    expect(englishOf(await programProblem(join(folder, 'fifo')))).toMatch(/is not a regular file/);
  });
});
