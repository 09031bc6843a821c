import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { AtEnd } from '../support/program.ts';
import type { Sample } from './trend.ts';

export interface Vitals {
  /** Resident memory, KB. */
  readonly memory: readonly Sample[];
  readonly files: readonly Sample[];
}

const LOOK = 1_000;

/** Looks every second at how much a process has of what it should not have ever more of. */
export function watchVitals(pid: number, atEnd: AtEnd): Vitals {
  const memory: Sample[] = [];
  const files: Sample[] = [];
  const started = performance.now();
  let ended = false;

  async function look(): Promise<void> {
    const at = (performance.now() - started) / 60_000;
    const [status, open] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readdir(`/proc/${pid}/fd`),
    ]);
    memory.push({ at, value: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) });
    files.push({ at, value: open.length });
  }
  async function watch(): Promise<void> {
    while (!ended) {
      await look().catch(() => {});
      await delay(LOOK);
    }
  }
  const watching = watch();
  atEnd(async () => {
    ended = true;
    await watching;
  });
  return { memory, files };
}
