import type { Journal } from './journal.ts';
import type { Refusal } from './readers.ts';
import type { Soak } from './soak.ts';
import { leastOfEach, type Sample, type Trend, trendOf } from './trend.ts';

export interface Verdict {
  readonly lines: readonly string[];
  /** What is worse than promised; empty when all is well. */
  readonly broken: readonly string[];
}

/** Until what is used has been compiled, and optimised, as a part of the whole. */
const WARM_UP = 1 / 2;
/** A shorter time, minutes, tells nothing of memory: what V8 compiles in the first five counts as growth. */
const TOO_SHORT = 7;
/** In which the garbage collector comes round at least once, minutes. */
const STRETCH = 1 / 6;

/** Surely growing by more than this is a leak: KB and files in a minute. */
const MOST_GROWTH = { memory: 100, files: 0.2 };

/** From the platform's answer to a reader that has read the file again; and from its decision to one that is told, ms. */
const DELAY = 5_000;

export function judge(result: Soak): Verdict {
  const { readings, vitals, journal, deeds, exit, leftovers, unexpected, minutes } = result;
  const memory = trendOf(atRest(vitals.held));
  const files = trendOf(atRest(vitals.files));
  const dead = sorted(readings.refusals, journal);
  const perThousand = (memory.slope / (journal.minted() / minutes)) * 1000;
  const faults = Object.entries(journal.faults()).map(([kind, count]) => `${kind} ${count}`);
  const lines = [
    `time            ${minutes.toFixed(1)} min`,
    `rotations       ${journal.minted()} tokens handed out in ${journal.calls()} calls; readers saw ${readings.changes} changes`,
    `happened        ${Object.entries(deeds)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')}`,
    `met             ${faults.join(', ')}`,
    `reads           ${readings.reads}, of which bad (empty, half, missing): ${readings.bad.length}`,
    `calls           ${readings.calls}, of which refused although nothing excuses it: ${dead.bad.length}`,
    `                after a forced refresh: ${dead.forced.length}; after lost answers or with a used-up quota: ${dead.excused.length}`,
    `memory held     ${(memory.level / 1024).toFixed(1)} MB, ${told(memory)} KB a minute, ${perThousand.toFixed(0)} KB for a thousand rotations${minutes < TOO_SHORT ? '; too short to be judged' : ''}`,
    `                in each quarter of the time: ${quarters(vitals.held, 1).join(', ')} MB; resident: ${quarters(vitals.resident, 0).join(', ')} MB`,
    `open files      ${files.level.toFixed(1)}, ${told(files)} a minute`,
    `end             exit code ${exit.code}, left behind: ${leftovers.length}`,
  ];
  const broken = [
    readings.bad.length > 0 && `bad reads: ${[...new Set(readings.bad)].slice(0, 5).join('; ')}`,
    dead.bad.length > 0 && `dead tokens: ${dead.bad.slice(0, 5).map(inWords).join('; ')}`,
    minutes >= TOO_SHORT && memory.slope - memory.margin > MOST_GROWTH.memory && 'memory grows',
    files.slope - files.margin > MOST_GROWTH.files && 'open files grow',
    exit.code !== 0 && `it ended with ${exit.code ?? exit.signal}`,
    leftovers.length > 0 && `left behind: ${leftovers.join(', ')}`,
    unexpected.length > 0 && `unexpected: ${unexpected.slice(0, 3).join('; ')}`,
    readings.changes === 0 && 'nobody saw a change',
  ];
  return { lines, broken: broken.filter((what) => what !== false) };
}

function atRest(samples: readonly Sample[]): readonly Sample[] {
  const end = samples.at(-1)?.at ?? 0;
  return leastOfEach(STRETCH, samples).filter(({ at }) => at >= end * WARM_UP);
}

/** The least of each. */
function quarters(samples: readonly Sample[], digits: number): readonly string[] {
  const quarter = ((samples.at(-1)?.at ?? 0) + 1e-6) / 4;
  return leastOfEach(quarter, samples).map(({ value }) => (value / 1024).toFixed(digits));
}

function sorted(
  refusals: readonly Refusal[],
  { wasForced, wasLost }: Pick<Journal, 'wasForced' | 'wasLost'>,
) {
  const isForced = ({ account, from, until }: Refusal) =>
    wasForced(account.appId, from - DELAY, until + DELAY);
  const forced = refusals.filter(isForced);
  const others = refusals.filter((refusal) => !isForced(refusal));
  const isLost = ({ account, from, until }: Refusal) => wasLost(account.appId, from - DELAY, until + DELAY);
  const isExcused = (refusal: Refusal) => refusal.account.promised === 'whole' || isLost(refusal);
  return {
    forced,
    excused: others.filter(isExcused),
    bad: others.filter((refusal) => !isExcused(refusal)),
  };
}

const told = ({ slope, margin }: Trend) => `${slope.toFixed(2)} ± ${margin.toFixed(2)}`;
const inWords = ({ account, errcode, from }: Refusal) =>
  `${account.name} ${errcode} at ${new Date(from).toISOString()}`;
