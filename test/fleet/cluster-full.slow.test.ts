import { describe, expect, it } from 'vitest';
import { SECRET } from '../support/kubernetes/shop.ts';
import { calls, cluster } from './cluster.ts';

/** So large that a token finds no room beside it. */
const LARGE = Buffer.alloc(1024 * 1024 - 1024, 'x').toString('base64');

describe.concurrent('unwritable Secrets', () => {
  it.for([
    ['an immutable Secret', { immutable: true }, /^the Secret shop\/\S+ is immutable$/],
    ['a full Secret', { data: { theirs: LARGE } }, /^the Secret shop\/\S+ would be larger than the 1 MiB/],
  ] as const)(
    '%s keeps every daemon from fetching, and the log says what to do',
    async ([, change, line], { onTestFinished }) => {
      const group = await cluster(onTestFinished, { size: 2, secret: change });
      const leader = await group.leader();
      const told = await leader.logged(line);
      expect(told).toMatchObject({ level: 'warn', credential: 'shop', advice: expect.any(String) });
      leader.signal('SIGHUP');
      leader.signal('SIGTERM');
      await leader.exited;
      const [next] = group.pods.filter((pod) => pod !== leader);
      await next?.logged(line);
      const once = await next?.beside(['once', '--timeout', '10s']);
      expect(await next?.metrics('/readyz')).toMatch(/^shop token: not published: the Secret shop\//m);
      next?.signal('SIGTERM');
      await next?.exited;
      expect(await next?.beside(['once'])).toMatchObject({
        code: 77,
        stderr: expect.stringMatching(/not published: the Secret shop\//),
      });
      expect(once?.code).toBe(75);
      expect(await group.journal.fetches()).toEqual([]);
      expect(Object.keys(await group.shop.annotations())).toEqual([]);
    },
  );

  it('a token stays published while its Secret is full and is replaced once there is room', async ({
    onTestFinished,
  }) => {
    const group = await cluster(onTestFinished, { size: 1 });
    const token = await group.settled();
    await group.shop.ask('PATCH', SECRET, { data: { theirs: LARGE } });
    const [pod] = group.pods;
    pod?.signal('SIGHUP');
    await pod?.logged(/would be larger than the 1 MiB/);
    expect(await group.journal.fetches()).toHaveLength(1);
    expect(await group.settled()).toBe(token);
    await group.shop.ask('PATCH', SECRET, { data: { theirs: null } });
    await calls(group, 2);
    expect(await group.settled()).not.toBe(token);
  });
});
