import type { Clock } from '../../core/ports.ts';
import { boot } from '../process/process-identity.ts';

/**
 * The only module that reads the time. Processes can compare their monotonic clocks only if they know that they run in the same
 * boot. `hrtime` is CLOCK_MONOTONIC, which counts from the start of the machine, not
 * of the process.
 */
export const systemClock: Clock = {
  now() {
    const [wall, monotonic] = [Date.now(), Number(process.hrtime.bigint()) / 1e6];
    return boot === undefined ? { wall, monotonic } : { wall, monotonic, boot };
  },
};
