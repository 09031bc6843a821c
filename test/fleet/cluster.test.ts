import { describe, expect, it } from 'vitest';
import { SECRET } from '../support/kubernetes/shop.ts';
import { eventually } from '../support/wait.ts';
import { allEnd, BUSY, calls, cluster, flawless, nextSecond, refusals, slowest, tell } from './cluster.ts';
import { report } from './feedback.ts';

/** The duration of the Lease in these tests, ms: `SHORT` of `cluster.ts`. */
const DURATION = 5_000;
const SECOND = 1_000;

/** An answer is held back so long that its asker can be caught while it waits; the daemon's patience is 10 s. */
const HELD_BACK = 2_000;

describe.concurrent('G5: three daemons of a cluster, an access-token', () => {
  it('make the calls of one: at the start, for a HUP, a refresh and feedback of those that follow, and on TERM', {
    timeout: 90_000,
  }, async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished);
    const { pods, journal, leader, settled } = group;
    const first = await leader();
    await settled();
    expect(await journal.fetches()).toHaveLength(1);
    const [follower, other] = pods.filter((pod) => pod !== first);
    if (!follower || !other) throw new TypeError('three are needed');
    expect(await first.metrics()).toContain('wx_token_leader{lease="shop/wx-token"} 1\n');
    expect(await other.metrics()).toContain('wx_token_leader{lease="shop/wx-token"} 0\n');
    expect(await other.metrics()).toMatch(
      /^wx_token_follower_last_sync_timestamp_seconds\{credential="shop"\} \d/m,
    );

    follower.signal('SIGHUP');
    await calls(group, 2);
    const hash = await settled();
    expect(await other.refresh()).toMatchObject({
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

    first.signal('SIGTERM');
    const began = performance.now();
    const next = await leader([follower, other]);
    const took = Math.round(performance.now() - began);
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect(took).toBeLessThan(SECOND + BUSY);
    next.signal('SIGHUP');
    await calls(group, 6);
    await settled([follower, other]);
    expect(await journal.fetches()).toHaveLength(6);
    const late = await slowest(group);
    expect(late).toBeLessThan(SECOND + BUSY);
    await flawless(pods);
    tell(`handed over ${took} ms after TERM; every file new at most ${late} ms after the platform's answer`);
  });

  it('and `once` share what one of them has fetched; alone it is the one, and leaves nothing held', {
    timeout: 90_000,
  }, async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished, { size: 1 });
    const [pod] = group.pods;
    await group.settled();
    expect(await pod?.command(['once'])).toMatchObject({ code: 0 });
    expect(await group.journal.fetches()).toHaveLength(1);
    pod?.signal('SIGTERM');
    await pod?.exited;
    await group.shop.ask('PATCH', SECRET, { data: null, metadata: { annotations: null } });
    expect(await pod?.command(['once'])).toMatchObject({ code: 0 });
    expect(await group.journal.fetches()).toHaveLength(2);
    expect(await group.shop.holder()).toBe('');
  });

  it('lose their leader to a kill, and have another within the duration and a second, for no call', {
    timeout: 90_000,
  }, async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished);
    const killed = await group.leader();
    await group.settled();
    killed.signal('SIGKILL');
    const began = performance.now();
    const others = group.pods.filter((pod) => pod !== killed);
    await group.leader(others);
    const took = Math.round(performance.now() - began);
    expect(took).toBeLessThan(DURATION + SECOND + BUSY);
    expect(await group.journal.fetches()).toHaveLength(1);
    others[0]?.signal('SIGHUP');
    await calls(group, 2);
    await group.settled(others);
    await flawless(others);
    tell(`another leader ${took} ms after a kill, with a duration of ${DURATION} ms`);
  });

  it('lose their leader between its fetch and its patch, and know that the token may be dying, for one call more', {
    timeout: 90_000,
  }, async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished);
    const { shop, sandbox } = group;
    const killed = await group.leader();
    await group.settled();
    await sandbox.faults([{ kind: 'latency', ms: HELD_BACK, path: '/cgi-bin/token', times: 1 }]);
    killed.signal('SIGHUP');
    await calls(group, 2);
    shop.server.freeze();
    await killed.logged((line) => /^a new token/.test(line.message) && line['reason'] === 'requested');
    const watches = shop.server.watches();
    killed.signal('SIGKILL');
    // What it had sent is given up before it is read.
    await eventually(() => shop.server.watches() === watches - 2);
    shop.server.thaw();
    const began = performance.now();
    const others = group.pods.filter((pod) => pod !== killed);
    await calls(group, 3);
    await group.settled(others);
    expect(await group.journal.fetches()).toHaveLength(3);
    const refused = await refusals(group);
    tell(
      `killed between fetch and patch: one call more ${Math.round(performance.now() - began)} ms later, ${refused} reads refused until it was published`,
    );
    await flawless(others, []);
  });

  it('find their leader frozen while it waits for an answer, and do no harm when it wakes', {
    timeout: 90_000,
  }, async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished);
    const { sandbox } = group;
    const frozen = await group.leader();
    await group.settled();
    await sandbox.faults([{ kind: 'latency', ms: HELD_BACK, path: '/cgi-bin/token', times: 1 }]);
    frozen.signal('SIGHUP');
    await calls(group, 2);
    frozen.signal('SIGSTOP');
    const others = group.pods.filter((pod) => pod !== frozen);
    await group.leader(others);
    // The intent tells the next one that the token may be dying.
    await calls(group, 3);
    await group.settled(others);
    frozen.signal('SIGCONT');
    await group.settled();
    await group.leader(others);
    await allEnd(group);
    expect(await group.journal.fetches()).toHaveLength(3);
    tell(`frozen while it waited for an answer: one call more, ${await refusals(group)} reads refused`);
    await flawless(group.pods, []);
  });

  it('find their leader frozen between its check and the socket: one call more, and its token is the newest', {
    timeout: 90_000,
  }, async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished, { canFreezeAtSocket: true });
    const frozen = await group.leader();
    await group.settled();
    await group.freezeAtSocket(frozen);
    frozen.signal('SIGHUP');
    await frozen.frozen();
    const others = group.pods.filter((pod) => pod !== frozen);
    await group.leader(others);
    await calls(group, 2);
    await group.settled(others);
    // What it sends only now brings the newest token of all; the platform tells its time in whole seconds.
    await nextSecond(group);
    frozen.signal('SIGCONT');
    const [, , last] = await calls(group, 3);
    expect(await group.settled()).toBe(last?.tokenSha256);
    await group.leader(others);
    await allEnd(group);
    expect(await group.journal.fetches()).toHaveLength(3);
    tell(`frozen between check and socket: one call more, ${await refusals(group)} reads refused`);
    await flawless(group.pods, []);
  });

  it('find their leader frozen while nothing is due, and it fetches nothing when it wakes', {
    timeout: 90_000,
  }, async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished);
    const frozen = await group.leader();
    await group.settled();
    frozen.signal('SIGSTOP');
    // It is asked while it is frozen, and by then another one leads.
    frozen.signal('SIGHUP');
    const others = group.pods.filter((pod) => pod !== frozen);
    const next = await group.leader(others);
    next.signal('SIGHUP');
    await calls(group, 2);
    await group.settled(others);
    frozen.signal('SIGCONT');
    await frozen.logged(/^another daemon refreshes|^this daemon could not renew/);
    await group.settled();
    await allEnd(group);
    // Its own HUP may have been handed over; the token that it knew then was replaced, so nothing came of it.
    expect(await group.journal.fetches()).toHaveLength(2);
    await flawless(group.pods);
  });
});

/** Longer than anybody holds on to a Lease that cannot be renewed. */
const standing = () => new Promise((resolve) => setTimeout(resolve, DURATION));

describe.concurrent('the API server', () => {
  it('is started again, frozen, cut off and refused for seconds, and nobody fetches or reads a bad token for it', {
    timeout: 120_000,
  }, async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished);
    const { pods, journal } = group;
    const { server } = group.shop;
    await group.leader();
    await group.settled();
    /** Asked of one of them, whether or not it leads by now: one call, and everybody has what it brings. */
    async function oneMore(what: string, ask = () => pods[0]?.signal('SIGHUP')): Promise<void> {
      const before = (await journal.fetches()).length;
      const began = performance.now();
      ask();
      await calls(group, before + 1);
      await group.settled();
      expect(await journal.fetches()).toHaveLength(before + 1);
      tell(`${what}: the next token in every file ${Math.round(performance.now() - began)} ms later`);
    }

    await server.restart();
    await oneMore('the API server was started again');
    server.cutWatches();
    await oneMore('all watches were cut');
    server.failWatches(410, 'Expired');
    await oneMore('all watches were refused');
    server.freeze();
    await standing();
    // Everybody is asked while nobody can be elected.
    for (const pod of pods) pod.signal('SIGHUP');
    await oneMore('the API server stood still', server.thaw);
    await server.down();
    await standing();
    await server.up();
    await oneMore('the API server was away');
    await flawless(pods);
  });

  it('holds a Secret that somebody empties or deletes: it is filled again, for no call', {
    timeout: 90_000,
  }, async ({ onTestFinished }) => {
    const group = await cluster(onTestFinished);
    const { shop } = group;
    await group.leader();
    await group.settled();
    const before = await shop.data();
    await shop.ask('PATCH', SECRET, { data: null, metadata: { annotations: null } });
    await eventually(async () => (await shop.data())['shop'] === before['shop']);
    await shop.ask('DELETE', SECRET);
    await shop.ask('POST', SECRET.replace(/\/[^/]+$/, ''), { metadata: { name: 'wx-token' } });
    await eventually(async () => (await shop.data())['shop'] === before['shop'], { within: 40_000 });
    expect(await group.journal.fetches()).toHaveLength(1);
    await flawless(group.pods);
  });
});
