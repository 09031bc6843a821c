import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { AtEnd } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { calls, cluster, type Pod } from './cluster.ts';

/** Two daemons that have a token, and an AppSecret that the platform refuses. */
async function pair(atEnd: AtEnd) {
  const group = await cluster(atEnd, { size: 2 });
  const secretFile = join(group.folder, 'secrets', 'wrong.secret');
  await writeFile(secretFile, '0'.repeat(32), { mode: 0o600 });
  const leader = await group.leader();
  await group.settled();
  const follower = group.pods.find((pod) => pod !== leader);
  if (!follower) throw new TypeError('two are needed');
  return { group, leader, follower, wrong: { secretFile } };
}

const RESIGNED = /^stepped down because the AppSecret is refused/;
const resignations = (pod: Pod) => pod.log().filter(({ message }) => RESIGNED.test(message)).length;
const terms = (pod: Pod) => pod.log().filter(({ message }) => /^became the leader/.test(message)).length;

describe.concurrent('refused AppSecrets in a cluster', () => {
  it('a leader with a refused AppSecret hands the Lease to a follower with a valid one', async ({
    onTestFinished,
  }) => {
    const { group, leader, follower, wrong } = await pair(onTestFinished);
    await leader.change(wrong);
    await leader.logged(RESIGNED);
    expect(await group.leader([follower])).toBe(follower);
    follower.signal('SIGHUP');
    await calls(group, 2);
    await group.settled();
    expect([resignations(leader), resignations(follower)]).toEqual([1, 0]);
  });

  it('a lone daemon with a refused AppSecret leads again without another call', async ({
    onTestFinished,
  }) => {
    const { group, leader, follower, wrong } = await pair(onTestFinished);
    follower.signal('SIGTERM');
    await follower.exited;
    await leader.change(wrong);
    await leader.logged(RESIGNED);
    await eventually(() => terms(leader) === 2);
    expect(resignations(leader)).toBe(1);
    const refused = (await group.sandbox.journal()).filter(({ errcode }) => errcode);
    expect(refused).toHaveLength(1);
  });

  it('daemons that all have a refused AppSecret hand the Lease over only once', async ({
    onTestFinished,
  }) => {
    const { group, leader, follower, wrong } = await pair(onTestFinished);
    await follower.change(wrong);
    await follower.logged(/^configuration reloaded/);
    await leader.change(wrong);
    await leader.logged(RESIGNED);
    await group.leader([follower]);
    await delay(8_000);
    expect(resignations(leader) + resignations(follower)).toBe(1);
    expect((await group.sandbox.journal()).filter(({ errcode }) => errcode).length).toBe(1);
  });
});
