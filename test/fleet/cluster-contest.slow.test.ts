import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SECRET } from '../support/kubernetes/shop.ts';
import type { AtEnd } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { type Cluster, cluster, type Pod } from './cluster.ts';

const OTHER = { appId: 'wx1111111111111111', secret: 'fedcba9876543210'.repeat(2) };

/** Two daemons with one token, and a second account that the platform knows. */
async function pair(atEnd: AtEnd, type: 'access-token' | 'stable-token') {
  const group = await cluster(atEnd, { size: 2, type });
  await group.sandbox.addAccount(OTHER);
  const secretFile = join(group.folder, 'secrets', 'other.secret');
  await writeFile(secretFile, OTHER.secret, { mode: 0o600 });
  const leader = await group.leader();
  const token = await group.settled();
  const follower = group.pods.find((pod) => pod !== leader);
  if (!follower) throw new TypeError('two are needed');
  return { group, leader, follower, token, other: { appId: OTHER.appId, secretFile } };
}

async function versionOf({ shop }: Cluster): Promise<number> {
  const { body } = await shop.ask('GET', SECRET);
  return Number(
    (body as { readonly metadata: { readonly resourceVersion: string } }).metadata.resourceVersion,
  );
}

const accountIn = async ({ shop }: Cluster) => JSON.parse((await shop.data())['shop.json'] ?? '{}').app_id;
const contests = (pod: Pod) =>
  pod.log().filter(({ message }) => message.startsWith('account conflict: the Secret'));
const warnings = (pod: Pod) => pod.log().filter(({ level }) => level === 'warn');

describe.concurrent('two accounts under one name in a cluster', () => {
  it.for(['access-token', 'stable-token'] as const)(
    'the leader keeps its account under a contested name and the follower warns once (%s)',
    async (type, { onTestFinished }) => {
      const { group, leader, follower, token, other } = await pair(onTestFinished, type);
      await leader.change(other);
      await eventually(async () => (await accountIn(group)) === OTHER.appId);
      const [contest] = await eventually(() => contests(follower).length > 0 && contests(follower));
      expect(contest?.message).toContain(`/${OTHER.appId} under shop, but this daemon has `);
      expect(contest?.message).toContain(`the leader ${await group.shop.holder()} decides`);
      const version = await versionOf(group);
      // For as long as three hundred of its versions took before.
      for (let second = 0; second < 5; second += 1) {
        await delay(1_000);
        expect(await accountIn(group)).toBe(OTHER.appId);
      }
      expect(await versionOf(group)).toBe(version);
      expect(contests(follower)).toHaveLength(1);
      expect(warnings(follower)).toHaveLength(1);
      expect(follower.history.seen().at(-1)?.hash).toBe(token);

      await follower.change(other);
      const hashOf = ({ history }: Pod) => history.seen().at(-1)?.hash;
      await eventually(() => hashOf(follower) === hashOf(leader) && hashOf(leader) !== token);
      expect(await group.journal.fetches()).toHaveLength(2);
    },
  );

  it('a contested name goes to the account of the next leader when the leader ends', async ({
    onTestFinished,
  }) => {
    const { group, leader, follower, token, other } = await pair(onTestFinished, 'access-token');
    await follower.change(other);
    await follower.logged(/^account conflict: .* under shop, .*the leader .* decides/);
    expect(await accountIn(group)).not.toBe(OTHER.appId);
    expect(follower.history.seen().at(-1)?.hash).toBe(token);
    leader.signal('SIGTERM');
    await eventually(async () => (await accountIn(group)) === OTHER.appId);
    await eventually(() => follower.history.seen().at(-1)?.hash !== token);
  });

  it('a forged record with an impossible generation is replaced without a call', async ({
    onTestFinished,
  }) => {
    const { group, token } = await pair(onTestFinished, 'access-token');
    const key = 'token.wx-token-sidecar/shop';
    const generation = async () => JSON.parse((await group.shop.annotations())[key] ?? '{}').generation;
    const before = JSON.parse((await group.shop.annotations())[key] ?? '{}');
    const forged = JSON.stringify({ ...before, generation: 1e12 });
    await group.shop.ask('PATCH', SECRET, { metadata: { annotations: { [key]: forged } } });
    await eventually(async () => (await generation()) < 1e9);
    const version = await versionOf(group);
    await delay(3_000);
    expect(await versionOf(group)).toBe(version);
    expect(await group.journal.fetches()).toHaveLength(1);
    expect(await group.settled()).toBe(token);
  });

  it('a follower with another account asks nothing of the leader on HUP', async ({ onTestFinished }) => {
    const { group, follower, other } = await pair(onTestFinished, 'access-token');
    await follower.change(other);
    await follower.logged(/^account conflict: .* under shop/);
    follower.signal('SIGHUP');
    await follower.logged(/the leader has another account under this name/);
    expect(await group.shop.annotations()).not.toHaveProperty(['request.wx-token-sidecar/shop']);
    expect(await group.journal.fetches()).toHaveLength(1);
  });
});
