import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missing } from '../../support/tools.ts';
import { temporaryFolder } from '../folder.ts';
import { program } from '../program.ts';

const leaver = program(new URL('./leaver.ts', import.meta.url));

/** Whether Node can leave with a code although a thread hangs. */
const canLeave = 'execve' in process;

async function pipe(): Promise<string> {
  const path = join(await temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

describe('ending a process', () => {
  it('a process ends with its exit code', async () => {
    expect(await once(leaver.start([]), 'close')).toEqual([3, null]);
  });

  it('a process with a hanging thread ends with its exit code, or with SIGKILL on older Node', async () => {
    const ended = await once(leaver.start([await pipe()]), 'close');
    expect(ended).toEqual(canLeave ? [3, null] : [null, 'SIGKILL']);
  });

  it('a process with a hanging thread ends even as the first process of a container', async (ctx) => {
    const said = JSON.parse(await leaver.run([await pipe(), '--first']));
    if (said.error?.code === 'ENOENT') return ctx.skip(missing('unshare'));
    if (/^unshare: /m.test(said.stderr)) return ctx.skip(`no container can be made (${said.stderr.trim()})`);
    // What gave up on it would have been the test's TERM.
    expect(said.signal).not.toBe('SIGTERM');
    if (canLeave) expect(said.status).toBe(3);
  });
});
