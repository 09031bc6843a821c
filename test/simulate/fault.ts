import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { POINTS, type Point } from './machine.ts';

/** What goes wrong in a simulation: plain data, all random in time. */
export interface Fault {
  readonly name: string;
  /** Chance that a request never leaves. */
  readonly unsent?: number;
  /** Chance that the platform acts and its answer is lost. */
  readonly lost?: number;
  /** One a day of that many ms. */
  readonly outage?: number;
  /** Somebody else fetches with the same endpoint so often, ms; every twelfth time with force. */
  readonly rival?: number;
  /** What strikes a refresh, with what chance, and where. */
  readonly strike?: {
    readonly kind: 'kill' | 'freeze';
    readonly chance: number;
    readonly points: readonly Point[];
  };
  /** Mean time between two jumps of one daemon's wall clock, ms. After every other one the daemon is restarted. */
  readonly jumps?: number;
  /** The machine of the first daemon does not get out to the platform. */
  readonly cutOff?: true;
  /** Chance that a replica of Redis, which lags behind, takes over within two seconds of a write. */
  readonly failover?: number;
  /** Mean time between two moments at which Redis loses everything, ms. */
  readonly emptied?: number;
  /** Mean time between two moments from which Redis does not answer for five minutes, ms. */
  readonly away?: number;
}

export const FAULTS = {
  none: { name: 'none' },
  unsent: { name: '5 % fail before sending', unsent: 0.05 },
  lost: { name: '5 % answers lost', lost: 0.05 },
  hour: { name: 'outage of 1 h a day', outage: HOUR },
  longer: { name: 'outage of 2 h 10 min a day', outage: 2 * HOUR + 10 * MINUTE },
  rival: { name: 'rival every 2 h', rival: 2 * HOUR },
  kill: {
    name: 'kill around 1 fetch in 4',
    strike: { kind: 'kill', chance: 0.25, points: ['answered', 'saving', 'saved', 'publishing'] },
  },
  freeze: {
    name: 'freeze of 40 s, 1 lock in 4',
    strike: {
      kind: 'freeze',
      chance: 0.25,
      points: POINTS,
    },
  },
  jumps: { name: 'clock jumps once a day', jumps: DAY },
} as const satisfies Readonly<Record<string, Fault>>;

/** What goes wrong with Redis alone. */
export const REDIS_FAULTS = {
  failover: { name: 'failover after 1 write in 4', failover: 0.25 },
  emptied: { name: 'emptied every 3 h', emptied: 3 * HOUR },
  cutOff: { name: '1 machine of 3 cut off', cutOff: true },
  away: { name: 'away for 5 min every 3 h', away: 3 * HOUR },
} as const satisfies Readonly<Record<string, Fault>>;

/** How long a frozen daemon stands still, ms. */
export const FREEZE = 40 * SECOND;

/** A killed daemon is started again after at most so long, ms. */
export const RESTART = 5 * SECOND;
