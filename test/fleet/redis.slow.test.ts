import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { contentOf } from '../support/files.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { eventually } from '../support/wait.ts';
import { report } from './feedback.ts';
import {
  judgeRedis,
  type Machine,
  type RedisExpectation,
  type RedisFleet,
  type RedisFleetOptions,
  redisFleet,
} from './redis-fleet.ts';
import { singleDaemon } from './single.ts';
import { createTable } from './table.ts';

/** An answer is held back so long that its asker can be caught while it waits; the daemon's patience is 10 s. */
const HELD_BACK = 3_000;

/** Longer than a command may take, and than a lock lasts, ms. */
const FROZEN = 40_000;

/** A value of a neighbour: a few dozen of them fill the memory that is left. */
const BIG = 'x'.repeat(100_000);

const table = createTable();
afterAll(() => table.print('three daemons on one Redis, an access-token'));

interface Scenario {
  readonly title: string;
  readonly options?: RedisFleetOptions;
  readonly play: (
    fleet: RedisFleet,
    atEnd: (undo: () => Promise<void>) => void,
  ) => Promise<Omit<RedisExpectation, 'what'>>;
}

const others = ({ machines }: RedisFleet, one: Machine) => machines.filter((machine) => machine !== one);

/** Moves the slot of a key to another node, with all that is in it. */
async function moveSlot(nodes: readonly RedisServer[], key: string): Promise<void> {
  const slot = (await nodes[0]?.cli('cluster', 'keyslot', key)) ?? '';
  const ids = await Promise.all(nodes.map((node) => node.cli('cluster', 'myid')));
  const counts = await Promise.all(nodes.map((node) => node.cli('cluster', 'countkeysinslot', slot)));
  const from = counts.findIndex((count) => count !== '0');
  const to = (from + 1) % nodes.length;
  const [source, target] = [nodes[from], nodes[to]];
  if (!source || !target) throw new TypeError('no node has the key');
  await target.cli('cluster', 'setslot', slot, 'importing', ids[from] ?? '');
  await source.cli('cluster', 'setslot', slot, 'migrating', ids[to] ?? '');
  const keys = (await source.cli('cluster', 'getkeysinslot', slot, '10')).split('\n');
  for (const one of keys) await source.cli('migrate', '127.0.0.1', String(target.port), one, '0', '5000');
  for (const node of nodes) await node.cli('cluster', 'setslot', slot, 'node', ids[to] ?? '');
}

/** All hold the first token, and Redis its record. */
async function ready(fleet: RedisFleet): Promise<void> {
  await fleet.calls(1);
  await fleet.settled();
  await eventually(
    async () => (await fleet.record())?.intent === undefined && (await fleet.record()) !== undefined,
  );
}

/** Ends all that still run: by then they have done whatever they meant to do. */
async function allEnd({ machines }: RedisFleet): Promise<void> {
  for (const { daemon } of machines) daemon().signal('SIGTERM');
  for (const { daemon } of machines) expect(await daemon().exited).toEqual({ code: 0, signal: null });
}

function three({ machines }: RedisFleet): readonly [Machine, Machine, Machine] {
  const [a, b, c] = machines;
  if (!a || !b || !c) throw new TypeError('three are needed');
  return [a, b, c];
}

/** Asked of one of them: one call, and everybody has what it brings. */
async function askOne(fleet: RedisFleet, machine: Machine, count: number): Promise<void> {
  machine.daemon().signal('SIGHUP');
  await fleet.calls(count);
  await fleet.settled();
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'HUP, refresh and feedback at any of them, and a TERM, cost no more fetches than one daemon makes',
    options: { rules: { tokenTtl: 300 } },
    async play(fleet, atEnd) {
      const alone = singleDaemon(atEnd);
      const [a, b, c] = three(fleet);
      await ready(fleet);
      await askOne(fleet, b, 2);
      expect(await c.command(['refresh', 'shop', '--force'])).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^shop: a new token/),
      });
      await fleet.calls(3);
      await fleet.settled();
      const token = (await contentOf(a.file)) ?? '';
      await report(b.feedback, token);
      await fleet.calls(4);
      await fleet.settled();
      for (const { daemon } of fleet.machines) daemon().signal('SIGHUP');
      await fleet.calls(5);
      await fleet.settled();
      a.daemon().signal('SIGTERM');
      await a.daemon().exited;
      await a.reader.stop();
      b.daemon().signal('SIGHUP');
      await fleet.calls(6);
      await fleet.settled([b, c]);
      return { single: await alone, absent: [a] };
    },
  },
  {
    title: 'a daemon that is killed while it waits for an answer costs one extra fetch',
    async play(fleet) {
      await ready(fleet);
      await fleet.holdBack(HELD_BACK);
      three(fleet)[1].daemon().signal('SIGHUP');
      await fleet.calls(2);
      const killed = await fleet.asking();
      killed.daemon().signal('SIGKILL');
      // The intent tells the next one that the token may be dying.
      await fleet.calls(3);
      await fleet.settled(others(fleet, killed));
      return { single: 2, more: 1, absent: [killed] };
    },
  },
  {
    title: 'a daemon that is frozen while it waits for an answer costs one extra fetch',
    async play(fleet) {
      await ready(fleet);
      await fleet.holdBack(HELD_BACK);
      three(fleet)[1].daemon().signal('SIGHUP');
      await fleet.calls(2);
      const frozen = await fleet.asking();
      frozen.daemon().signal('SIGSTOP');
      await fleet.calls(3);
      await fleet.settled(others(fleet, frozen));
      frozen.daemon().signal('SIGCONT');
      await fleet.settled();
      await allEnd(fleet);
      return { single: 2, more: 1, absent: [frozen] };
    },
  },
  {
    title: 'a Redis that is killed and comes back empty costs no fetch, and gets the record again',
    async play(fleet) {
      await ready(fleet);
      const before = await fleet.record();
      await fleet.redis.kill();
      await fleet.redis.restart();
      await eventually(async () => (await fleet.record())?.generation === before?.generation);
      await askOne(fleet, three(fleet)[2], 2);
      await allEnd(fleet);
      return { single: 2, losesKey: true };
    },
  },
  {
    title: 'a Redis that is killed and keeps its data costs no fetch',
    options: { redis: { persistent: true } },
    async play(fleet) {
      await ready(fleet);
      await fleet.redis.kill();
      await fleet.redis.restart();
      await askOne(fleet, three(fleet)[0], 2);
      await allEnd(fleet);
      return { single: 2 };
    },
  },
  {
    title: 'FLUSHALL costs no fetch, and the record is written again',
    async play(fleet) {
      await ready(fleet);
      const before = await fleet.record();
      await fleet.redis.cli('FLUSHALL');
      await eventually(async () => (await fleet.record())?.generation === before?.generation);
      await askOne(fleet, three(fleet)[1], 2);
      await allEnd(fleet);
      return { single: 2, losesKey: true };
    },
  },
  {
    title: 'a failover that loses the last writes brings no older token back, and costs no fetch',
    options: { place: 'sentinel' },
    async play(fleet) {
      const { redis: master, otherServers } = fleet;
      const [replica] = otherServers;
      if (!replica) throw new TypeError('there is a replica');
      await ready(fleet);
      // What is written from now on is not replicated, nor waits for the replica to read it.
      replica.freeze();
      await master.cli('CLIENT', 'KILL', 'TYPE', 'replica');
      await askOne(fleet, three(fleet)[0], 2);
      const before = await fleet.record();
      await master.kill();
      replica.thaw();
      await eventually(async () => (await replica.cli('role')).startsWith('master'));
      await eventually(async () => (await fleet.record(replica))?.generation === before?.generation);
      await fleet.settled();
      await allEnd(fleet);
      return { single: 2 };
    },
  },
  {
    title: 'a slot of a Cluster that moves, with the record in it, costs no fetch',
    options: { place: 'cluster' },
    async play(fleet) {
      await ready(fleet);
      await moveSlot([fleet.redis, ...fleet.otherServers], fleet.key);
      await askOne(fleet, three(fleet)[1], 2);
      await allEnd(fleet);
      return { single: 2 };
    },
  },
  {
    title: 'connections that are cut, of all daemons at once, cost no fetch',
    async play(fleet) {
      await ready(fleet);
      for (const type of ['normal', 'pubsub']) await fleet.redis.cli('CLIENT', 'KILL', 'TYPE', type);
      await askOne(fleet, three(fleet)[0], 2);
      await allEnd(fleet);
      return { single: 2 };
    },
  },
  {
    title: 'a record that is evicted for want of memory is written again, and costs no fetch',
    options: { redis: { config: ['maxmemory-policy allkeys-lru'] } },
    async play(fleet) {
      await ready(fleet);
      const before = await fleet.record();
      await fleet.redis.cli('CONFIG', 'SET', 'maxmemory', '1');
      // Each write makes room first, by whatever there is.
      await eventually(async () => {
        await fleet.redis.cli('SET', 'neighbour', 'x');
        return (await fleet.record()) === undefined;
      });
      await fleet.redis.cli('CONFIG', 'SET', 'maxmemory', '0');
      await eventually(async () => (await fleet.record())?.generation === before?.generation);
      await askOne(fleet, three(fleet)[2], 2);
      await allEnd(fleet);
      return { single: 2, losesKey: true };
    },
  },
  {
    title: 'a record that a neighbour drives out is written again, and a key that is read stays',
    options: { redis: { config: ['maxmemory-policy allkeys-lru', 'maxmemory-samples 64'] } },
    async play(fleet) {
      await ready(fleet);
      const before = await fleet.record();
      const used = /^used_memory:(\d+)/m.exec(await fleet.redis.cli('INFO', 'memory'))?.[1];
      await fleet.redis.cli('CONFIG', 'SET', 'maxmemory', String(Number(used) + 3_000_000));
      let written = 0;
      await eventually(
        async () => {
          written += 1;
          await fleet.redis.cli('SET', `neighbour:${written}`, BIG);
          // To read it would keep it: the least recently used goes first.
          return (await fleet.redis.cli('EXISTS', fleet.key)) === '0';
        },
        { for: 'the record to be evicted' },
      );
      await eventually(async () => (await fleet.record())?.generation === before?.generation);
      await askOne(fleet, three(fleet)[0], 2);
      await allEnd(fleet);
      return { single: 2 };
    },
  },
  {
    title:
      'a clock of Redis that is set three hours forward ends the key, which is written again, and costs no fetch',
    options: { hasOwnClock: true },
    async play(fleet) {
      await ready(fleet);
      await fleet.setServerClock('+3h');
      await eventually(async () => /^expired_keys:[1-9]/m.test(await fleet.redis.cli('INFO', 'stats')), {
        for: 'the key to expire',
      });
      await fleet.settled();
      await askOne(fleet, three(fleet)[1], 2);
      await allEnd(fleet);
      return { single: 2, losesKey: true };
    },
  },
  {
    title:
      'a clock of Redis that is set three hours back leaves no key that outlives its token, and costs no fetch',
    options: { hasOwnClock: true },
    async play(fleet) {
      await ready(fleet);
      const { life: before = 0 } = (await fleet.published()) ?? {};
      await fleet.setServerClock('-3h');
      await eventually(async () => ((await fleet.published())?.life ?? 0) > before);
      await eventually(async () => ((await fleet.published())?.life ?? before + 1) <= before, {
        for: 'the key to end with its token again',
      });
      await askOne(fleet, three(fleet)[2], 2);
      await allEnd(fleet);
      return { single: 2 };
    },
  },
  {
    title: 'a Redis that is full, and evicts nothing, holds up a fetch and no file',
    async play(fleet) {
      const [a] = three(fleet);
      await ready(fleet);
      await fleet.redis.cli('CONFIG', 'SET', 'maxmemory', '1');
      a.daemon().signal('SIGHUP');
      await a.daemon().logged(({ code }) => code === 'redis-full');
      await a.reader.stop();
      await rm(a.file);
      await eventually(async () => (await contentOf(a.file)) !== undefined, { for: 'the file to come back' });
      expect(await fleet.journal.fetches()).toHaveLength(1);
      await fleet.redis.cli('CONFIG', 'SET', 'maxmemory', '0');
      await fleet.calls(2);
      await fleet.settled();
      await allEnd(fleet);
      return { single: 2 };
    },
  },
  {
    title:
      'HUPs to all daemons while Redis hangs for 40 s cost one fetch, and a lost file is published meanwhile',
    async play(fleet) {
      const [a] = three(fleet);
      await ready(fleet);
      fleet.redis.freeze();
      const thawing = delay(FROZEN);
      // Who asks finds out that nobody answers.
      for (const { daemon } of fleet.machines) daemon().signal('SIGHUP');
      await Promise.all(fleet.machines.map(({ daemon }) => daemon().logged(/did not answer in time/)));
      await a.reader.stop();
      await rm(a.file);
      await eventually(async () => (await contentOf(a.file)) !== undefined, { for: 'the file to come back' });
      await thawing;
      expect(await fleet.journal.fetches()).toHaveLength(1);
      fleet.redis.thaw();
      await fleet.calls(2);
      await fleet.settled();
      await allEnd(fleet);
      return { single: 2 };
    },
  },
  {
    title: 'a restart of all daemons costs no fetch, also when Redis has lost everything',
    async play(fleet) {
      await ready(fleet);
      for (const isEmptied of [false, true]) {
        await allEnd(fleet);
        if (isEmptied) await fleet.redis.cli('FLUSHALL');
        for (const machine of fleet.machines) machine.start();
        for (const { daemon } of fleet.machines) await daemon().logged(/^(published|already up to date)$/);
        await eventually(async () => (await fleet.record()) !== undefined);
        await fleet.settled();
      }
      await allEnd(fleet);
      return { single: 1, losesKey: true };
    },
  },
];

describe.concurrent('G5: calls and reads of three daemons on one Redis', () => {
  it.for(SCENARIOS.map((one) => [one.title, one] as const))('%s', async ([title, { options, play }], ctx) => {
    const fleet = await redisFleet(ctx, options);
    const expected = await play(fleet, ctx.onTestFinished);
    table.add(await judgeRedis(fleet, { what: title, ...expected }));
  });
});

describe.concurrent('what does without Redis', () => {
  it('a stable-token is fetched when it is due while Redis is away, and all have one when it is back', async (ctx) => {
    const fleet = await redisFleet(ctx, {
      ...{ type: 'stable-token', size: 2, rules: { tokenTtl: 20, rotationWindow: 17 } },
      credential: { rotationWindow: '16s' },
    });
    await fleet.calls(1);
    await fleet.settled();
    await fleet.redis.kill();
    await fleet.calls(4);
    await fleet.redis.restart();
    await eventually(async () => (await fleet.record()) !== undefined);
    await fleet.settled();
    for (const { reader } of fleet.machines) {
      const { bad, refused } = await reader.stop();
      expect({ bad, refused }).toEqual({ bad: [], refused: [] });
    }
  });
});
