import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { patchComponent } from '../../../src/sandbox/third-parties/component-administration.ts';
import { seeded } from '../../support/clock.ts';
import { createAgenda } from '../agenda.ts';
import { RESTART } from '../fault.ts';
import { createFile, type PublishedFile, REREAD } from '../file.ts';
import type { Strike } from '../machine.ts';
import { createDaemon } from './daemon.ts';
import type { SharedJournal } from './journal.ts';
import { createThirdParty, type Party, PLATFORM, type ThirdParty, untilNextPush } from './party.ts';
import type { Scenario } from './scenario.ts';
import { createTurns } from './turns.ts';
import { createWire } from './wire.ts';

/** How many daemons there are, unless a scenario says otherwise. */
const DAEMONS = 2;

/** The daemons start within that time, ms. */
const START = 10 * SECOND;

/** An event arrives within that time, ms. */
const DELIVERY = 5 * SECOND;

/** Shortest pause of the pushes, ms. */
const SHORTEST_PAUSE = HOUR;

/** One misfortune at a time: so long a daemon is spared after one, ms. */
const RESPITE = 5 * MINUTE;

/** What happened: true time, ms. */
export interface Outcome {
  readonly scenario: Scenario;
  readonly end: number;
  readonly journal: SharedJournal;
  readonly party: ThirdParty;
  readonly filesOf: (party: Party) => readonly PublishedFile[];
}

/**
 * The daemons of one state folder keep a component and all its accounts: planner, loop, providers and what acts on
 * events are the real ones, platform, disk, network and processes are played. One scenario always has the same outcome.
 */
export async function simulate(scenario: Scenario): Promise<Outcome> {
  const { accounts, days, seed, trouble, daemons: howMany = DAEMONS } = scenario;
  const end = days * DAY;
  const random = seeded(seed);
  const agenda = createAgenda();
  const party = createThirdParty(agenda, random, seeded(seed + 1), accounts);
  const journal: SharedJournal = { calls: [], pauses: [], pushes: [] };
  const wire = createWire({ agenda, random, platform: party.platform, journal, lost: trouble.lost ?? 0 });
  const everyone = [party.component, ...party.accounts];
  const files = Array.from(
    { length: howMany },
    () => new Map(everyone.map((one) => [one, createFile(Math.floor(REREAD * random()))])),
  );
  const fileOf = (index: number, one: Party): PublishedFile => {
    const file = files[index]?.get(one);
    if (!file) throw new TypeError('there is no such file');
    return file;
  };

  const turns = createTurns(agenda, random);
  const daemons = files.map((_, index) =>
    createDaemon({
      ...{ agenda, random, index, party, wire, turns },
      fileOf: (one) => fileOf(index, one),
      nextStrike: kills(trouble.kill ?? 0),
      struck: () => {},
      boot: `machine ${index}`,
      host: index,
      skew: Math.floor(2 * SECOND * (random() - 0.5)),
    }),
  );
  const anyDaemon = () => Math.floor(howMany * random());

  function kills(chance: number): () => Strike | undefined {
    let struckAt = Number.NEGATIVE_INFINITY;
    const points = ['answered', 'saving', 'saved', 'publishing'] as const;
    return () => {
      if (random() >= chance || agenda.now() - struckAt < RESPITE) return undefined;
      struckAt = agenda.now();
      const point = points[Math.floor(points.length * random())] ?? 'answered';
      return { kind: 'kill', point, restartAfter: Math.ceil(RESTART * random()) };
    };
  }

  const isPaused = () =>
    journal.pauses.some(({ from, until }) => from <= agenda.now() && agenda.now() < until);

  function push(): void {
    const isPushing = party.platform.world.thirdParties.components.get(PLATFORM.appId)?.isPushing;
    if (!isPaused() && isPushing) {
      party.push();
      journal.pushes.push(agenda.now());
      for (const daemon of daemons) daemon.ticketChanged();
    }
    agenda.at(agenda.now() + untilNextPush(random), push);
  }

  function authorize(one: Party, mean: number): void {
    const code = party.authorize(one);
    if (!isPaused()) {
      const told = daemons[anyDaemon()];
      agenda.at(agenda.now() + DELIVERY * random(), () => told?.authorized(one, code));
    }
    // The first of the readers that is refused says so.
    agenda.at(agenda.now() + REREAD * random(), () => complain(one));
    agenda.at(agenda.now() + Math.floor(2 * mean * random()), () => authorize(one, mean));
  }

  /** A reader finds that what it has read is refused. */
  function complain(one: Party): void {
    const index = anyDaemon();
    const held = fileOf(index, one).holds();
    if (held !== undefined && one.deaths.of(held) <= agenda.now()) daemons[index]?.refuse(held);
  }

  const { pauses, stops, authorisations } = trouble;
  if (pauses) {
    for (let from = 0; from < end; from += pauses.every) {
      const length = SHORTEST_PAUSE + (pauses.longest - SHORTEST_PAUSE) * random();
      const begin = Math.max(HOUR, from + Math.floor((pauses.every - length - HOUR) * random()));
      journal.pauses.push({ from: begin, until: begin + Math.floor(length) });
    }
  }
  if (stops !== undefined) {
    for (let from = 0; from < end; from += stops)
      agenda.at(from + HOUR + Math.floor((stops - HOUR) * random()), () =>
        patchComponent(party.platform.world, PLATFORM.appId, { pushing: false }),
      );
  }
  if (authorisations !== undefined) {
    for (const one of party.accounts)
      agenda.at(HOUR + Math.floor(2 * authorisations * random()), () => authorize(one, authorisations));
  }
  for (const daemon of daemons) agenda.at(Math.floor(START * random()), daemon.start);
  agenda.at(0, push);
  await agenda.run(end);
  return { scenario, end, journal, party, filesOf: (one) => files.map((_, index) => fileOf(index, one)) };
}
