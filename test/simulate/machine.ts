import type { Clock } from '../../src/core/ports.ts';
import { SECOND } from '../../src/core/time.ts';
import type { Agenda } from './agenda.ts';

/** True time 0, by the platform's clock: 2026-01-01T00:00:00Z. */
export const EPOCH = Date.UTC(2026, 0, 1);

/** Places of a refresh where a daemon can be struck. */
export const POINTS = [
  'locked',
  'beginning',
  'sending',
  'answered',
  'saving',
  'renaming',
  'saved',
  'publishing',
] as const;
export type Point = (typeof POINTS)[number];

/** What is to happen to a daemon when it gets to a point of its next refresh. */
export type Strike = { readonly point: Point } & (
  | { readonly kind: 'kill'; readonly restartAfter: number }
  /** `suspended`: the monotonic clock stands still meanwhile, as under a machine that sleeps. */
  | { readonly kind: 'freeze'; readonly ms: number; readonly suspended: boolean }
);

/** One life of a daemon: what it awaits never comes once it is dead, and comes late when it was frozen. */
export interface Life {
  /** Processes of one host can tell whether another still runs. */
  readonly host: number;
  readonly clock: Clock;
  after(ms: number, happen: () => void): void;
  pause(ms: number): Promise<void>;
  reach(point: Point): Promise<void>;
  /** True time since when it has shown no sign of life; undefined while it is well. */
  silentSince(): number | undefined;
  isOver(): boolean;
}

export interface MachineOptions {
  /** Of its present start: the monotonic clocks of its processes agree. */
  readonly boot: string;
  readonly host: number;
  /** Of the wall clock against true time, ms. */
  readonly skew: number;
  readonly struck: () => void;
}

/** Where one daemon lives at a time, with clocks of its own. */
export interface Machine {
  /** Ends the life before, if any. */
  begin(settled: () => void): Life;
  arm(strike: Strike | undefined): void;
  /** Somebody sets the wall clock, by so many ms. */
  setClock(ms: number): void;
  /** The first moment at or after a true time at which a cron task of that many ms runs here. */
  nextTick(time: number, period: number): number;
}

/** How long the machine ran before anything began, ms. */
const BOOTED = 1_000 * SECOND;

/** @param restart starts the daemon again after a kill */
export function createMachine(agenda: Agenda, options: MachineOptions, restart: () => void): Machine {
  const { boot, host, skew, struck } = options;
  let offset = skew;
  let strike: Strike | undefined;
  let slept = 0;
  let end = () => {};

  function begin(settled: () => void): Life {
    let over = false;
    let thawAt = 0;
    let silent: number | undefined;

    end();
    end = () => {
      if (over) return;
      over = true;
      silent = agenda.now();
    };

    function after(ms: number, happen: () => void): void {
      const goOn = () => {
        if (over) return;
        if (agenda.now() < thawAt) agenda.at(thawAt, goOn, settleIfWell);
        else happen();
      };
      agenda.at(agenda.now() + Math.round(ms), goOn, settleIfWell);
    }

    function settleIfWell(): void {
      if (!over && agenda.now() >= thawAt) settled();
    }

    function freeze(ms: number, suspended: boolean): void {
      silent = agenda.now();
      thawAt = agenda.now() + ms;
      agenda.at(thawAt, () => {
        silent = over ? silent : undefined;
        if (suspended) slept += ms;
      });
    }

    const pause = (ms: number) => new Promise<void>((resolve) => after(ms, resolve));
    return {
      host,
      clock: {
        now: () => ({ wall: EPOCH + agenda.now() + offset, monotonic: BOOTED + agenda.now() - slept, boot }),
      },
      after,
      pause,
      async reach(point) {
        if (strike?.point !== point) return;
        const blow = strike;
        strike = undefined;
        struck();
        if (blow.kind === 'kill') {
          end();
          agenda.at(agenda.now() + blow.restartAfter, restart);
        } else {
          freeze(blow.ms, blow.suspended);
        }
        await pause(0);
      },
      silentSince: () => silent,
      isOver: () => over,
    };
  }

  return {
    begin,
    arm(next) {
      strike = next;
    },
    setClock(ms) {
      offset += ms;
    },
    nextTick(time, period) {
      const wall = EPOCH + time + offset;
      return time + ((period - (wall % period)) % period);
    },
  };
}
