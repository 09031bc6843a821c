import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Webhook } from '../support/kubernetes/webhook.ts';
import { eventually } from '../support/wait.ts';
import { calls, cluster } from './cluster.ts';

const GUARD: Webhook = { name: 'guard.example.com', resources: ['secrets'], does: 'down' };

const ASKED = /^forwarded the request to the leader$/;

describe.concurrent('a webhook in trouble in a cluster', () => {
  it.for<[string, Partial<Webhook>, string]>([
    ['is down', {}, 'kube-webhook'],
    ['hangs', { does: 'hang', timeout: 600_000 }, 'kube-timeout'],
    ['denies', { does: 'deny' }, 'kube-denied'],
  ])(
    'HUP on a follower whose webhook %s costs few writes, is told, and arrives when it is over',
    async ([, webhook, code], { onTestFinished }) => {
      const group = await cluster(onTestFinished, { size: 2, type: 'stable-token' });
      const { server } = group.shop;
      const leader = await group.leader();
      await group.settled();
      const follower = group.pods.find((pod) => pod !== leader);
      if (!follower) throw new TypeError('two are needed');
      const before = await group.journal.fetches();

      server.mood.webhook = { ...GUARD, ...webhook };
      const first = server.heard.length;
      follower.signal('SIGHUP');
      const told = await eventually(() => follower.log().find((line) => line['code'] === code));
      expect(told).toMatchObject({ level: 'warn', advice: expect.stringContaining('kubectl get ') });
      await delay(6_000);
      const patches = server.heard.slice(first).filter(({ method }) => method === 'PATCH');
      // Pauses of up to 1, 2, 4 … s, of which half a second at least is waited for the lock.
      expect(patches.length).toBeLessThanOrEqual(12);
      expect(follower.log().some(({ message }) => ASKED.test(message))).toBe(false);
      expect(await group.journal.fetches()).toHaveLength(before.length);

      server.mood.webhook = undefined;
      await follower.logged(ASKED);
      await calls(group, before.length + 1);
      await group.settled();
    },
  );
});
