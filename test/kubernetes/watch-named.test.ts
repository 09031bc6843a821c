import { describe, expect, it } from 'vitest';
import { eventually } from '../support/wait.ts';
import { watching } from './watching.ts';

describe.concurrent('watching one Secret', () => {
  it('the watch reports creation, changes and deletion of the Secret and stays open', async (context) => {
    const { watch, isOpen, make, write, remove, hears, told } = await watching(context);
    expect(watch.state().open).toBe(false);
    await isOpen();
    const { since } = watch.state();
    expect(since).toBeGreaterThan(Date.now() - 60_000);
    expect(told).toEqual([]);
    await make('one');
    await hears('one');
    await write('two');
    await hears('two');
    await remove();
    await hears('gone two');
    await make('three');
    await hears('three');
    expect(watch.state()).toEqual({ open: true, since });
  });

  it('the watch ends without reporting anything when it is aborted', async (context) => {
    const { watch, isOpen, stop, make, told, troubles } = await watching(context);
    await isOpen();
    stop();
    await watch.ended;
    await make('one');
    expect([told, watch.state().open]).toEqual([[], false]);
    expect(troubles.filter(({ code }) => code === 'aborted')).toEqual([]);
  });

  it('the watch and ordinary calls do not disturb each other', async (context) => {
    const { isOpen, make, hears, client, secret } = await watching(context);
    await isOpen();
    await make('one');
    await Promise.all(Array.from({ length: 20 }, () => client.get(secret)));
    await hears('one');
  });

  it.for(['endWatches', 'cutWatches'] as const)(
    'the watch resumes after the server fault %s',
    async (how, context) => {
      const cluster = await watching(context);
      const server = cluster.faulty(context);
      await cluster.isOpen();
      await cluster.make('one');
      await cluster.hears('one');
      server[how]();
      await eventually(() => !cluster.watch.state().open);
      await cluster.write('two');
      await cluster.hears('two');
      await cluster.isOpen();
    },
  );

  it.for([
    [410, 'Expired'],
    [500, 'InternalError'],
    [504, 'Timeout'],
  ] as const)(
    'the watch resumes after an ERROR event %i without a request loop',
    async ([code, reason], context) => {
      const cluster = await watching(context);
      const server = cluster.faulty(context);
      await cluster.make('one');
      await cluster.hears('one');
      server.failWatches(code, reason);
      await eventually(() => cluster.troubles.length > 0);
      expect(cluster.watch.state().open).toBe(false);
      await cluster.write('two');
      await cluster.hears('two');
      const asked = server.heard.filter(({ method }) => method === 'WATCH');
      expect(asked.length).toBeLessThan(5);
      expect(asked.every(({ target }) => !target.includes('resourceVersion'))).toBe(true);
    },
  );

  it('the watch resumes after a restart of the API server', async (context) => {
    const cluster = await watching(context);
    const server = cluster.faulty(context);
    await cluster.make('one');
    await cluster.hears('one');
    await server.down();
    await eventually(() => cluster.troubles.some(({ code }) => code === 'kube-unreachable'));
    server.mood.isStarting = true;
    await server.restart();
    await eventually(() => cluster.troubles.some(({ code }) => code === 'kube-forbidden'));
    server.mood.isStarting = false;
    await cluster.write('two');
    await cluster.hears('two');
  });

  it('the watch notices a frozen server and resumes when the server answers again', async (context) => {
    const timeouts = { connect: 1_000, opening: 1_000, idle: 2_000 };
    const cluster = await watching(context, { timeouts, bookmarkEvery: 300 });
    const server = cluster.faulty(context);
    await cluster.make('one');
    await cluster.hears('one');
    const { since } = cluster.watch.state();
    server.freeze();
    await eventually(() =>
      cluster.troubles.some(({ code, message }) => code === 'kube-timeout' && /nothing came/.test(message)),
    );
    await eventually(() => cluster.troubles.some(({ code }) => code === 'kube-unreachable'));
    expect(cluster.watch.state().open).toBe(false);
    server.thaw();
    await cluster.write('two');
    await cluster.hears('two');
    expect(cluster.watch.state().since).toBeGreaterThan(since);
  });

  it('the watch stays open when only bookmarks arrive', async (context) => {
    const cluster = await watching(context, { timeouts: { idle: 1_500 }, bookmarkEvery: 200 });
    const server = cluster.faulty(context);
    await cluster.isOpen();
    const { since } = cluster.watch.state();
    // Several times as long as a silent one would live.
    await eventually(() => Date.now() - since > 5_000);
    expect(cluster.watch.state()).toEqual({ open: true, since });
    expect(server.watches()).toBe(1);
  });

  it('the watch times out while the store is frozen and resumes afterwards', async (context) => {
    const cluster = await watching(context, { timeouts: { opening: 1_000 } });
    const server = cluster.faulty(context);
    await cluster.isOpen();
    server.cutWatches();
    server.freezeStore();
    await eventually(() => cluster.troubles.some(({ code }) => code === 'kube-timeout'));
    server.thawStore();
    await cluster.make('one');
    await cluster.hears('one');
  });
});
