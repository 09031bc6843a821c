import { readdir, readFile } from 'node:fs/promises';

const KB = 1024;

export interface Memory {
  /** Resident, bytes: what a limit of a container is held against. */
  readonly resident: number;
  /** Of it what is the process's own, not shared with whatever else runs the same Node. */
  readonly own: number;
}

export async function memoryOf(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const read = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * KB;
  return { resident: read('VmRSS'), own: read('RssAnon') };
}

/** Time on a processor so far, ms, of all threads. */
export async function cpuOf(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(
    threads.map((thread) =>
      readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').then(
        (text) => Number(text.split(' ')[0]) / 1e6,
        () => 0,
      ),
    ),
  );
  return times.reduce((sum, time) => sum + time, 0);
}

/** How often the main thread has fallen asleep so far, which is as often as it was woken up. */
export async function sleepsOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/task/${pid}/status`, 'utf8');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
}
