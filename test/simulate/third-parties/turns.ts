import { SECOND } from '../../../src/core/time.ts';
import { TURN_AGAIN, TURN_LIFE, TURNS } from '../../../src/core/turns.ts';
import type { Agenda } from '../agenda.ts';
import type { Life } from '../machine.ts';

/** As in `coordination/folder/turns.ts`: so long a turn that a killed daemon has left is nobody's, ms. */
const ABANDONED = 5 * SECOND;

/** The turns that all daemons of a state folder take, as files that are there or not. */
export function createTurns(agenda: Agenda, random: () => number): (life: Life) => () => Promise<number> {
  let taken: readonly { readonly life: Life; readonly at: number }[] = [];

  function isTaken({ life, at }: (typeof taken)[number]): boolean {
    // Who is killed removes nothing.
    const diedWithIt = life.isOver() && (life.silentSince() ?? at) < at + TURN_LIFE;
    return agenda.now() < at + (diedWithIt ? ABANDONED : TURN_LIFE);
  }

  return (life) => async () => {
    await life.pause(1 + 3 * random());
    taken = taken.filter(isTaken);
    if (taken.length >= TURNS) return TURN_AGAIN;
    taken = [...taken, { life, at: agenda.now() }];
    return 0;
  };
}
