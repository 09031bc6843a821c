import { readFile } from 'node:fs/promises';

/**
 * This process and its ancestors, as far as they can be seen: without /proc, or where it hides the processes of
 * others, that ends with the parent.
 */
export async function ownLine(): Promise<ReadonlySet<number>> {
  const line = new Set([process.pid]);
  let next: number | undefined = process.ppid;
  // Numbers are used again, so a line that changes meanwhile could go round in a circle.
  while (next !== undefined && next > 0 && !line.has(next)) {
    line.add(next);
    next = await statusOf(next, 'PPid');
  }
  return line;
}

/** The process that a number belongs to: on Linux threads have numbers too, and a signal to one reaches them all. */
export async function threadGroup(pid: number): Promise<number> {
  return (await statusOf(pid, 'Tgid')) ?? pid;
}

/** From `status`, not `stat`: there the program's name could pretend to be any field. */
async function statusOf(pid: number, field: 'PPid' | 'Tgid'): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, value] = new RegExp(`^${field}:\\s*(\\d+)$`, 'm').exec(status) ?? [];
  return value === undefined ? undefined : Number(value);
}
