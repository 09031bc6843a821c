import type { Budget } from '../../src/core/budget.ts';
import { DAY, MINUTE, SECOND } from '../../src/core/time.ts';
import { kindOf } from '../../src/providers/index.ts';
import { createPlatform } from '../../src/sandbox/platform.ts';
import { seeded } from '../support/clock.ts';
import { policyFor } from '../support/kinds.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { createAgenda } from './agenda.ts';
import { createDaemon } from './daemon.ts';
import { createDeaths, type Deaths } from './deaths.ts';
import { createDisk } from './disk.ts';
import type { Fault } from './fault.ts';
import { createFile, type PublishedFile, REREAD } from './file.ts';
import { type Journal, newJournal } from './journal.ts';
import { befall, strikes } from './misfortune.ts';
import { createNetwork } from './network.ts';
import { createRedis } from './redis.ts';

/** Those whose tokens can die before their time. */
export type OfficialType = 'stable-token' | 'access-token';

export interface Scenario {
  readonly type: OfficialType;
  readonly daemons: number;
  /** Where the daemons keep what they share. */
  readonly state: 'folder' | 'redis';
  readonly fault: Fault;
  readonly days: number;
  readonly seed: number;
}

/** What happened: true time, ms. */
export interface Outcome {
  readonly scenario: Scenario;
  readonly end: number;
  readonly journal: Journal;
  readonly deaths: Deaths;
  readonly files: readonly PublishedFile[];
}

export const BUDGET: Budget = { fetchesPerDay: 2000, forcedPerDay: 20 };
/** As in the default configuration, ms. */
export const WINDOW = { 'stable-token': 5 * MINUTE, 'access-token': 10 * MINUTE } as const;

/** The default schedule's, ms. */
export const TICK = 5 * SECOND;

/** Daemons of one host start within that time, and their clocks differ by at most a second. */
const START = 30 * SECOND;

/**
 * The real planner, loop and providers of so many daemons on one state folder, or one Redis, against the sandbox's own model of the
 * platform, at the speed of arithmetic: only time, disk, server, network and processes are played. The same scenario always
 * has the same outcome.
 */
export async function simulate(scenario: Scenario): Promise<Outcome> {
  const { type, fault, days } = scenario;
  const end = days * DAY;
  const random = seeded(scenario.seed);
  const bytes = seeded(scenario.seed + 1);
  const agenda = createAgenda();
  const journal = newJournal();
  const platform = createPlatform({
    accounts: [TEST_ACCOUNT],
    random: (size) => Uint8Array.from({ length: size }, () => 256 * bytes()),
  });
  const deaths = createDeaths(platform);
  const shared =
    scenario.state === 'redis'
      ? createRedis({ agenda, random, journal, fault }, end)
      : createDisk(agenda, random, journal);
  const network = createNetwork({ agenda, random, platform, deaths, journal, fault });
  const kind = kindOf(type);
  const policy = policyFor(type, { budget: BUDGET });

  const files = Array.from({ length: scenario.daemons }, () => createFile(Math.floor(REREAD * random())));
  const daemons = files.map((file, index) =>
    createDaemon({
      ...{ agenda, random, kind, policy, shared, network, file },
      isCutOff: index === 0 && fault.cutOff === true,
      nextStrike: strikes(fault, { agenda, random }),
      struck: () => journal.strikes.push(agenda.now()),
      boot: `machine ${index}`,
      host: index % 2,
      skew: Math.floor(2 * SECOND * (random() - 0.5)),
    }),
  );
  for (const daemon of daemons) agenda.at(Math.floor(START * random()), daemon.start);
  befall(scenario, { agenda, random, journal, network, daemons, end });
  await agenda.run(end);
  return { scenario, end, journal, deaths, files };
}
