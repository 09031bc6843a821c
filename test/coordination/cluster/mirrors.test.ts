import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { encodeEntry } from '../../../src/codec/details.ts';
import { openMirrors } from '../../../src/coordination/cluster/mirrors.ts';
import type { ClusterEvent } from '../../../src/core/events/cluster.ts';
import { SECOND } from '../../../src/core/time.ts';
import { fakeClock } from '../../support/clock.ts';
import { token } from '../../support/story.ts';
import { fakeServer, fault, recordOf, SUBJECT, settle } from './fake-secret.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const SOURCE = { namespace: 'shop', name: 'wx-token', credential: 'shop' };
const SHOP = 'mirror/shop/wx-token/shop';
const CORP = 'mirror/shop/wx-token/corp';

function mirroring() {
  const { token: written } = recordOf(3, token('a'));
  if (!written) throw new TypeError('no token');
  const entry = Buffer.from(encodeEntry(written, SUBJECT)).toString('base64');
  const server = fakeServer({ data: { 'shop.json': entry } });
  const clock = fakeClock();
  const told: string[] = [];
  const events: ClusterEvent[] = [];
  const mirrors = openMirrors({
    ...{ kubernetes: server.kubernetes, clock, random: () => 0.5 },
    report: (event) => void events.push(event),
    changed: (account) => void told.push(account),
  });
  onTestFinished(mirrors.close);
  return {
    ...{ server, mirrors, told, events },
    /** Somebody writes, and whoever is told of it is new to the list. */
    async write() {
      told.length = 0;
      server.write({});
      await settle();
      return [...told];
    },
    async pass(ms: number) {
      clock.pass(ms);
      await vi.advanceTimersByTimeAsync(ms);
      await settle();
    },
  };
}

describe('mirrors of one Secret', () => {
  it('a mirror is named after the Secret and the credential, and reads it', async () => {
    const { mirrors } = mirroring();
    const { account, store } = await mirrors.open(SOURCE, 'token');
    expect(account).toBe(SHOP);
    expect(await store.read()).toMatchObject({ account: SHOP, generation: 1 });
  });

  it('a mirror of a ticket is named after its kind too', async () => {
    const { mirrors } = mirroring();
    const { account, store } = await mirrors.open(SOURCE, 'jsapi');
    expect(account).toBe(`${SHOP}/jsapi`);
    await expect(store.read()).rejects.toThrow(/ does not hold shop\.jsapi yet/);
  });

  it('a Secret without a namespace is looked for in our own', async () => {
    const { mirrors } = mirroring();
    const { account } = await mirrors.open({ name: 'wx-token', credential: 'shop' }, 'token');
    expect(account).toBe('mirror/own/wx-token/shop');
  });

  it('a Secret that several accounts mirror is watched once, and all of them are told', async () => {
    const { mirrors, server, write } = mirroring();
    await mirrors.open(SOURCE, 'token');
    await mirrors.open({ ...SOURCE, credential: 'corp' }, 'token');
    await settle();
    expect(server.asked).toEqual(['get', 'watch']);
    expect(await write()).toEqual([SHOP, CORP]);
  });

  it('two Secrets are watched apart', async () => {
    const { mirrors, server } = mirroring();
    await mirrors.open(SOURCE, 'token');
    await mirrors.open({ ...SOURCE, name: 'another' }, 'token');
    await settle();
    expect(server.watches()).toBe(2);
  });

  it('accounts are told when the server answers again, though nothing has changed', async () => {
    const { mirrors, server, told, events, pass } = mirroring();
    await mirrors.open(SOURCE, 'token');
    await settle();
    server.down = fault('kube-unreachable');
    await pass(3 * SECOND);
    told.length = 0;
    server.down = undefined;
    await pass(SECOND);
    expect(told).toEqual([SHOP]);
    expect(events.map(({ type }) => type)).toEqual(['trouble', 'well']);
  });
});

describe('mirrors that are served no longer', () => {
  it('an account that is served no longer is not told, and the others are', async () => {
    const { mirrors, server, write } = mirroring();
    await mirrors.open(SOURCE, 'token');
    await mirrors.open({ ...SOURCE, credential: 'corp' }, 'token');
    await settle();
    mirrors.serve(new Set([CORP, 'weixin/stable-token/wx0000000000000000']));
    expect(await write()).toEqual([CORP]);
    expect(server.watches()).toBe(1);
  });

  it('a Secret that no account mirrors any more is not watched, and is watched anew for the next', async () => {
    const { mirrors, server, write } = mirroring();
    await mirrors.open(SOURCE, 'token');
    await settle();
    mirrors.serve(new Set());
    await settle();
    expect(server.watches()).toBe(0);
    expect(await write()).toEqual([]);
    await mirrors.open(SOURCE, 'token');
    await settle();
    expect(server.watches()).toBe(1);
    expect(await write()).toEqual([SHOP]);
  });

  it('mirrors that are closed watch nothing', async () => {
    const { mirrors, server, write } = mirroring();
    await mirrors.open(SOURCE, 'token');
    await mirrors.open({ ...SOURCE, name: 'another' }, 'token');
    await settle();
    await mirrors.close();
    expect(server.watches()).toBe(0);
    expect(await write()).toEqual([]);
  });
});
