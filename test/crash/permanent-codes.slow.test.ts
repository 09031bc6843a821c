import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXCHANGE, pushedSuite } from '../e2e/permanent-codes.ts';
import { contentOf } from '../support/files.ts';
import { BUILT_PROGRAM, type Program, startProcess } from '../support/program.ts';
import { needsTool } from '../support/tools.ts';
import { eventually } from '../support/wait.ts';

const LOST = /^an authorisation code of a corp was lost/;

/** The program that strace runs. */
async function tracedBy(tracer: Program): Promise<number | undefined> {
  const children = `/proc/${tracer.pid}/task/${tracer.pid}/children`;
  const [pid] = (await readFile(children, 'utf8').catch(() => '')).trim().split(' ');
  return pid ? Number(pid) : undefined;
}

async function ended(program: Program, signal: NodeJS.Signals): Promise<void> {
  program.signal(signal);
  await program.exited;
}

describe('kills between the writes of an exchange', () => {
  it('a kill before any rename leaves what the next start heals, but for the one before the answer is kept', async ({
    skip,
  }) => {
    await needsTool(skip, 'strace');
    const suite = await pushedSuite(onTestFinished, { corps: false });
    const { sandbox, folder, arguments: args, listen, install, kept, newToken, codeFile } = suite;

    /**
     * A code is kept, and nothing has come of it yet; then a daemon exchanges it, which is killed before the rename with that
     * number.
     * @returns what became of the permanent code once the next daemon is there, and whether there was such a rename
     */
    async function trial(number: number): Promise<{ readonly wasKilled: boolean; readonly outcome: string }> {
      const corpId = `wpCorp${number}`;
      await sandbox.faults([{ kind: 'status', status: 502, path: EXCHANGE }]);
      const codesBefore = await kept('permanent-code');
      const before = await listen();
      await newToken('suite');
      const waiting = await kept('code');
      const permanentCode = await install(corpId);
      await eventually(async () => (await kept('code')) > waiting, { for: 'the code to be kept' });
      await ended(before, 'SIGKILL');
      await sandbox.clearFaults();
      const at = `inject=rename:signal=KILL:when=${number}`;
      const traced = ['-f', '-qq', '-o', join(folder, 'trace'), '-e', 'trace=rename', '-e', at];
      const killed = startProcess(
        'strace',
        [...traced, process.execPath, BUILT_PROGRAM, ...args],
        { env: { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' } },
        onTestFinished,
      );
      let isOver = false;
      void killed.exited.then(() => {
        isOver = true;
      });
      const isWritten = async () => (await contentOf(codeFile(corpId))) === permanentCode;
      const isSettled = () =>
        killed.log().some(({ message }) => message.startsWith('exchanged an authorisation code'));
      await eventually(async () => isOver || (isSettled() && (await isWritten())), {
        for: 'its end, or all of it',
      });
      const wasKilled = isOver;
      const pid = await tracedBy(killed);
      if (!isOver && pid !== undefined) process.kill(pid, 'SIGTERM');
      await killed.exited;
      // Other files are renamed as well: a kill at one of those may come between the answer and its first write, too.
      const isKept = (await kept('permanent-code')) > codesBefore;
      const next = await listen();
      const outcome = await eventually(
        async () => {
          if (await isWritten()) return 'written';
          return next.log().some(({ message }) => LOST.test(message)) && 'lost';
        },
        { for: `what became of it after a kill at rename ${number}` },
      );
      await ended(next, 'SIGTERM');
      const isToldLost = next.log().some(({ message }) => LOST.test(message));
      if (isKept) expect(outcome, `killed at rename ${number}, with the permanent code kept`).toBe('written');
      return {
        wasKilled,
        outcome: outcome === 'written' && isToldLost ? 'written, and told as lost' : outcome,
      };
    }

    const outcomes: string[] = [];
    for (let number = 1; ; number += 1) {
      const { wasKilled, outcome } = await trial(number);
      outcomes.push(outcome);
      if (!wasKilled) break;
    }
    process.stdout.write(`killed at ${outcomes.length - 1} renames: ${outcomes.join(', ')}\n`);
    expect(outcomes.length).toBeGreaterThanOrEqual(4);
    expect(new Set(outcomes)).toEqual(new Set(['written', 'lost']));
    expect(outcomes.at(-1)).toBe('written');
  });
});
