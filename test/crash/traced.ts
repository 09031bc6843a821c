import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type AtEnd, type Environment, type Program, startProcess } from '../support/program.ts';
import { missing } from '../support/tools.ts';
import { eventually } from '../support/wait.ts';
import type { Thread } from './calls.ts';

// The same from a bundle in a folder of dist/.
const PROGRAM = fileURLToPath(new URL('../../dist/wx-token-sidecar.js', import.meta.url));
const PAUSE = fileURLToPath(new URL('../../test/crash/pause.cjs', import.meta.url));

/** One thread for files, so that their order is the same in every run. */
const ONE_THREAD = { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };

/** The built program, stopped before its first instruction. */
export interface Stopped {
  readonly program: Program;
  readonly threads: Readonly<Record<Thread, number>>;
}

export interface Tracer {
  /** What strace has written so far; all of it once it has ended. */
  readonly log: () => Promise<string>;
  readonly ended: Promise<void>;
}

export async function startStopped(
  args: readonly string[],
  env: Environment,
  atEnd: AtEnd,
): Promise<Stopped> {
  const argv = ['--require', PAUSE, PROGRAM, ...args];
  const program = startProcess(process.execPath, argv, { env: { ...env, ...ONE_THREAD } }, atEnd);
  const stopped = eventually(
    async () => {
      const state = await readFile(`/proc/${program.pid}/status`, 'utf8');
      return /^State:\s+T/m.test(state) && Number.parseInt(program.stdout(), 10);
    },
    { for: 'the program to stop' },
  );
  const ended = program.exited.then(() => {
    throw new Error(`it ended before it could be traced:\n${program.stderr()}`);
  });
  const pool = await Promise.race([stopped, ended]);
  return { program, threads: { pool, main: program.pid } };
}

/**
 * Attaches strace to threads of a program.
 * @param options what strace is to do, after `-o` and `-p`
 * @param file where it writes
 * @throws {Error} with what strace said where it may not, or is absent
 */
export async function trace(
  { threads }: Stopped,
  which: readonly Thread[],
  options: readonly string[],
  file: string,
  atEnd: AtEnd,
): Promise<Tracer> {
  const tasks = which.flatMap((thread) => ['-p', String(threads[thread])]);
  const child = spawn('strace', ['-s', '0', '-y', '-o', file, ...options, ...tasks], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited: Promise<void> = once(child, 'exit').then(
    () => {},
    () => {},
  );
  atEnd(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let said = '';
  let over = false;
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  void exited.then(() => {
    over = true;
  });
  const isAttached = () => (said.match(/ attached/g) ?? []).length === which.length;
  await eventually(() => isAttached() || over, { for: 'strace to attach' });
  if (!isAttached()) throw new Error(said.trim() || missing('strace'));
  return {
    log: () => readFile(file, 'utf8'),
    ended: exited,
  };
}

/** Why programs cannot be traced here; undefined where they can. */
export async function obstacle(file: string, atEnd: AtEnd): Promise<string | undefined> {
  const stopped = await startStopped(['--version'], {}, atEnd);
  try {
    await trace(stopped, ['pool'], [], file, atEnd);
    stopped.program.signal('SIGCONT');
    await stopped.program.exited;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
