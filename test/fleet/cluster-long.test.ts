import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, type TestContext } from 'vitest';
import {
  allEnd,
  BUSY,
  type Cluster,
  calls,
  cluster,
  flawless,
  type Pod,
  refusals,
  slowest,
  tell,
} from './cluster.ts';

/** As every elector of a cluster has them. */
const USUAL = { duration: '15s', renewDeadline: '10s', retryPeriod: '2s' };
const DURATION = 15_000;
const MINUTE = 60_000;

/** Lives of a minute: replaced after about 40 s, and good for 20 s more. */
const RULES = { tokenTtl: 60, overlap: 30 };

async function patient(context: TestContext, changes: Parameters<typeof cluster>[1] = {}): Promise<Cluster> {
  if (!process.env['WITH_TIME']) context.skip('takes minutes: npm run test:cluster');
  return cluster(context.onTestFinished, { times: USUAL, ...changes });
}

const others = ({ pods }: Cluster, one: Pod) => pods.filter((pod) => pod !== one);
const since = (moment: number) => Math.round(performance.now() - moment);

describe.concurrent('three daemons of a cluster with the usual times', { timeout: 5 * MINUTE }, () => {
  it('make the calls of one through three rotations, a kill and a TERM', async (context) => {
    const group = await patient(context, { rules: RULES, ahead: '25s' });
    const first = await group.leader();
    await calls(group, 2, MINUTE);
    await group.settled();
    first.signal('SIGTERM');
    await first.exited;
    const second = await group.leader(others(group, first));
    await calls(group, 3, MINUTE);
    const rest = others(group, first);
    await group.settled(rest);
    second.signal('SIGKILL');
    const [last] = others(group, first).filter((pod) => pod !== second);
    if (!last) throw new TypeError('three are needed');
    const began = performance.now();
    await group.leader([last]);
    const took = since(began);
    expect(took).toBeLessThan(DURATION + 1_000 + BUSY);
    await calls(group, 4, MINUTE);
    await group.settled([last]);
    const made = await group.journal.fetches();
    const gaps = made.slice(1).map(({ at }, index) => at - (made[index]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(30_000);
    await flawless(group.pods, [last]);
    tell(
      `three rotations: ${made.length} calls, ${Math.min(...gaps)} ms apart at least; another leader ${took} ms after a kill; ` +
        `every file new at most ${await slowest({ ...group, pods: [last] })} ms after the platform's answer`,
    );
  });

  it('do no harm when their leader stands still for 40 s while nothing is due', async (context) => {
    const group = await patient(context);
    const frozen = await group.leader();
    await group.settled();
    frozen.signal('SIGSTOP');
    await delay(40_000);
    const next = await group.leader(others(group, frozen));
    next.signal('SIGHUP');
    await calls(group, 2);
    frozen.signal('SIGHUP');
    frozen.signal('SIGCONT');
    await group.settled();
    await allEnd(group);
    expect(await group.journal.fetches()).toHaveLength(2);
    await flawless(group.pods);
    tell('frozen for 40 s before the check: no call more');
  });

  it('do no harm when their leader stands still for 40 s between its check and the socket', async (context) => {
    const group = await patient(context, { canFreezeAtSocket: true });
    const frozen = await group.leader();
    await group.settled();
    await group.freezeAtSocket(frozen);
    frozen.signal('SIGHUP');
    await frozen.frozen();
    await delay(40_000);
    await group.leader(others(group, frozen));
    await calls(group, 2);
    await group.settled(others(group, frozen));
    frozen.signal('SIGCONT');
    await calls(group, 3);
    await group.settled();
    await group.leader(others(group, frozen));
    await allEnd(group);
    expect(await group.journal.fetches()).toHaveLength(3);
    tell(`frozen for 40 s between check and socket: one call more, ${await refusals(group)} reads refused`);
    await flawless(group.pods, []);
  });

  it('do no harm when their leader is killed between its fetch and its patch', async (context) => {
    const group = await patient(context);
    const killed = await group.leader();
    await group.settled();
    await group.sandbox.faults([{ kind: 'latency', ms: 2_000, path: '/cgi-bin/token', times: 1 }]);
    killed.signal('SIGHUP');
    await calls(group, 2);
    killed.signal('SIGKILL');
    const began = performance.now();
    await calls(group, 3);
    await group.settled(others(group, killed));
    tell(
      `killed while it waited: the next call ${since(began)} ms later, ${await refusals(group)} reads refused`,
    );
    expect(await group.journal.fetches()).toHaveLength(3);
    await flawless(others(group, killed), []);
  });

  it('go on when the API server is refused to them for a minute, or stands still for one', async (context) => {
    const group = await patient(context, { rules: { tokenTtl: 7200 } });
    const { server } = group.shop;
    await group.leader();
    await group.settled();
    await server.down();
    await delay(MINUTE);
    expect(await group.journal.fetches()).toHaveLength(1);
    await server.up();
    let began = performance.now();
    await group.leader();
    tell(`refused for a minute: a leader ${since(began)} ms after it could be reached again`);
    server.freeze();
    await delay(MINUTE);
    for (const pod of group.pods) pod.signal('SIGHUP');
    server.thaw();
    began = performance.now();
    await calls(group, 2);
    await group.settled();
    tell(`frozen for a minute: the call that all had asked for ${since(began)} ms after it moved again`);
    await allEnd(group);
    expect(await group.journal.fetches()).toHaveLength(2);
    await flawless(group.pods);
  });
});
