import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** Beside the bundle of this demo. */
const PROGRAM = fileURLToPath(new URL('./wx-token-sidecar.js', import.meta.url));

/** A stop takes at most 5 s by contract; what takes longer, in ms, is killed. */
const PATIENCE = 8_000;

/** What is shown of a program that ended by itself. */
const LAST_LINES = 10;

export interface Program {
  readonly name: string;
  readonly pid: number | undefined;
  /** How it ended, once it has and every line of it has been read: never rejects. */
  readonly ended: Promise<string>;
  lastLines(): readonly string[];
  /** Asks it to end, and resolves when it has. */
  stop(): Promise<void>;
}

export interface Command {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
}

/** Starts the built program, in a process group of its own: Ctrl-C is for the demo, which then asks it to end. */
export function startProgram(command: Command): Program {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [PROGRAM, ...command.arguments], {
    env: { PATH, HOME, ...command.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let last: string[] = [];
  const onLine = (line: string) => {
    last = [...last, line].slice(-LAST_LINES);
    command.onLine(line);
  };
  eachLine(child.stdout, onLine);
  eachLine(child.stderr, onLine);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => {
      process.removeListener('exit', kill);
      resolve(signal ?? `exit code ${code}`);
    });
  });
  return {
    name: command.name,
    pid: child.pid,
    ended,
    lastLines: () => last,
    async stop() {
      child.kill('SIGTERM');
      const patience = setTimeout(kill, PATIENCE);
      await ended;
      clearTimeout(patience);
    },
  };
}

function eachLine(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream }).on('line', onLine);
}
