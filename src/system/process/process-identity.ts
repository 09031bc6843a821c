import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Identifies a process to others that share a folder with it, including those in other containers, where pids
 * repeat.
 */
export interface ProcessIdentity {
  /** Hash of the host, its current boot and the pid namespace in which `pid` is valid. */
  readonly namespace: string;
  readonly pid: number;
}

/** Identifies the current boot of the machine, the same in all its containers; undefined where the system does not say. */
export const boot = bootId();

/** The identity of this process. */
export const self: ProcessIdentity = {
  namespace: createHash('sha256')
    .update(`${boot ?? ''} ${hostname()} ${pidNamespace()}`)
    .digest('hex')
    .slice(0, 12),
  pid: process.pid,
};

/**
 * Whether a process has certainly ended; undefined when this process cannot tell, because the other one lives in
 * another container or on another host. A process with our own pid has ended: its number was reassigned to us.
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

/**
 * Whether a process is suspended by a signal or a debugger, so that it does nothing until it is continued; false where
 * this process cannot tell (proc_pid_stat(5), state `T` and `t`).
 */
export function isSuspended({ namespace, pid }: ProcessIdentity): boolean {
  if (namespace !== self.namespace) return false;
  try {
    return /\) [Tt] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function bootId(): string | undefined {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
