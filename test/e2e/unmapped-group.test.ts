import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BUILT_PROGRAM, startProcess } from '../support/program.ts';
import { needsTool } from '../support/tools.ts';
import { workbench } from './workbench.ts';

/** A user namespace in which this user is root, and no other user or group exists. */
const ALONE = ['--user', '--map-root-user'];

describe('a group that the user namespace does not map', () => {
  it('check warns of it, and the daemon says what is wrong and what to do', async (ctx) => {
    await needsTool(ctx.skip, 'unshare');
    const isAllowed = await promisify(execFile)('unshare', [...ALONE, 'true']).then(
      () => true,
      () => false,
    );
    if (!isAllowed) return ctx.skip('user namespaces are not allowed here');
    const bench = await workbench(ctx.onTestFinished);
    const start = (command: string) =>
      startProcess(
        'unshare',
        [...ALONE, process.execPath, BUILT_PROGRAM, command],
        { env: bench.env({ WXTOKEN_FILE_GROUP: '4321' }) },
        ctx.onTestFinished,
      );

    const check = start('check');
    expect(await check.exited).toMatchObject({ code: 0 });
    expect(check.stdout()).toMatch(
      /WARNING +\S+ cannot be given to group 4321, which the user namespace .* does not map/,
    );

    const daemon = start('run');
    const line = await daemon.logged((one) => one['code'] === 'EINVAL');
    expect(line.message).toMatch(/^cannot write .*: EINVAL$/);
    expect(line['advice']).toMatch(/user namespace does not map it/);
  });
});
