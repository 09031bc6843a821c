import { MINUTE } from '../core/time.ts';
import { sweepLeftovers } from './atomic-write.ts';
import { systemClock } from './clock.ts';

/** Between two sweeps of one folder, ms: what is swept are the remains of crashes. */
const PERIOD = MINUTE;

/** When each folder was swept last, monotonic ms. */
const swept = new Map<string, number>();

/** {@link sweepLeftovers}, once a minute: thousands of files may be published into one folder. */
export async function sweepNowAndThen(folder: string): Promise<void> {
  const now = systemClock.now().monotonic;
  if (now - (swept.get(folder) ?? Number.NEGATIVE_INFINITY) < PERIOD) return;
  swept.set(folder, now);
  await sweepLeftovers(folder);
}
