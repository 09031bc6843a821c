import { describe, expect, it } from 'vitest';
import { keysOf } from '../../../src/codec/secret-layout.ts';
import { createSecretListener } from '../../../src/coordination/cluster/listener.ts';
import type { SecretCache, StoredSecret } from '../../../src/coordination/cluster/secret-cache.ts';
import type { Request } from '../../../src/coordination/cluster/secret-requests.ts';
import type { ClusterEvent } from '../../../src/core/events/cluster.ts';
import type { Unit } from '../../../src/core/ports.ts';
import { SECOND } from '../../../src/core/time.ts';
import type { Patch } from '../../../src/kubernetes/client.ts';
import { tell } from '../../support/story.ts';
import { viewOf } from '../../support/view.ts';
import { failing } from '../api-in-memory.ts';
import { steeredTime } from '../steered-time.ts';

const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
const SHOP = keysOf('shop', 'token').record;

const recordOf = (account: string, generation: number) => JSON.stringify({ version: 1, account, generation });

type Annotations = Readonly<Record<string, string>>;

/** Hears for `shop` alone; how often its account was told of is counted. */
function listening(before: Annotations) {
  const told: string[] = [];
  let annotations = before;
  const unasked = () => Promise.reject(new TypeError('nothing is asked of the server'));
  const secret = (): StoredSecret => ({
    metadata: { name: 'wx-token', namespace: 'shop', resourceVersion: '1', annotations },
  });
  const cache: SecretCache = {
    object: { resource: 'secrets', namespace: 'shop', name: 'wx-token' },
    now: secret,
    ...{ ready: async () => {}, refresh: unasked, reread: unasked, patch: unasked, close: async () => {} },
    ...{ failure: () => undefined, trouble: () => undefined, syncedAt: () => undefined },
  };
  const listener = createSecretListener({
    ...{ cache, kubernetes: { inTurn: unasked }, leads: () => false, asked: () => {} },
    ...{ random: () => 0, report: () => {} },
    changed: (account) => void told.push(account),
  });
  listener.serve([viewOf(tell('stable-token')).unit]);
  return {
    told,
    /** Others write into the Secret. */
    write(changes: Annotations) {
      annotations = { ...annotations, ...changes };
      listener.rescan();
    },
  };
}

describe('changes of a Secret', () => {
  it('a record that somebody writes is told of, under its own name or another one', () => {
    const { told, write } = listening({ [SHOP]: recordOf(ACCOUNT, 1) });
    expect(told).toEqual([ACCOUNT]);
    write({ [SHOP]: recordOf(ACCOUNT, 2) });
    expect(told).toHaveLength(2);
    write({ [keysOf('old-shop', 'token').record]: recordOf(ACCOUNT, 3) });
    expect(told).toHaveLength(3);
  });

  it('a copy that an administrator keeps stirs nobody, nor does what its name seems to mean', () => {
    const { told, write } = listening({ [SHOP]: recordOf(ACCOUNT, 1) });
    write({ 'copies.of-the-admin.cn/boutique': recordOf(ACCOUNT, 1) });
    write({ [keysOf('boutique', 'token').record]: recordOf('weixin/stable-token/wx1111111111111111', 7) });
    expect(told).toEqual([ACCOUNT]);
  });
});

function inWords(event: ClusterEvent): string {
  if (event.type === 'trouble') return `trouble ${event.object}: ${event.failure.message}`;
  return event.type === 'well' ? `well ${event.object}` : event.type;
}

const SHOP_UNIT = viewOf(tell('stable-token')).unit;
const ASKED = keysOf('shop', 'token').request;
const FORCED: Request = { id: 'one', refresh: { strength: 'forced', generation: 4 } };

/** A Secret that can be written, and one who hears it. */
function serving(atEnd: Parameters<typeof steeredTime>[0], units: readonly Unit[] = [SHOP_UNIT]) {
  const { pass } = steeredTime(atEnd);
  const changed: string[] = [];
  const asked: [string, Request][] = [];
  const reports: string[] = [];
  let [secret, leads, turns, obstacle]: [StoredSecret | undefined, boolean, number, () => Promise<void>] = [
    { metadata: { name: 'wx-token', namespace: 'shop', resourceVersion: '1' } },
    true,
    0,
    async () => {},
  ];
  const unasked = () => Promise.reject(new TypeError('nothing is asked of the server'));
  const cache: SecretCache = {
    object: { resource: 'secrets', namespace: 'shop', name: 'wx-token' },
    now: () => secret,
    ...{ ready: async () => {}, refresh: unasked, reread: unasked, close: async () => {} },
    ...{ failure: () => undefined, trouble: () => undefined, syncedAt: () => undefined },
    async patch(_version: string, { metadata }: Patch) {
      await obstacle();
      for (const key of Object.keys(metadata?.annotations ?? {})) forget(key);
      return secret as StoredSecret;
    },
  };
  const forget = (key: string) => {
    const { [key]: _gone, ...annotations } = secret?.metadata.annotations ?? {};
    secret = secret && { ...secret, metadata: { ...secret.metadata, annotations } };
  };
  const listener = createSecretListener({
    ...{ cache, leads: () => leads, random: () => 1 },
    report: (event) => void reports.push(inWords(event)),
    kubernetes: {
      inTurn(_, work) {
        turns += 1;
        return work();
      },
    },
    changed: (account) => void changed.push(account),
    asked: (account, request) => void asked.push([account, request]),
  });
  listener.serve(units);
  // Whoever is served anew is told of what is there already.
  const first = changed.splice(0);
  return {
    ...listener,
    first,
    ...{ pass, changed, asked, reports },
    /** How often a request was taken up. */
    turns: () => turns,
    isThere: (key: string) => secret?.metadata.annotations?.[key] !== undefined,
    lead(is: boolean) {
      leads = is;
    },
    /** What the server meets with every write from now on. */
    meet(what: () => Promise<void>) {
      obstacle = what;
    },
    remove() {
      secret = undefined;
      listener.rescan();
    },
    async write(changes: Annotations) {
      const annotations = { ...secret?.metadata.annotations, ...changes };
      secret = secret && { ...secret, metadata: { ...secret.metadata, annotations } };
      listener.rescan();
      await pass(0);
    },
  };
}

const asks = (request: Request = FORCED) => ({ [ASKED]: JSON.stringify(request) });

describe('what other daemons ask', () => {
  it('a request is taken out of the Secret and passed on by the daemon that leads', async ({
    onTestFinished,
  }) => {
    const { asked, write, isThere } = serving(onTestFinished);
    await write(asks());
    expect(asked).toEqual([[ACCOUNT, FORCED]]);
    expect(isThere(ASKED)).toBe(false);
  });

  it('a request is left to the daemon that leads, and taken up by one that is elected later', async ({
    onTestFinished,
  }) => {
    const { asked, write, isThere, lead, rescan, pass } = serving(onTestFinished);
    lead(false);
    await write(asks());
    expect([asked, isThere(ASKED)]).toEqual([[], true]);
    lead(true);
    rescan();
    await pass(0);
    expect([asked, isThere(ASKED)]).toEqual([[[ACCOUNT, FORCED]], false]);
  });

  it('a Secret in which nobody asks for anything is not written', async ({ onTestFinished }) => {
    const { turns, write } = serving(onTestFinished);
    await write({ [SHOP]: recordOf(ACCOUNT, 1) });
    expect(turns()).toBe(0);
  });

  it('a request that is being taken is not taken a second time, and the next one is', async ({
    onTestFinished,
  }) => {
    const { asked, write, meet, turns, rescan, pass } = serving(onTestFinished);
    let answer = () => {};
    meet(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    await write(asks());
    rescan();
    expect([turns(), asked]).toEqual([1, []]);
    answer();
    await pass(0);
    expect(asked).toEqual([[ACCOUNT, FORCED]]);
    meet(async () => {});
    const next: Request = { id: 'two', refused: 'a'.repeat(64) };
    await write(asks(next));
    expect(asked).toEqual([
      [ACCOUNT, FORCED],
      [ACCOUNT, next],
    ]);
  });

  it('a request that cannot be taken is told at once and taken up again after ever longer pauses', async ({
    onTestFinished,
  }) => {
    const { asked, write, meet, turns, rescan, reports, pass } = serving(onTestFinished);
    meet(() => Promise.reject(failing()));
    await write(asks());
    const trouble =
      'trouble Secret shop/wx-token: a request that another daemon left cannot be taken from the Secret shop/wx-token: ';
    expect([turns(), asked, reports]).toEqual([1, [], [expect.stringContaining(trouble)]]);
    // Whatever else changes meanwhile, it waits.
    rescan();
    await write({ [SHOP]: recordOf(ACCOUNT, 1) });
    for (const [index, seconds] of [1, 2, 4, 8, 16, 30, 30].entries()) {
      await pass(seconds * SECOND - 1);
      expect(turns()).toBe(index + 1);
      await pass(1);
      expect(turns()).toBe(index + 2);
    }
    meet(async () => {});
    await pass(30 * SECOND);
    expect(asked).toEqual([[ACCOUNT, FORCED]]);
    expect(reports.slice(8)).toEqual(['well Secret shop/wx-token']);
    await pass(60 * SECOND);
    expect(turns()).toBe(9);
    // The next one is met as if nothing had been.
    meet(() => Promise.reject(failing()));
    await write(asks());
    await pass(SECOND);
    expect(turns()).toBe(11);
  });

  it('a request that nobody can read is taken away and passed on to nobody', async ({ onTestFinished }) => {
    const { asked, write, isThere } = serving(onTestFinished);
    await write({ [ASKED]: 'please' });
    expect([asked, isThere(ASKED)]).toEqual([[], false]);
  });
});

describe('those who are served', () => {
  const OTHER = 'weixin/stable-token/wx1111111111111111';

  it('a unit that is served anew is told of what is there already', ({ onTestFinished }) => {
    const { first, changed, remove, serve } = serving(onTestFinished);
    expect(first).toEqual([ACCOUNT]);
    remove();
    changed.splice(0);
    serve([{ ...SHOP_UNIT, account: OTHER }]);
    expect(changed).toEqual([]);
  });

  it('a unit that follows a mirror is told nothing', async ({ onTestFinished }) => {
    const follower = { ...SHOP_UNIT, policy: { ...SHOP_UNIT.policy, follows: true } } as Unit;
    const { first, changed, asked, write } = serving(onTestFinished, [follower]);
    await write({ [SHOP]: recordOf(ACCOUNT, 1), ...asks() });
    expect([first, changed, asked]).toEqual([[], [], []]);
  });

  it('a unit that is served on is not told again of what it knows', async ({ onTestFinished }) => {
    const { changed, write, serve } = serving(onTestFinished);
    await write({ [SHOP]: recordOf(ACCOUNT, 1) });
    serve([{ ...SHOP_UNIT }]);
    expect(changed).toEqual([ACCOUNT]);
  });

  it('a name that means another account than before is told of as new', async ({ onTestFinished }) => {
    const { changed, write, serve } = serving(onTestFinished);
    await write({ [SHOP]: recordOf(ACCOUNT, 1) });
    serve([{ ...SHOP_UNIT, account: OTHER }]);
    expect(changed).toEqual([ACCOUNT, OTHER]);
  });

  it('a unit that is served no longer is told nothing', async ({ onTestFinished }) => {
    const { changed, asked, write, serve } = serving(onTestFinished);
    serve([]);
    await write({ [SHOP]: recordOf(ACCOUNT, 1), ...asks() });
    expect([changed, asked]).toEqual([[], []]);
  });

  it('two credentials in one Secret are told of their own records alone', async ({ onTestFinished }) => {
    const { changed, write } = serving(onTestFinished, [
      SHOP_UNIT,
      { ...SHOP_UNIT, name: 'mall', account: OTHER },
    ]);
    await write({ [SHOP]: recordOf(ACCOUNT, 1) });
    expect(changed).toEqual([ACCOUNT]);
    await write({ [keysOf('mall', 'token').record]: recordOf(OTHER, 1) });
    expect(changed).toEqual([ACCOUNT, OTHER]);
  });

  it('a Secret that is gone is told of once to those of whom it held a record', async ({
    onTestFinished,
  }) => {
    const { changed, write, remove, rescan } = serving(onTestFinished);
    await write({ [SHOP]: recordOf(ACCOUNT, 1) });
    remove();
    rescan();
    expect(changed).toEqual([ACCOUNT, ACCOUNT]);
  });
});
