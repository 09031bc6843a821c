import { afterAll, describe, expect, it } from 'vitest';
import { sha256 } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import { SECRET } from '../support/kubernetes/shop.ts';
import { eventually } from '../support/wait.ts';
import { cluster, SHORT } from './cluster.ts';
import { type Pace, SCENARIOS } from './scenarios.ts';
import { createTable } from './table.ts';
import { judge } from './verdict.ts';

/** An outage is longer than anybody holds on to a Lease that cannot be renewed. */
const PACE: Pace = { times: SHORT, still: 0, outage: SHORT.duration, timed: false };

const table = createTable();
afterAll(() => table.print('three daemons of a cluster, an access-token, a Lease of 5 s'));

describe.concurrent('G5: calls and reads of a cluster of three daemons', () => {
  it.for(SCENARIOS.map((one) => [one.title, one] as const))(
    '%s',
    async ([title, { options, play }], { onTestFinished }) => {
      const group = await cluster(onTestFinished, { times: PACE.times, ...options });
      const expected = await play(group, PACE, onTestFinished);
      table.add(await judge(group, { what: title, ...expected }, PACE));
    },
  );
});

describe.concurrent('the once command in a cluster', () => {
  it('`once` waits for the token that the leader is fetching and makes no call', async ({
    onTestFinished,
  }) => {
    const group = await cluster(onTestFinished, { size: 1, firstHeldBack: 3_000 });
    const [pod] = group.pods;
    await group.leader();
    const once = await pod?.beside(['once']);
    expect(once).toMatchObject({ code: 0 });
    const [fetch, ...more] = await group.journal.fetches();
    expect(more).toEqual([]);
    expect(sha256((await contentOf(once?.file ?? '')) ?? '')).toBe(fetch?.tokenSha256);
  });

  it('`once` shares a fetched token and, when alone, fetches one and gives the Lease back', async ({
    onTestFinished,
  }) => {
    const group = await cluster(onTestFinished, { size: 1 });
    const [pod] = group.pods;
    await group.settled();
    expect(await pod?.beside(['once'])).toMatchObject({ code: 0 });
    expect(await group.journal.fetches()).toHaveLength(1);
    pod?.signal('SIGTERM');
    await pod?.exited;
    await group.shop.ask('PATCH', SECRET, { data: null, metadata: { annotations: null } });
    expect(await pod?.beside(['once'])).toMatchObject({ code: 0 });
    expect(await group.journal.fetches()).toHaveLength(2);
    expect(await group.shop.holder()).toBe('');
  });
});

describe.concurrent('the status command in a cluster', () => {
  it('`status` of leader and follower asks no API server and tells what each daemon knows', async ({
    onTestFinished,
  }) => {
    const group = await cluster(onTestFinished, { size: 2 });
    const leader = await group.leader();
    await group.settled();
    for (const pod of group.pods) {
      const next = pod === leader ? /^asking the platform/ : /^the next one, which comes from .+: it leads$/;
      const expected = {
        daemon: { state: 'running', pid: pod.pid },
        credentials: [
          {
            ...{ credential: 'shop', kind: 'token', state: 'fresh' },
            next: { what: expect.stringMatching(next) },
            calls: { fetches: { used: 1 } },
          },
        ],
      };
      await eventually(async () => {
        const { code, stdout } = await pod.command(['status', '--json']);
        expect(JSON.parse(stdout)).toMatchObject(expected);
        return code === 0;
      });
    }
    await group.shop.server.down();
    for (const pod of group.pods) {
      const { stdout, stderr } = await pod.command(['status']);
      expect({ stderr, table: stdout }).toEqual({
        stderr: '',
        table: expect.stringMatching(/^shop +token +\S+token +\d+s? .* 1h 59m/m),
      });
    }
  });
});
