import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { program } from './program.ts';

const leaver = program(new URL('./leaver.ts', import.meta.url));

/** Whether Node can leave with a code although a thread hangs. */
const canLeave = 'execve' in process;

async function pipe(): Promise<string> {
  const path = join(await temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

describe('a process that ends', () => {
  it('ends with its code', async () => {
    expect(await once(leaver.start([]), 'close')).toEqual([3, null]);
  });

  it('ends although a thread hangs: with its code, or killed where Node knows no other way', async () => {
    const ended = await once(leaver.start([await pipe()]), 'close');
    expect(ended).toEqual(canLeave ? [3, null] : [null, 'SIGKILL']);
  });

  it('ends although a thread hangs also as the first process of a container, which no signal kills', async (ctx) => {
    const said = JSON.parse(await leaver.run([await pipe(), '--first']));
    if (/^unshare: /m.test(said.stderr)) return ctx.skip(`no container can be made (${said.stderr.trim()})`);
    // What gave up on it would have been the test's TERM.
    expect(said.signal).not.toBe('SIGTERM');
    if (canLeave) expect(said.status).toBe(3);
  });
});
