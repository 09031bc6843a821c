import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { takeLock } from '../../../src/coordination/folder/file-lock.ts';
import type { LockObservation } from '../../../src/coordination/folder/stale-lock.ts';
import type { Clock } from '../../../src/core/ports.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { temporaryFolder } from '../../system/folder.ts';
import { firstWord, kill, type Program } from '../../system/program.ts';

/** The path of a record in a folder of its own. */
export async function recordPath(): Promise<string> {
  return join(await temporaryFolder(), 'account.json');
}

/** The lock of a path, for one who asks for it again and again. */
export function lockOf(path: string, clock: Clock = systemClock) {
  let before: LockObservation | undefined;
  return {
    async take() {
      const { lease, seen } = await takeLock(path, 0o600, clock, before);
      before = seen;
      return lease;
    },
  };
}

/** Another process that asked for the lock of a path. */
export interface Holder {
  /** `taken` or `busy`. */
  readonly said: string;
  readonly ask: (order: 'held' | 'release') => Promise<string>;
  readonly exit: () => Promise<void>;
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly kill: () => Promise<void>;
}

export async function startHolder(holder: Program, path: string): Promise<Holder> {
  const child = holder.start([path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const order = (word: string) => child.stdin?.write(`${word}\n`);
  return {
    said: await firstWord(child),
    ask: async (word) => {
      order(word);
      return await firstWord(child);
    },
    exit: async () => {
      const gone = ended(child);
      order('exit');
      await gone;
    },
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    kill: () => kill(child),
  };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
  });
}
