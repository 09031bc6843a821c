import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/wait.ts';
import { namesIn } from '../system/folder.ts';
import { check } from './checking.ts';
import { workbench } from './workbench.ts';

describe('a feedback folder that is not there', () => {
  it('the daemon says so once and publishes, and reads the folder once it is there', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const folder = join(bench.folder, 'feedback');
    const daemon = bench.run({ WXTOKEN_FEEDBACK_DIR: folder });
    await bench.newToken();
    const told = (line: { readonly message: string }) => line.message.includes(folder);
    const line = await daemon.logged(told);
    expect(line).toMatchObject({
      level: 'warn',
      code: 'ENOENT',
      message: `the feedback folder ${folder} is not there (ENOENT): the reports of apps about refused tokens are not heard`,
      advice: expect.stringContaining('create it'),
    });

    await mkdir(folder);
    await daemon.logged(/^the feedback folder .+ is read again$/);
    expect(daemon.log().filter(told)).toHaveLength(2);
    await writeFile(join(folder, 'report'), 'a-token-of-somebody-else');
    await eventually(async () => (await namesIn(folder)).length === 0);
  });

  it('check warns of it, and of one that is a file, and describes one that is good', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const [missing, file, good] = ['missing', 'file', 'good'].map((name) => join(bench.folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(file, '');
    await mkdir(good, { mode: 0o733 });
    const said = async (folder: string) => (await check(bench, { WXTOKEN_FEEDBACK_DIR: folder })).stdout;
    expect(await said(missing)).toMatch(
      /^feedback folder\n {2}folder .+\n {2}WARNING +the feedback folder \S+ is not there \(ENOENT\): .+; create it/m,
    );
    expect(await said(file)).toMatch(/WARNING +the feedback folder \S+ is no folder \(ENOTDIR\)/);
    expect(await said(good)).toMatch(/^feedback folder\n {2}folder +\S+: is there with mode 0\d+, writable/m);
  });
});
