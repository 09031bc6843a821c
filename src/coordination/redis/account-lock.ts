import type { Clock } from '../../core/ports.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import { holderIn, leaseOf, lockValue, type StateServer } from './state-server.ts';

/** All in ms. */
export interface LockTimes {
  /** How long a lock that is not renewed, or does not change, still belongs to its holder. */
  readonly duration: number;
  /**
   * How long a holder that cannot renew its lock goes on as if it had it. It is shorter than `duration`: a holder has to
   * stop before another one begins.
   */
  readonly renewDeadline: number;
  /** Interval between two renewals. */
  readonly retryPeriod: number;
}

export const LOCK_TIMES: LockTimes = {
  duration: 15 * SECOND,
  renewDeadline: 10 * SECOND,
  retryPeriod: 3 * SECOND,
};

/** Calls `happen` once after `ms`. @returns cancels that */
export type After = (ms: number, happen: () => void) => () => void;

export interface AccountLockOptions {
  readonly account: string;
  readonly server: Pick<StateServer, 'take' | 'renew' | 'free'>;
  /** A number used once, of this process, without spaces. */
  readonly process: string;
  /** This process, for people. */
  readonly label: string;
  readonly clock: Clock;
  readonly after: After;
  readonly times?: LockTimes;
}

/** A lock that was taken, with what was stored at that moment. */
export interface TakenLock {
  /** What the value of the lock begins with. */
  readonly lease: string;
  readonly record: string | undefined;
  /** Whether this process may still act as the holder, by both of its clocks. */
  isHeld(): boolean;
  /** Never rejects. A lock that cannot be given back ends by itself. */
  release(): Promise<void>;
}

/** The lock of one account, which one process of all holds at a time. It only lowers the number of calls. */
export interface AccountLock {
  /**
   * Tries once to take the lock. A lock that has not changed for its whole duration, by this process's own clock, is
   * taken over: the server's clock may have been set back.
   * @returns undefined while another process, or this one, holds it
   * @throws {EdgeError} when the server cannot be asked
   */
  take(): Promise<TakenLock | undefined>;
  /** The name of the process that was found to hold the lock a moment ago; undefined when nobody was. */
  holder(): string | undefined;
}

export function accountLock(options: AccountLockOptions): AccountLock {
  const { account, server, process, label, clock, after, times = LOCK_TIMES } = options;
  const { duration, renewDeadline, retryPeriod } = times;
  let turn = 0;
  let isBusy = false;
  /** A lock of another process, since when it has not changed, and when it was last seen, monotonic ms. */
  let sighting: { readonly value: string; readonly since: number; readonly at: number } | undefined;

  function staleValue(): string | undefined {
    if (!sighting || clock.now().monotonic - sighting.since < duration) return undefined;
    return sighting.value;
  }

  function hold(holder: { readonly process: string; readonly turn: number }, from: Instant) {
    const lease = leaseOf(holder);
    let renewedAt = from;
    let renewals = 0;
    let isLost = false;
    let isOver = false;
    let cancel = () => {};

    // What is lost stays lost, whatever a clock says later.
    function isHeld(): boolean {
      const now = clock.now();
      const past = Math.max(now.monotonic - renewedAt.monotonic, now.wall - renewedAt.wall);
      isLost ||= past >= renewDeadline;
      return !isLost && !isOver;
    }

    async function renew(): Promise<void> {
      // A holder that stood still must not make anew what another one may have had meanwhile.
      if (!isHeld()) return;
      const sent = clock.now();
      renewals += 1;
      const value = lockValue({ ...holder, renewals, label });
      try {
        if (await server.renew({ account, lease, value, duration })) renewedAt = sent;
        else isLost = true;
      } catch {
        // The next renewal tries again, and the clocks end the term.
      }
      schedule();
    }

    function schedule(): void {
      if (isHeld()) cancel = after(retryPeriod, () => void renew());
    }

    schedule();
    return {
      lease,
      isHeld,
      async release() {
        if (isOver) return;
        isOver = true;
        cancel();
        await server.free(account, lease).catch(() => {});
        isBusy = false;
      },
    };
  }

  async function take(): Promise<TakenLock | undefined> {
    turn += 1;
    const holder = { process, turn };
    const stale = staleValue();
    const sent = clock.now();
    const answer = await server.take({
      ...{ account, process: `${process} `, duration },
      value: lockValue({ ...holder, renewals: 0, label }),
      ...(stale !== undefined && { stale }),
    });
    if (!answer.isTaken) {
      const at = clock.now().monotonic;
      const since = sighting?.value === answer.value ? sighting.since : at;
      sighting = { value: answer.value, since, at };
      return undefined;
    }
    sighting = undefined;
    return { record: answer.record, ...hold(holder, sent) };
  }

  return {
    async take() {
      if (isBusy) return undefined;
      isBusy = true;
      let taken: TakenLock | undefined;
      try {
        taken = await take();
        return taken;
      } finally {
        isBusy = taken !== undefined;
      }
    },
    holder() {
      if (!sighting || clock.now().monotonic - sighting.at >= duration) return undefined;
      return holderIn(sighting.value) ?? 'another program';
    },
  };
}
