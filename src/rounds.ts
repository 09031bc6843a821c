import type { Unit } from './core/ports.ts';
import { SECOND } from './core/time.ts';

/** How long what has arrived waits for what has not, in ms: a write is done in far less, a fault may last for days. */
const PATIENCE = 2 * SECOND;

export type Published = Pick<Unit, 'id' | 'name' | 'kind'>;

/**
 * Makes one change of what is written to several targets one after the other: it is told once all of them hold it, or
 * what has arrived after two seconds. A target that comes later is a change of its own.
 */
export interface Rounds {
  /** A target of this unit was brought up to date: written anew, or found as it should be. */
  arrived(unit: Published, result: 'written' | 'unchanged', expiresAt: number): void;
  /** Tells at once what waits. */
  flush(): void;
}

export interface RoundsOptions {
  /** Whether all targets of a unit hold its newest token. */
  readonly isComplete: (unit: Published) => boolean;
  /** @param expiresAt of what arrived last */
  readonly tell: (unit: Published, expiresAt: number) => void;
}

interface Round {
  readonly unit: Published;
  readonly timer: NodeJS.Timeout;
  readonly expiresAt: number;
}

export function createRounds({ isComplete, tell }: RoundsOptions): Rounds {
  const rounds = new Map<string, Round>();

  function end(id: string): void {
    const round = rounds.get(id);
    if (!round) return;
    clearTimeout(round.timer);
    rounds.delete(id);
    tell(round.unit, round.expiresAt);
  }

  return {
    arrived(unit, result, expiresAt) {
      const { id } = unit;
      if (result === 'written') {
        const timer = rounds.get(id)?.timer ?? setTimeout(end, PATIENCE, id);
        rounds.set(id, { unit, timer, expiresAt });
      }
      if (isComplete(unit)) end(id);
    },
    flush() {
      for (const id of [...rounds.keys()]) end(id);
    },
  };
}
