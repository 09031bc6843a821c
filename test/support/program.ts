import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from './wait.ts';

export type Environment = Readonly<Record<string, string>>;

/** Where an undo is registered: `onTestFinished` of a test's context, or a list of a hook. */
export type AtEnd = (undo: () => Promise<void>) => void;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One object of the JSON log. */
export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly time: string;
  readonly level: string;
  readonly message: string;
}

/** A process that a test has started, and everything it has said so far. */
export interface Program {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The lines on stderr that are JSON objects, oldest first. */
  readonly log: () => readonly LogLine[];
  /**
   * The first log line that fits, as soon as there is one: of this message, or by a test of one's own.
   * @throws {Error} when the program ends without it, or when it never comes
   */
  readonly logged: (which: RegExp | ((line: LogLine) => boolean)) => Promise<LogLine>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Resolves once it has ended and everything it said has been read. */
  readonly exited: Promise<Exit>;
}

export interface ProgramOptions {
  /** All that it gets besides PATH and HOME. */
  readonly env?: Environment;
  /** Octal; this process's own when absent. */
  readonly umask?: string;
  /** As whom it runs, user and group; for root alone. */
  readonly uid?: number;
}

export const BUILT_PROGRAM = fileURLToPath(new URL('../../dist/wx-token-sidecar.js', import.meta.url));

/** Starts the built program, `run` without arguments. It is killed at the end at the latest. */
export function startProgram(args: readonly string[], options: ProgramOptions, atEnd: AtEnd): Program {
  return startProcess(process.execPath, [BUILT_PROGRAM, ...args], options, atEnd);
}

/** Starts any program in a clean environment. It is killed at the end at the latest. */
export function startProcess(
  command: string,
  args: readonly string[],
  { env = {}, umask, uid }: ProgramOptions,
  atEnd: AtEnd,
): Program {
  const { PATH = '', HOME = '' } = process.env;
  // `exec` keeps the pid: what is signalled is the program, not the shell.
  const [file, argv] =
    umask === undefined
      ? [command, args]
      : ['/bin/sh', ['-c', 'umask "$0" && exec "$@"', umask, command, ...args]];
  const child = spawn(file, argv, {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const exited = ending(child);
  atEnd(async () => {
    child.kill('SIGKILL');
    await exited.catch(() => {});
  });

  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  let ended = false;
  exited.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  const log = () => stderr().split('\n').flatMap(parseLine);

  return {
    pid: child.pid ?? Number.NaN,
    stdout,
    stderr,
    log,
    async logged(which) {
      const fits = which instanceof RegExp ? (line: LogLine) => which.test(line.message) : which;
      const found = await eventually(
        () => {
          // In this order: what was said last is read before the end is believed.
          const over = ended;
          return log().find(fits) ?? (over && 'over');
        },
        { for: `a log line like ${which}` },
      ).catch((cause: Error) => {
        throw new Error(`${cause.message}; the program said:\n${stderr()}`, { cause });
      });
      if (found === 'over') throw new Error(`it ended without a log line like ${which}:\n${stderr()}`);
      return found;
    },
    signal: (signal) => {
      child.kill(signal);
    },
    exited,
  };
}

function ending(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

function parseLine(text: string): LogLine[] {
  try {
    const line: LogLine = JSON.parse(text);
    return typeof line === 'object' ? [line] : [];
  } catch {
    return [];
  }
}
