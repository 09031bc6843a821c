import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programProblem } from '../../src/system/program-problem.ts';
import { temporaryFolder } from './folder.ts';

describe('a program', () => {
  it('may be started where it is, also through a link', async () => {
    const folder = await temporaryFolder();
    await symlink(process.execPath, join(folder, 'node'));
    expect(await programProblem(process.execPath)).toBeUndefined();
    expect(await programProblem(join(folder, 'node'))).toBeUndefined();
  });

  it('that is not there is looked for in the wrong image', async () => {
    const path = join(await temporaryFolder(), 'hook');
    expect(await programProblem(path)).toContain(
      `${path} is not there: see that it is in the image of the sidecar`,
    );
    await writeFile(path, '', { mode: 0o755 });
    expect(await programProblem(`${path}/hook`)).toBe(
      `${path}/hook is not there: a part of its path is a file`,
    );
  });

  it('may not be a file that nobody may execute', async () => {
    const path = join(await temporaryFolder(), 'hook');
    await writeFile(path, '#!/bin/sh\n', { mode: 0o644 });
    expect(await programProblem(path)).toContain(`${path} may not be executed: chmod a+x`);
  });

  it('may not be a folder or a FIFO', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'bin'));
    execFileSync('mkfifo', ['-m', '0777', join(folder, 'fifo')]);
    expect(await programProblem(join(folder, 'bin'))).toBe(`${folder}/bin is a folder, not a program`);
    expect(await programProblem(join(folder, 'fifo'))).toMatch(/is not a regular file/);
  });
});
