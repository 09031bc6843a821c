import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names a process to others who share a folder with it: also those in other containers, where pids repeat. */
export interface ProcessIdentity {
  /** Of the host, its present start and the pid namespace in which `pid` means something. */
  readonly namespace: string;
  readonly pid: number;
}

export const self: ProcessIdentity = {
  namespace: createHash('sha256')
    .update(`${bootId() ?? ''} ${hostname()} ${pidNamespace()}`)
    .digest('hex')
    .slice(0, 12),
  pid: process.pid,
};

/**
 * Whether a process has surely ended; undefined when we cannot ask, since it lives in another container or host.
 * One with our own pid has ended: we are the ones who got its number.
 */
export function hasEnded({ namespace, pid }: ProcessIdentity): boolean | undefined {
  if (namespace !== self.namespace) return undefined;
  if (pid === self.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EPERM';
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** Names this start of the machine, the same in all its containers; undefined where the system does not tell. */
export function bootId(): string | undefined {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
