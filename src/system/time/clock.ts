import type { Clock } from '../../core/ports.ts';
import { bootId } from '../process/process-identity.ts';

/** Processes can compare their monotonic clocks only if they know that they run in the same boot. */
const boot = bootId();

/**
 * The only module that reads the time. `hrtime` is CLOCK_MONOTONIC, which counts from the start of the machine, not
 * of the process.
 */
export const systemClock: Clock = {
  now() {
    const [wall, monotonic] = [Date.now(), Number(process.hrtime.bigint()) / 1e6];
    return boot === undefined ? { wall, monotonic } : { wall, monotonic, boot };
  },
};
