import type { Clock } from '../../core/ports.ts';
import { bootId } from '../process/process-identity.ts';

/** Without a name processes cannot compare their monotonic clocks. */
const boot = bootId();

/** The one place that knows the time. `hrtime` is CLOCK_MONOTONIC: since the machine's start, not the process's. */
export const systemClock: Clock = {
  now: () => ({
    wall: Date.now(),
    monotonic: Number(process.hrtime.bigint()) / 1e6,
    ...(boot !== undefined && { boot }),
  }),
};
