import { readFileSync } from 'node:fs';
import type { Clock } from '../core/ports.ts';

/** Linux names each start of the machine, the same in all its containers; elsewhere processes cannot compare. */
const boot = readBootId();

/** The one place that knows the time. `hrtime` is CLOCK_MONOTONIC: since the machine's start, not the process's. */
export const systemClock: Clock = {
  now: () => ({
    wall: Date.now(),
    monotonic: Number(process.hrtime.bigint()) / 1e6,
    ...(boot !== undefined && { boot }),
  }),
};

function readBootId(): string | undefined {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
