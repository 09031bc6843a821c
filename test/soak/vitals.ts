import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { AtEnd } from '../support/program.ts';
import type { Sample } from './trend.ts';

export interface Vitals {
  /** What is held, KB: see `held.mjs`. */
  readonly held: readonly Sample[];
  /** Resident memory, KB. */
  readonly resident: readonly Sample[];
  readonly files: readonly Sample[];
}

const LOOK = 1_000;

/**
 * Looks every second at how much a process has of what it should not have ever more of.
 * @param heldFile where it tells what it holds
 */
export function watchVitals(pid: number, heldFile: string, atEnd: AtEnd): Vitals {
  const held: Sample[] = [];
  const resident: Sample[] = [];
  const files: Sample[] = [];
  const started = performance.now();
  let ended = false;

  async function look(): Promise<void> {
    const at = (performance.now() - started) / 60_000;
    const [status, open, told] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readdir(`/proc/${pid}/fd`),
      readFile(heldFile, 'utf8'),
    ]);
    if (told !== '') held.push({ at, value: Number(told) });
    resident.push({ at, value: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) });
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
  return { held, resident, files };
}
