/** The sandbox's clock in epoch ms, which the control path can move against its source. */
export interface SandboxClock {
  readonly now: () => number;
  /** Moves the clock by `ms`, backwards if negative. */
  readonly advance: (ms: number) => void;
}

/**
 * Creates a clock.
 * @param source returns epoch ms
 */
export function createSandboxClock(source: () => number): SandboxClock {
  let offset = 0;
  return {
    now: () => source() + offset,
    advance(ms) {
      offset += ms;
    },
  };
}
