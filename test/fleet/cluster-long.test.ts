import { afterAll, describe, expect, it } from 'vitest';
import { calls, cluster, handOver, USUAL } from './cluster.ts';
import { type Pace, SCENARIOS } from './scenarios.ts';
import { createTable } from './table.ts';
import { judge } from './verdict.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const PACE: Pace = { times: USUAL, still: 40 * SECOND, outage: MINUTE, timed: true };

/** Lives of a minute: replaced after about 35 s, and the one before is good for half a minute more. */
const RULES = { tokenTtl: 60, overlap: 30 };

const AHEAD = '25s';

const isPatient = Boolean(process.env['WITH_TIME']);
const table = createTable();
afterAll(() => {
  if (isPatient) table.print('three daemons of a cluster, an access-token, the usual times: 15 s, 10 s, 2 s');
});

describe.concurrent('calls and reads of a cluster of three daemons with the usual Lease times', () => {
  it.for(SCENARIOS.map((one) => [one.title, one] as const))(
    '%s',
    async ([title, { options, play }], context) => {
      if (!isPatient) context.skip('takes minutes: npm run test:cluster');
      const group = await cluster(context.onTestFinished, { times: PACE.times, ...options });
      const expected = await play(group, PACE, context.onTestFinished);
      table.add(await judge(group, { what: title, ...expected }, PACE));
    },
  );

  it('three replacements of the token around a TERM and a kill cost no extra fetch', async (context) => {
    if (!isPatient) context.skip('takes minutes: npm run test:cluster');
    const alone = await cluster(context.onTestFinished, { size: 1, rules: RULES, ahead: AHEAD });
    const group = await cluster(context.onTestFinished, { times: USUAL, rules: RULES, ahead: AHEAD });
    const first = await group.leader();
    await calls(group, 2);
    await group.settled();
    // With a pod ends its app.
    await first.reader.stop();
    const ended = await handOver(group, first, 'SIGTERM');
    expect(ended.took).toBeLessThan(SECOND);
    const rest = group.pods.filter((pod) => pod !== first);
    await calls(group, 3);
    await group.settled(rest);
    await ended.next.reader.stop();
    const last = rest.filter((pod) => pod !== ended.next);
    const killed = await handOver({ ...group, pods: rest }, ended.next, 'SIGKILL');
    expect(killed.took).toBeLessThan(USUAL.duration + SECOND);
    await calls(group, 4);
    await calls(alone, 4);
    await group.settled(last);
    const gaps = (made: readonly { readonly at: number }[]) =>
      made.slice(1).map(({ at }, index) => at - (made[index]?.at ?? 0));
    const [ours, theirs] = await Promise.all([group.journal.fetches(), alone.journal.fetches()]);
    // Nobody asks more often than one that is alone, but for its place in the spread.
    expect(Math.min(...gaps(ours))).toBeGreaterThan(Math.min(...gaps(theirs)) - 3 * SECOND);
    const expected = {
      what: 'the token is replaced three times, around a TERM and a kill',
      single: theirs.length,
      handedOver: killed.took,
      absent: [first, ended.next],
    };
    table.add(await judge(group, expected, PACE));
  });
});
