import { expect } from 'vitest';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import type { Cluster, Pod } from './cluster.ts';
import type { History } from './fleet.ts';
import type { Pace } from './scenarios.ts';
import type { Row } from './table.ts';

/** What a test has to say of its cluster when it is over. */
export interface Expected {
  readonly what: string;
  /** How many calls a single daemon makes for the same. */
  readonly single: number;
  /** How many more there are, each for an answer that was lost, or that nothing could have fenced. */
  readonly more?: 0 | 1;
  /** Those that were killed, or stood still for a while: their files wait for them. */
  readonly absent?: readonly Pod[];
  readonly handedOver?: number;
}

/** From the patch to the last of all files, ms. */
const NEW_WITHIN = 1_000;

/**
 * That the platform was asked as often as by one; that no file was ever anything but a whole token; and that no reader of
 * any file was refused, but for a lost answer: then from the call that made good for it until the file held what it brought.
 */
export async function judge(
  group: Cluster,
  expected: Expected,
  { timed }: Pick<Pace, 'timed'>,
): Promise<Row> {
  const { what, single, more = 0, absent = [], handedOver } = expected;
  const { journal, pods } = group;
  const fetches = await journal.fetches();
  expect(fetches).toHaveLength(single + more);
  const readings = await Promise.all(pods.map(async (pod) => ({ pod, ...(await pod.reader.stop()) })));
  for (const { bad, reads } of readings) {
    expect(bad).toEqual([]);
    expect(reads).toBeGreaterThan(0);
  }
  const last = fetches.at(-1);
  if (more === 0) expect(readings.flatMap(({ refused }) => refused)).toEqual([]);
  else {
    const early = (await journal.refusals()).filter(({ at }) => at < (last?.at ?? 0));
    expect(early).toEqual([]);
  }
  for (const { pod, refusedAt } of readings.filter((one) => !absent.includes(one.pod))) {
    const arrived = arrivalOf(pod.history, last) ?? Number.NEGATIVE_INFINITY;
    expect(refusedAt.filter((at) => at > arrived)).toEqual([]);
  }
  const present = pods.filter((pod) => !absent.includes(pod));
  const slowest = slowestOf(fetches, group, present);
  if (timed) expect(slowest, what).toBeLessThan(NEW_WITHIN);
  const count = (isAbsent: boolean) =>
    readings
      .filter(({ pod }) => absent.includes(pod) === isAbsent)
      .reduce((sum, { refused }) => sum + refused.length, 0);
  return {
    'what happens': what,
    calls: fetches.length,
    'a single daemon': single,
    reads: readings.reduce((sum, one) => sum + one.reads, 0),
    'bad reads': readings.reduce((sum, { bad }) => sum + bad.length, 0),
    refused: count(false),
    'refused at who is gone': absent.length > 0 ? count(true) : undefined,
    'another leader, ms': handedOver,
    'every file new after the patch, ms': slowest,
  };
}

/** Monotonic ms at which something first held the token of a call. */
function arrivalOf({ seen }: History, fetch: JournalEntry | undefined): number | undefined {
  return seen().find(({ hash }) => hash === fetch?.tokenSha256)?.at;
}

/** From the patch of the Secret to the last of all files, ms: the longest time of all tokens that got everywhere. */
function slowestOf(fetches: readonly JournalEntry[], { kept }: Cluster, pods: readonly Pod[]): number {
  const delays = fetches.flatMap((fetch) => {
    const patched = arrivalOf(kept, fetch);
    const arrivals = pods.flatMap(({ history }) => arrivalOf(history, fetch) ?? []);
    const isEverywhere = patched !== undefined && arrivals.length === pods.length;
    return isEverywhere ? [Math.max(...arrivals) - patched] : [];
  });
  expect(delays).not.toEqual([]);
  return Math.round(Math.max(...delays));
}
