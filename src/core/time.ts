export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/**
 * A moment on both clocks, in milliseconds. Wall time (since the epoch) may be set forward and back; monotonic
 * time cannot, but stands still while the machine is suspended.
 */
export interface Instant {
  readonly wall: number;
  readonly monotonic: number;
  /** Names the machine's start that `monotonic` counts from: another process with the same name counts alike. */
  readonly boot?: string;
}

/** Something ends when either clock says so: what is believed dead too early costs a call, too late an outage. */
export type Deadline = Pick<Instant, 'wall' | 'monotonic'>;

export function after(now: Instant, ms: number): Deadline {
  return { wall: now.wall + ms, monotonic: now.monotonic + ms };
}

/** Milliseconds until the deadline by the less generous clock; zero or negative once it has passed. */
export function remaining(deadline: Deadline, now: Instant): number {
  return Math.min(deadline.wall - now.wall, deadline.monotonic - now.monotonic);
}

export function earlier(a: Deadline, b: Deadline): Deadline {
  return { wall: Math.min(a.wall, b.wall), monotonic: Math.min(a.monotonic, b.monotonic) };
}
