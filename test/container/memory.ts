import { readFile } from 'node:fs/promises';
import { MB } from './plan.ts';
import type { Container } from './pod.ts';

/** In MB; what the control groups of this machine do not tell is undefined. */
export interface Memory {
  readonly limit: number | undefined;
  /** Charged to the container: a file that others had read before is charged to them. */
  readonly peak: number | undefined;
  /** Resident of its first process, what it shares with others included. */
  readonly process: number;
}

const FILES = [
  { line: /^0::(.+)$/m, root: '/sys/fs/cgroup', limit: 'memory.max', peak: 'memory.peak' },
  {
    line: /^\d+:memory:(.+)$/m,
    root: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    peak: 'memory.max_usage_in_bytes',
  },
];

export async function memoryOf(container: Container): Promise<Memory> {
  const pid = await container.pid();
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
  const [, highest] = /^VmHWM:\s*(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  const told = await Promise.all(
    FILES.map(async ({ line, root, limit, peak }) => {
      const folder = `${root}${line.exec(groups)?.[1] ?? '/absent'}`;
      return { limit: await megabytesIn(`${folder}/${limit}`), peak: await megabytesIn(`${folder}/${peak}`) };
    }),
  );
  const found = told.find(({ limit }) => limit !== undefined);
  return { limit: found?.limit, peak: found?.peak, process: Number(highest) / 1024 };
}

async function megabytesIn(file: string): Promise<number | undefined> {
  const bytes = Number(await readFile(file, 'utf8').catch(() => ''));
  return bytes > 0 ? bytes / MB : undefined;
}
