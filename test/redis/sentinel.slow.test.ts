import { describe, expect, it } from 'vitest';
import { startCluster, startRedis, startSentinel } from '../support/redis-server.ts';
import { eventually } from '../support/wait.ts';
import { connectionTo, outcome, told } from './clients.ts';

describe('Sentinel', () => {
  it('the connection follows the master through a failover', async (ctx) => {
    const master = await startRedis(ctx);
    const replica = await startRedis(ctx, { config: [`replicaof 127.0.0.1 ${master.port}`] });
    const port = await startSentinel(ctx, 'main', master);
    await eventually(async () =>
      (await replica.cli('info', 'replication')).includes('master_link_status:up'),
    );
    const nodes = [{ host: '127.0.0.1', port }];
    const endpoint = { kind: 'sentinel', master: 'main', nodes } as const;
    const redis = connectionTo(master.connection({ endpoint }), ctx.onTestFinished);
    await redis.set('k', 'v', 600_000);
    await eventually(async () => (await replica.cli('get', 'k')) === 'v');
    await master.kill();
    await eventually(async () => (await outcome(redis.set('k', 'after', 600_000))) === 'undefined');
    expect(await replica.cli('get', 'k')).toBe('after');
  });

  it('a master that no Sentinel knows is told by its name, and Sentinels that are away by theirs', async (ctx) => {
    const master = await startRedis(ctx);
    const port = await startSentinel(ctx, 'main', master);
    const at = (name: string, there: number) => {
      const nodes = [{ host: '127.0.0.1', port: there }];
      const endpoint = { kind: 'sentinel', master: name, nodes } as const;
      return connectionTo(master.connection({ endpoint }), ctx.onTestFinished);
    };
    expect(await told(at('other', port).get('k'))).toContain('no Sentinel knows a master called other');
    await master.kill();
    expect(await told(at('main', master.port).get('k'))).toContain('none of the Sentinels answers');
  });
});

describe('Redis Cluster', () => {
  it('commands find the node of their key, also after a slot has moved, and messages reach all', async (ctx) => {
    const nodes = await startCluster(ctx);
    const [first] = nodes;
    if (!first) throw new Error('no node');
    const endpoint = {
      kind: 'cluster',
      nodes: nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    } as const;
    const redis = connectionTo(first.connection({ endpoint }), ctx.onTestFinished);
    const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);
    for (const key of keys) await redis.set(key, key, 600_000);
    expect(await Promise.all(keys.map((key) => redis.get(key)))).toEqual(keys);

    const slot = await first.cli('cluster', 'keyslot', 'key-1');
    const ids = await Promise.all(nodes.map((node) => node.cli('cluster', 'myid')));
    const holders = await Promise.all(nodes.map((node) => node.cli('cluster', 'countkeysinslot', slot)));
    const from = holders.findIndex((count) => count !== '0');
    const to = (from + 1) % nodes.length;
    await nodes[to]?.cli('cluster', 'setslot', slot, 'importing', ids[from] ?? '');
    await nodes[from]?.cli('cluster', 'setslot', slot, 'migrating', ids[to] ?? '');
    await nodes[from]?.cli('migrate', '127.0.0.1', String(nodes[to]?.port), 'key-1', '0', '5000');
    expect(await redis.get('key-1')).toBe('key-1');
    for (const node of nodes) await node.cli('cluster', 'setslot', slot, 'node', ids[to] ?? '');
    await redis.set('key-1', 'moved', 600_000);
    expect(await redis.get('key-1')).toBe('moved');

    const heard: string[] = [];
    let isListening = false;
    redis.subscribe({
      channel: 'news',
      message: (text) => heard.push(text),
      listening: () => {
        isListening = true;
      },
    });
    await eventually(() => isListening);
    await nodes.at(-1)?.cli('publish', 'news', 'one');
    await eventually(() => heard.includes('one'));
  });

  it('nodes that send each other for a slot are given up on, and a url of one that lacks it is told as such', async (ctx) => {
    const nodes = await startCluster(ctx);
    const [first, second] = nodes;
    if (!first || !second) throw new Error('no node');
    const all = nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const redis = connectionTo(
      first.connection({ endpoint: { kind: 'cluster', nodes: all } }),
      ctx.onTestFinished,
    );
    // Each of the two says that the other has it; a slot that nobody claims stays so.
    const slot = await first.cli('cluster', 'keyslot', 'loop');
    const [one, two] = await Promise.all([first, second].map((node) => node.cli('cluster', 'myid')));
    for (const node of nodes) await node.cli('cluster', 'setslot', slot, 'node', one ?? '');
    await redis.set('loop', 'v', 600_000);
    await first.cli('del', 'loop');
    await first.cli('cluster', 'setslot', slot, 'node', two ?? '');
    expect(await outcome(redis.get('loop'))).toBe('redis-moved, none');
    expect(await told(redis.set('loop', 'a-token', 60_000))).not.toContain('a-token');
    const alone = connectionTo(first.connection(), ctx.onTestFinished);
    expect(await outcome(alone.get('loop'))).toBe('redis-moved, none');

    await first.cli('cluster', 'setslot', slot, 'node', one ?? '');
    expect(await eventually(() => redis.set('loop', 'v', 60_000).then(() => redis.get('loop')))).toBe('v');
  });

  it('keys of two slots cannot change together, and a Cluster without a node is down', async (ctx) => {
    const nodes = await startCluster(ctx);
    const [first, ...others] = nodes;
    if (!first) throw new Error('no node');
    const endpoint = {
      kind: 'cluster',
      nodes: nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    } as const;
    const redis = connectionTo(first.connection({ endpoint }), ctx.onTestFinished);
    const script = { lua: "return redis.call('GET', KEYS[1])", nature: 'reads' } as const;
    expect(await outcome(redis.script(script, ['a', 'b'], []))).toBe('redis-cross-slot, none');
    for (const node of others) await node.kill();
    await eventually(async () =>
      (await outcome(redis.set('foo', 'v', 60_000))).startsWith('redis-cluster-down'),
    );
  });
});
