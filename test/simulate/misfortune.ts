import { DAY, MINUTE, SECOND } from '../../src/core/time.ts';
import type { Agenda } from './agenda.ts';
import type { Daemon } from './daemon.ts';
import { type Fault, FREEZE, RESTART } from './fault.ts';
import type { Journal } from './journal.ts';
import type { Strike } from './machine.ts';
import type { Network } from './network.ts';
import { rivalCall } from './rival.ts';
import type { Scenario } from './simulate.ts';

interface Stage {
  readonly agenda: Agenda;
  readonly random: () => number;
  readonly journal: Journal;
  readonly network: Network;
  readonly daemons: readonly Daemon[];
  readonly end: number;
}

/** One misfortune at a time: so long a daemon is spared after one, ms. */
const RESPITE = 5 * MINUTE;

/** Every so many calls of a rival one is forced. */
const FORCED_ONE_IN = 12;

/** A clock is set by at least and at most so many ms; it is never further than twice that from the truth. */
const SMALLEST_JUMP = SECOND;
const LARGEST_JUMP = 3 * DAY;

/** Puts on the agenda what comes by itself: outages, a rival, clocks that jump. */
export function befall({ type, fault }: Scenario, stage: Stage): void {
  if (fault.outage !== undefined) planOutages(fault.outage, stage);
  if (fault.rival !== undefined) startRival(type, fault.rival, stage);
  if (fault.jumps !== undefined) for (const daemon of stage.daemons) letJump(daemon, fault.jumps, stage);
}

/** What befalls one refresh after another. */
export function strikes({ strike }: Fault, { agenda, random }: Pick<Stage, 'agenda' | 'random'>) {
  let struckAt = Number.NEGATIVE_INFINITY;
  return (): Strike | undefined => {
    if (!strike || random() >= strike.chance || agenda.now() - struckAt < RESPITE) return undefined;
    struckAt = agenda.now();
    const point = strike.points[Math.floor(random() * strike.points.length)] ?? 'locked';
    return strike.kind === 'kill'
      ? { kind: 'kill', point, restartAfter: Math.ceil(RESTART * random()) }
      : { kind: 'freeze', point, ms: FREEZE, suspended: random() < 0.5 };
  };
}

function planOutages(length: number, { random, journal, end }: Stage): void {
  for (let day = 0; day < end; day += DAY) {
    const from = day + Math.floor((DAY - length) * random());
    journal.outages.push({ from, until: from + length });
  }
}

function startRival(type: Scenario['type'], every: number, { agenda, random, network }: Stage): void {
  let calls = 0;
  const visit = () => {
    calls += 1;
    network.call(rivalCall(type, calls % FORCED_ONE_IN === 0));
    again();
  };
  const again = () => agenda.at(agenda.now() + every + Math.floor(20 * MINUTE * (random() - 0.5)), visit);
  again();
}

function letJump(daemon: Daemon, mean: number, { agenda, random }: Stage): void {
  let offset = 0;
  let jumps = 0;
  const jump = () => {
    const size = Math.floor(SMALLEST_JUMP * (LARGEST_JUMP / SMALLEST_JUMP) ** random());
    const next = Math.abs(offset) > LARGEST_JUMP ? 0 : offset + (random() < 0.5 ? -size : size);
    daemon.setClock(next - offset);
    offset = next;
    jumps += 1;
    if (jumps % 2 === 0) agenda.at(agenda.now() + SECOND, daemon.restart);
    again();
  };
  const again = () => agenda.at(agenda.now() + Math.floor(2 * mean * random()), jump);
  again();
}
