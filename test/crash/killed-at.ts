import { type AtEnd, BUILT_PROGRAM, startProcess } from '../support/program.ts';

/**
 * Runs the built program, and kills it at a system call before that is made: at the one with that number among those calls.
 * @param log where strace writes
 * @returns whether there is such a one
 */
export async function killedAt(
  { call, number }: { readonly call: string; readonly number: number },
  args: readonly string[],
  log: string,
  atEnd: AtEnd,
): Promise<boolean> {
  const at = `inject=${call}:signal=KILL:when=${number}`;
  const traced = ['-f', '-qq', '-o', log, '-e', `trace=${call}`, '-e', at];
  const program = startProcess(
    'strace',
    [...traced, process.execPath, BUILT_PROGRAM, ...args],
    { env: { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' } },
    atEnd,
  );
  const { code } = await program.exited;
  return code !== 0;
}
