import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Surroundings } from './row.ts';

/** Beside the bundle of the bench: the program as the image starts it, with its code cache. */
export const PROGRAM = fileURLToPath(new URL('./start.cjs', import.meta.url));
/** What the image sets for it: see Dockerfile. */
const IMAGE = { MALLOC_ARENA_MAX: '1' };
/** As the npm package starts it. */
export const BUNDLE = fileURLToPath(new URL('./wx-token-sidecar.js', import.meta.url));

export interface NodeProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The first line of it, on either stream, that fits. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves once so many lines fitted. */
  lines(pattern: RegExp, count: number): Promise<void>;
  /** Kills it. */
  end(): Promise<void>;
  readonly ended: Promise<void>;
  /** Rejects with what it said last, once it has ended with something else than 0. */
  readonly failed: Promise<never>;
}

export interface NodeOptions extends Pick<Surroundings, 'atEnd'> {
  readonly env?: Readonly<Record<string, string>>;
  /** So that it can be spoken with. */
  readonly ipc?: boolean;
}

export function startNode(args: readonly string[], options: NodeOptions): NodeProcess {
  const env = args.includes(PROGRAM) ? { ...IMAGE, ...options.env } : options.env;
  return startProgram(process.execPath, args, { ...options, ...(env && { env }) });
}

/** Starts a program in a clean environment; it is killed at the end at the latest. */
export function startProgram(command: string, args: readonly string[], options: NodeOptions): NodeProcess {
  const { env = {}, ipc = false, atEnd } = options;
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(command, args, {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  });
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const listener of listeners) listener(line);
    });
  }
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code !== 0) reject(new Error(`it ended with ${code}:\n${lines.slice(-20).join('\n')}`));
    });
  });
  // Only where somebody waits for it.
  failed.catch(() => {});
  async function end(): Promise<void> {
    child.kill('SIGKILL');
    await ended;
  }
  atEnd(end);

  /** What a line, one of those so far or a later one, comes to first. */
  function until<T>(look: (line: string) => T | undefined): Promise<T> {
    const found = new Promise<T>((resolve) => {
      const listener = (line: string) => {
        const result = look(line);
        if (result === undefined) return;
        listeners.delete(listener);
        resolve(result);
      };
      listeners.add(listener);
      lines.forEach(listener);
    });
    return Promise.race([found, failed]);
  }

  return {
    ...{ child, pid: child.pid ?? Number.NaN, end, ended, failed },
    async line(pattern) {
      return until((line) => pattern.exec(line) ?? undefined);
    },
    async lines(pattern, count) {
      let left = count;
      await until((line) => (pattern.test(line) && --left === 0 ? true : undefined));
    },
  };
}
