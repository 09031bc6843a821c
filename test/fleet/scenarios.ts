import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { SECRET_NAME } from '../support/kubernetes/role.ts';
import { SECRET, SECRETS } from '../support/kubernetes/shop.ts';
import type { AtEnd } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import {
  allEnd,
  type Cluster,
  type ClusterOptions,
  calls,
  handOver,
  type LeaseTimes,
  nextSecond,
  type Pod,
  USUAL,
} from './cluster.ts';
import { report } from './feedback.ts';
import { singleDaemon } from './single.ts';
import type { Expected } from './verdict.ts';

/** How long things take: seconds in the ordinary suite, as long as in a cluster in the long one. */
export interface Pace {
  readonly times: LeaseTimes;
  /** How long a daemon stands still at least, ms; in any case until another one leads. */
  readonly still: number;
  /** How long the API server is away, or stands still, ms. */
  readonly outage: number;
  /** Whether times are held to their bounds: only where the machine does nothing else. */
  readonly timed: boolean;
}

export interface Scenario {
  /** What three daemons do, or what befalls them. */
  readonly title: string;
  readonly options?: ClusterOptions;
  readonly play: (group: Cluster, pace: Pace, atEnd: AtEnd) => Promise<Omit<Expected, 'what'>>;
}

const SECOND = 1_000;

/** An answer is held back so long that its asker can be caught while it waits; the daemon's patience is 10 s. */
const HELD_BACK = 2_000;

const others = ({ pods }: Cluster, one: Pod) => pods.filter((pod) => pod !== one);

/** The one that leads, when all hold their first token. */
async function ready(group: Cluster): Promise<Pod> {
  const leader = await group.leader();
  await group.settled();
  return leader;
}

/** Until it stands still, another one leads, and the time of the pace is over. */
async function standStill(group: Cluster, frozen: Pod, { still }: Pace): Promise<void> {
  await Promise.all([frozen.frozen(), delay(still)]);
  await group.leader(others(group, frozen));
}

/** It moves again: nothing more comes of it, though it gets the time to do whatever it may have meant to. */
async function wake(group: Cluster, frozen: Pod): Promise<void> {
  frozen.signal('SIGCONT');
  await group.settled();
  await group.leader(others(group, frozen));
  await allEnd(group);
}

/** Asked of one of them, whether or not it leads by now: one call, and everybody has what it brings. */
async function askOne(group: Cluster, count: number): Promise<void> {
  group.pods[0]?.signal('SIGHUP');
  await calls(group, count);
  await group.settled();
}

/** The longest first: those that count milliseconds do not start while all others do. */
export const SCENARIOS: readonly Scenario[] = [
  {
    title: 'an outage of the API server costs no extra fetch',
    async play(group, { outage }) {
      const { server } = group.shop;
      await ready(group);
      await server.down();
      await delay(outage);
      await server.up();
      await askOne(group, 2);
      return { single: 2 };
    },
  },
  {
    title: 'HUPs to all daemons while the API server hangs cost one fetch',
    async play(group, { outage }) {
      const { server } = group.shop;
      await ready(group);
      server.freeze();
      await delay(outage);
      // Nobody can be elected by now.
      for (const pod of group.pods) pod.signal('SIGHUP');
      server.thaw();
      await calls(group, 2);
      await group.settled();
      return { single: 2 };
    },
  },
  {
    title: 'a leader that is frozen while it waits for an answer costs one extra fetch',
    async play(group, pace) {
      const { sandbox } = group;
      const frozen = await ready(group);
      await sandbox.faults([{ kind: 'latency', ms: HELD_BACK, path: '/cgi-bin/token', times: 1 }]);
      frozen.signal('SIGHUP');
      await calls(group, 2);
      frozen.signal('SIGSTOP');
      await standStill(group, frozen, pace);
      // The intent tells the next one that the token may be dying.
      await calls(group, 3);
      await group.settled(others(group, frozen));
      await wake(group, frozen);
      return { single: 2, more: 1, absent: [frozen] };
    },
  },
  {
    title: 'a leader that is frozen between its fetch and its patch costs one extra fetch',
    options: { canFreeze: true },
    async play(group, pace) {
      const frozen = await ready(group);
      await group.freezeBefore(frozen, 'patch');
      frozen.signal('SIGHUP');
      await standStill(group, frozen, pace);
      await calls(group, 3);
      await group.settled(others(group, frozen));
      await wake(group, frozen);
      return { single: 2, more: 1, absent: [frozen] };
    },
  },
  {
    title: 'a leader that is frozen before its last check with its intent written costs no extra fetch',
    options: { canFreeze: true },
    async play(group, pace) {
      const frozen = await ready(group);
      await group.freezeBefore(frozen, 'connect');
      frozen.signal('SIGHUP');
      await standStill(group, frozen, pace);
      await calls(group, 2);
      await group.settled(others(group, frozen));
      await wake(group, frozen);
      return { single: 2, absent: [frozen] };
    },
  },
  {
    title: 'a leader that is frozen between its last check and the socket costs one extra fetch',
    options: { canFreeze: true },
    async play(group, pace) {
      const frozen = await ready(group);
      await group.freezeBefore(frozen, 'write');
      frozen.signal('SIGHUP');
      await standStill(group, frozen, pace);
      await calls(group, 2);
      await group.settled(others(group, frozen));
      // What it sends only now brings the newest token of all; the platform tells its time in whole seconds.
      await nextSecond(group);
      frozen.signal('SIGCONT');
      const [, , last] = await calls(group, 3);
      expect(await group.settled()).toBe(last?.tokenSha256);
      await group.leader(others(group, frozen));
      await allEnd(group);
      return { single: 2, more: 1, absent: [frozen] };
    },
  },
  {
    title: 'a leader that is frozen while idle makes no fetch for a HUP when it wakes',
    async play(group, pace) {
      const frozen = await ready(group);
      frozen.signal('SIGSTOP');
      await standStill(group, frozen, pace);
      const [next] = others(group, frozen);
      next?.signal('SIGHUP');
      await calls(group, 2);
      await group.settled(others(group, frozen));
      // The token that it knew was replaced meanwhile, so nothing is to come of it.
      frozen.signal('SIGHUP');
      frozen.signal('SIGCONT');
      await frozen.logged(/^lost leadership: (another daemon|could not renew)/);
      await group.settled();
      await allEnd(group);
      return { single: 2, absent: [frozen] };
    },
  },
  {
    title: 'two restarts of the API server cost no extra fetch',
    async play(group) {
      await ready(group);
      for (const asked of [2, 3]) {
        await group.shop.server.restart();
        await askOne(group, asked);
      }
      return { single: 3 };
    },
  },
  {
    title: 'watches that are cut or answered with an error cost no extra fetch',
    async play(group) {
      const { server } = group.shop;
      await ready(group);
      server.cutWatches();
      await askOne(group, 2);
      server.failWatches(410, 'Expired');
      await askOne(group, 3);
      return { single: 3 };
    },
  },
  {
    title: 'HUP, refresh, feedback and a TERM of the leader cost no more fetches than one daemon makes',
    // So long that a Lease which is not given back cannot pass for one that was.
    options: { times: USUAL, rules: { tokenTtl: 300 } },
    async play(group, pace, atEnd) {
      const alone = singleDaemon(atEnd);
      const { pods, leader, settled } = group;
      const first = await leader();
      await settled();
      const [follower, other] = others(group, first);
      if (!follower || !other) throw new TypeError('three are needed');
      expect(await first.metrics()).toContain('wx_token_leader{lease="shop/wx-token-sidecar"} 1\n');
      const metrics = await other.metrics();
      expect(metrics).toContain('wx_token_leader{lease="shop/wx-token-sidecar"} 0\n');
      const sync = /^wx_token_follower_last_sync_timestamp_seconds\{credential="shop"\} (\S+)/m.exec(metrics);
      const age = Math.abs(Number(sync?.[1]) - Date.now() / SECOND);
      if (pace.timed) expect(age).toBeLessThan(30);

      follower.signal('SIGHUP');
      await calls(group, 2);
      const hash = await settled();
      // Readers of an access-token would otherwise get a minute.
      expect(await other.refresh(['shop', '--force'])).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^shop: a new token/),
      });
      await calls(group, 3);
      expect(await settled()).not.toBe(hash);
      const told = (await group.shop.data())['shop'] ?? '';
      await report(follower.feedback, told);
      await calls(group, 4);
      await settled();
      // Everybody is asked at the same time: one call, whoever hears it first.
      for (const pod of pods) pod.signal('SIGHUP');
      await calls(group, 5);
      await settled();

      const { next, took } = await handOver(group, first, 'SIGTERM');
      if (pace.timed) expect(took).toBeLessThan(SECOND);
      expect(await first.exited).toEqual({ code: 0, signal: null });
      expect(await next.metrics()).toContain('wx_token_leader{lease="shop/wx-token-sidecar"} 1\n');
      // Its app ends with it.
      await first.reader.stop();
      next.signal('SIGHUP');
      await calls(group, 6);
      await settled([follower, other]);
      return { single: await alone, handedOver: took, absent: [first] };
    },
  },
  {
    title: 'a leader that is killed while idle costs no extra fetch',
    async play(group, { times, timed }) {
      const killed = await ready(group);
      const { next, took } = await handOver(group, killed, 'SIGKILL');
      if (timed) expect(took).toBeLessThan(times.duration + SECOND);
      next.signal('SIGHUP');
      await calls(group, 2);
      await group.settled(others(group, killed));
      return { single: 2, handedOver: took, absent: [killed] };
    },
  },
  {
    title: 'a leader that is killed between its fetch and its patch costs one extra fetch',
    options: { canFreeze: true },
    async play(group) {
      const killed = await ready(group);
      // There it stands still, so that it can be caught.
      await group.freezeBefore(killed, 'patch');
      killed.signal('SIGHUP');
      await killed.frozen();
      await calls(group, 2);
      const { took } = await handOver(group, killed, 'SIGKILL');
      await calls(group, 3);
      await group.settled(others(group, killed));
      return { single: 2, more: 1, handedOver: took, absent: [killed] };
    },
  },
  {
    title: 'a Secret that was emptied or deleted is filled again without a fetch',
    async play(group) {
      const { shop } = group;
      await ready(group);
      const before = await shop.data();
      const filled = async () => (await shop.data())['shop'] === before['shop'];
      await shop.ask('PATCH', SECRET, { data: null, metadata: { annotations: null } });
      await eventually(filled);
      await shop.ask('DELETE', SECRET);
      await shop.ask('POST', SECRETS, { metadata: { name: SECRET_NAME } });
      await eventually(filled);
      return { single: 1 };
    },
  },
];
