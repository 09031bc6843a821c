import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Surroundings } from './row.ts';

/** Beside the bundle of the bench. */
export const PROGRAM = fileURLToPath(new URL('./wx-token-sidecar.js', import.meta.url));

export interface NodeProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The first line of it, on either stream, that fits. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** How many lines fitted so far. */
  count(pattern: RegExp): number;
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

/** Starts Node in a clean environment; it is killed at the end at the latest. */
export function startNode(args: readonly string[], options: NodeOptions): NodeProcess {
  const { env = {}, ipc = false, atEnd } = options;
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, args, {
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
  return {
    ...{ child, pid: child.pid ?? Number.NaN, end, ended, failed },
    line(pattern) {
      const found = new Promise<RegExpExecArray>((resolve) => {
        const look = (line: string) => {
          const match = pattern.exec(line);
          if (!match) return;
          listeners.delete(look);
          resolve(match);
        };
        listeners.add(look);
        lines.forEach(look);
      });
      return Promise.race([found, failed]);
    },
    count: (pattern) => lines.filter((line) => pattern.test(line)).length,
  };
}
