import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pushed } from '../e2e/pushed-codes.ts';
import type { Program } from '../support/program.ts';
import { needsTool } from '../support/tools.ts';
import { eventually } from '../support/wait.ts';

/** One thread for files: strace counts the calls of each thread by itself. */
const ONE_THREAD = { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };

/** From now on the program is killed at a system call before that is made: at the one with that number among those calls. */
async function killAt({ pid }: Program, call: string, number: number, log: string): Promise<void> {
  const inject = `inject=${call}:signal=KILL:when=${number}`;
  const args = ['-f', '-o', log, '-p', String(pid), '-e', `trace=${call}`, '-e', inject];
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void strace.kill());
  let said = '';
  const [attached] = await Promise.race([
    new Promise<readonly [boolean]>((resolve) => {
      strace.stderr.on('data', (chunk) => {
        said += String(chunk);
        if (/attached/.test(said)) resolve([true]);
      });
    }),
    once(strace, 'exit').then(() => [false] as const),
  ]);
  if (!attached) throw new Error(`strace: ${said}`);
}

describe('kills from the push of an authorisation code on', () => {
  it('a code that was answered with success brings the token after a kill before any rename', async ({
    skip,
  }) => {
    await needsTool(skip, 'strace');
    const { listen, newToken, authorize, works, isWritten, lastAnswer, folder } = await pushed();
    const seen = { unanswered: 0, answered: 0 };
    for (let rename = 1; ; rename += 1) {
      const daemon = await listen(ONE_THREAD);
      await newToken('platform');
      await killAt(daemon, 'rename', rename, join(folder, 'trace'));
      const code = await authorize(false);
      const isKilled = await Promise.race([
        daemon.exited.then(() => true),
        eventually(
          async () => (await works()) && (await lastAnswer()) === '200 success' && !(await isWritten(code)),
        ),
      ]);
      const answer = await lastAnswer();
      const isDone = (await works()) && !(await isWritten(code));
      if (isKilled !== true || isDone) {
        daemon.signal('SIGKILL');
        await daemon.exited;
        break;
      }
      const next = await listen();
      if (answer === '200 success') seen.answered += 1;
      else {
        seen.unanswered += 1;
        // The platform knows that nobody has it. Whether it pushes it again is not known; the next authorisation is.
        await authorize(false);
      }
      await eventually(works, { for: `the token after rename ${rename}, which was answered ${answer}` });
      next.signal('SIGTERM');
      await next.exited;
    }
    process.stdout.write(
      `a code: killed at ${seen.unanswered} renames before success, at ${seen.answered} after it\n`,
    );
    expect(seen.unanswered).toBeGreaterThan(0);
    expect(seen.answered).toBeGreaterThan(1);
  });
});
