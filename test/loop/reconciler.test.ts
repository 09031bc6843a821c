import { describe, expect, it } from 'vitest';
import { createTerm } from '../../src/coordination/lease/elector.ts';
import type { Report } from '../../src/core/events/report.ts';
import { EdgeError } from '../../src/core/failure.ts';
import type { Lease, PeerRequest, Purpose, Slices, Unit } from '../../src/core/ports.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { createReconciler } from '../../src/loop/reconciler.ts';
import { type FakeClock, fakeClock } from '../support/clock.ts';
import { type CredentialType, policyFor } from '../support/kinds.ts';
import { PASSING_FAULT, TARGET, token } from '../support/story.ts';
import { eventually } from '../support/wait.ts';

const FULL_DISK = new EdgeError({
  ...PASSING_FAULT,
  code: 'ENOSPC',
  message: 'the disk is full',
  effect: 'none',
});
const NO_LOCKS = new EdgeError({
  ...PASSING_FAULT,
  code: 'lock-unusable',
  message: 'no locks here',
  effect: 'unsent',
});

const NOT_SENT = new EdgeError({ ...PASSING_FAULT, code: 'aborted', message: 'not sent', effect: 'unsent' });

const accountOf = (type: CredentialType) => `weixin/${type}/wx0000000000000000`;

/** Of 64 pieces each. */
function slices(): Slices {
  let pieces = 0;
  return {
    isOver() {
      pieces += 1;
      return pieces % 64 === 0;
    },
    giveWay: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/** The real loop between edges that do as the test says. */
function house(type: CredentialType) {
  const clock = fakeClock();
  const reports: Report[] = [];
  const edges = {
    record: undefined as AccountRecord | undefined,
    published: [] as string[],
    fetches: 0,
    /** The authorisation codes that the platform was sent. */
    codes: [] as (string | undefined)[],
    /** What the record said at the moment the platform was asked. */
    seenByPlatform: undefined as AccountRecord | undefined,
    answer: async () => ({ value: new Secret(token(String(edges.fetches))), expiresIn: 7200 }),
    lock: async (): Promise<Lease | undefined> => ({ held: async () => edges.held, release: async () => {} }),
    held: true,
    write: async () => {},
    publish: async () => {},
    /** Time passes while a connection is made. */
    beforeSocket: () => {},
    handOver: undefined as ((request: PeerRequest) => Promise<void>) | undefined,
    purposes: [] as Purpose[],
  };
  const unit: Unit = {
    id: 'shop',
    name: 'shop',
    kind: 'token',
    optional: false,
    host: 'https://api.weixin.qq.com',
    account: accountOf(type),
    policy: policyFor(type, { options: type === 'access-token' ? { ahead: 5 * MINUTE } : {} }),
    fingerprint: async () => 'f',
    provider: {
      probe: async () => ({ works: true }),
      fetch: async ({ permit = () => true, code }) => {
        edges.beforeSocket();
        if (!permit()) throw NOT_SENT;
        edges.fetches += 1;
        edges.codes.push(code?.reveal());
        edges.seenByPlatform = edges.record;
        return edges.answer();
      },
    },
    store: {
      async read() {
        clock.pass(1);
        return edges.record;
      },
      lock(purpose) {
        edges.purposes.push(purpose);
        return edges.lock();
      },
      write: async (record) => {
        await edges.write();
        edges.record = record;
      },
      get handOver() {
        return edges.handOver;
      },
    },
    publishers: [
      {
        id: TARGET,
        prepare: async () => [],
        publish: async ({ value }) => {
          await edges.publish();
          edges.published.push(value.reveal());
          return 'written';
        },
      },
    ],
  };
  const report = (_of: unknown, what: Report) => void reports.push(what);
  const reconciler = createReconciler({ clock, random: () => 0.5, report, slices });
  reconciler.serve([unit]);
  const settle = async () => {
    reconciler.tick();
    await reconciler.idle();
  };
  return { clock, edges, reconciler, reports, settle, unit };
}

describe('one round', () => {
  it('a round fetches, saves and publishes, and the next round has nothing to do', async () => {
    const { edges, settle } = house('stable-token');
    await settle();
    await settle();
    expect(edges.fetches).toBe(1);
    expect(edges.published).toEqual([token('1')]);
    expect(edges.record?.token?.value.reveal()).toBe(token('1'));
  });

  it('the call and the intent are recorded before the platform is asked for an access-token', async () => {
    const { edges, settle } = house('access-token');
    await settle();
    expect(edges.seenByPlatform).toMatchObject({
      intent: { forced: false },
      ledger: { fetches: [{ calls: 1 }] },
    });
  });

  it('a daemon without the lock sends nothing and later publishes the token it finds stored', async () => {
    const { clock, edges, settle } = house('access-token');
    const neighbour = house('access-token');
    await neighbour.settle();
    edges.lock = async () => undefined;
    await settle();
    expect(edges.fetches).toBe(0);
    edges.record = neighbour.edges.record;
    edges.lock = neighbour.edges.lock;
    clock.pass(10 * SECOND);
    await settle();
    expect(edges.fetches).toBe(0);
    expect(edges.published).toEqual([token('1')]);
  });
});

describe('failing state folder', () => {
  it('an access-token is not fetched when the record cannot be saved', async () => {
    const { edges, settle } = house('access-token');
    edges.write = async () => Promise.reject(FULL_DISK);
    await settle();
    expect(edges.fetches).toBe(0);
  });

  it('an access-token is not fetched when locks are unusable', async () => {
    const { edges, settle } = house('access-token');
    edges.lock = async () => Promise.reject(NO_LOCKS);
    await settle();
    expect(edges.fetches).toBe(0);
  });

  it('a stable-token is fetched once and published although nothing can be locked or saved', async () => {
    const { clock, edges, settle } = house('stable-token');
    edges.lock = async () => Promise.reject(NO_LOCKS);
    edges.write = async () => Promise.reject(FULL_DISK);
    for (let i = 0; i < 100; i += 1) {
      await settle();
      clock.pass(5 * SECOND);
    }
    expect(edges.fetches).toBe(1);
    expect(edges.published.at(-1)).toBe(token('1'));
  });

  it('the record is saved once the state folder works again, without another fetch', async () => {
    const { clock, edges, settle } = house('stable-token');
    edges.write = async () => Promise.reject(FULL_DISK);
    await settle();
    edges.write = async () => {};
    clock.pass(2 * MINUTE);
    await settle();
    expect(edges.record?.token?.value.reveal()).toBe(token('1'));
    expect(edges.fetches).toBe(1);
  });
});

describe('lost lock', () => {
  it('a daemon that loses the lock before the request sends nothing', async () => {
    const { edges, settle } = house('access-token');
    edges.held = false;
    await settle();
    expect(edges.fetches).toBe(0);
  });

  it('a daemon that loses the lock during the request does not overwrite the newer record', async () => {
    const { clock, edges, settle } = house('stable-token');
    const usual = edges.answer;
    edges.answer = async () => {
      edges.held = false;
      const next = house('stable-token');
      next.edges.record = edges.record;
      next.edges.fetches = 7;
      await next.settle();
      edges.record = next.edges.record;
      return usual();
    };
    await settle();
    edges.held = true;
    clock.pass(10 * SECOND);
    await settle();
    expect(edges.record?.token?.value.reveal()).toBe(token('8'));
    expect(edges.published.at(-1)).toBe(token('8'));
  });
});

const codeAt = ({ now }: Pick<FakeClock, 'now'>) => ({
  ...{ value: new Secret('queryauthcode@@@a'), mark: 'a' },
  receivedAt: now().wall,
});

describe('the code of an authorisation', () => {
  it('it goes into a fetch, which begins when the one under way has ended', async () => {
    const { clock, edges, reconciler, settle } = house('access-token');
    let answered = () => {};
    const usual = edges.answer;
    edges.answer = async () => {
      await new Promise<void>((resolve) => {
        answered = resolve;
      });
      return usual();
    };
    reconciler.tick();
    await eventually(() => edges.fetches === 1);
    reconciler.authorise(accountOf('access-token'), codeAt(clock));
    reconciler.tick();
    expect(edges.codes).toEqual([undefined]);
    answered();
    await eventually(() => edges.fetches === 2);
    expect(edges.codes).toEqual([undefined, 'queryauthcode@@@a']);
    answered();
    await settle();
    expect(edges.fetches).toBe(2);
  });

  it('it waits while another daemon has the lock', async () => {
    const { clock, edges, reconciler, settle } = house('access-token');
    const { lock } = edges;
    edges.lock = async () => undefined;
    reconciler.authorise(accountOf('access-token'), codeAt(clock));
    await settle();
    expect(edges.fetches).toBe(0);
    edges.lock = lock;
    clock.pass(10 * SECOND);
    await settle();
    expect(edges.codes).toEqual(['queryauthcode@@@a']);
  });
});

describe('leader and followers', () => {
  function follower() {
    const requests: PeerRequest[] = [];
    const made = house('access-token');
    made.edges.handOver = async (request) => void requests.push(request);
    return { ...made, requests };
  }

  it('a follower neither fetches a due token nor hands the fetch over', async () => {
    const { edges, settle, requests } = follower();
    edges.lock = async () => undefined;
    await settle();
    expect([edges.fetches, requests]).toEqual([0, []]);
    expect(edges.purposes).toEqual(['fetch']);
  });

  it('a follower hands each refresh request and each refusal over to the leader once', async () => {
    const { edges, reconciler, reports, settle, requests } = follower();
    await settle();
    edges.lock = async () => undefined;
    reconciler.refreshNow({ strength: 'forced' });
    await settle();
    reconciler.doubt((value) => value.reveal() === token('1'), 'hint');
    await settle();
    await settle();
    expect(edges.fetches).toBe(1);
    expect(requests).toEqual([
      { kind: 'refresh', strength: 'forced', generation: 2 },
      { kind: 'doubt', token: expect.objectContaining({ generation: 2 }), by: 'hint' },
    ]);
    expect(reports.filter(({ type }) => type === 'handed-over')).toHaveLength(2);
  });

  it('a follower asks the leader once to refresh an account that has authorised: it finds the code where codes are kept', async () => {
    const { clock, edges, reconciler, reports, settle, requests } = follower();
    await settle();
    edges.lock = async () => undefined;
    reconciler.authorise(accountOf('access-token'), codeAt(clock));
    await settle();
    await settle();
    expect(requests).toEqual([{ kind: 'refresh', strength: 'ordinary', generation: 2 }]);
    expect(reports).toContainEqual({ type: 'handed-over', reason: 'authorised' });
    expect(edges.fetches).toBe(1);
  });

  it('a hand-over that failed is tried again after a pause', async () => {
    const { clock, edges, reconciler, settle, requests } = follower();
    await settle();
    const { handOver } = edges;
    edges.lock = async () => undefined;
    edges.handOver = async () => Promise.reject(NO_LOCKS);
    reconciler.refreshNow({ strength: 'ordinary' });
    await settle();
    edges.handOver = handOver;
    clock.pass(10 * SECOND);
    await settle();
    expect(requests).toHaveLength(1);
  });

  it('a leader takes up a handed-over refresh once, and not for a token already replaced', async () => {
    const { edges, reconciler, settle } = house('access-token');
    await settle();
    const account = accountOf('access-token');
    const generation = edges.record?.token?.generation ?? 0;
    reconciler.refreshFor(account, { strength: 'ordinary', generation });
    reconciler.refreshFor(account, { strength: 'ordinary', generation });
    await settle();
    expect(edges.fetches).toBe(2);
    reconciler.refreshFor(account, { strength: 'ordinary', generation });
    await settle();
    expect(edges.fetches).toBe(2);
    reconciler.refreshFor('weixin/access-token/of-another', { strength: 'forced', generation: 99 });
    await settle();
    expect(edges.fetches).toBe(2);
  });

  it('a token that arrives after the lock was lost is still saved, without another fetch', async () => {
    const { clock, edges, settle } = follower();
    const arrived = edges.answer;
    edges.answer = async () => {
      edges.held = false;
      return arrived();
    };
    await settle();
    clock.pass(5 * SECOND);
    await settle();
    expect(edges.purposes).toEqual(['fetch', 'keep']);
    expect(edges.fetches).toBe(1);
    expect(edges.record?.token?.value.reveal()).toBe(token('1'));
  });
});

describe('freed lock or store', () => {
  it('a daemon that waited for the lock fetches as soon as the lock is free', async () => {
    const { edges, reconciler, settle } = house('access-token');
    edges.lock = async () => undefined;
    await settle();
    await settle();
    expect(edges.purposes).toEqual(['fetch']);
    edges.lock = async () => ({ held: async () => true, release: async () => {} });
    reconciler.free();
    await reconciler.idle();
    expect(edges.fetches).toBe(1);
    expect(edges.published).toEqual([token('1')]);
  });

  it('a daemon whose store failed fetches as soon as the store works again', async () => {
    const { edges, reconciler, settle } = house('access-token');
    const { lock } = edges;
    edges.lock = async () => Promise.reject(NO_LOCKS);
    await settle();
    edges.lock = lock;
    await settle();
    expect(edges.fetches).toBe(0);
    reconciler.free();
    await reconciler.idle();
    expect(edges.fetches).toBe(1);
  });
});

describe('last check before sending', () => {
  /** A holder whose time is over once `clock` has passed the deadline. */
  function holder() {
    const made = house('access-token');
    const { clock, edges } = made;
    const times = { duration: 15 * SECOND, renewDeadline: 10 * SECOND, retryPeriod: 2 * SECOND };
    const term = createTerm({
      ...{ lease: 'shop/wx-token', times, clock, elected: () => {} },
      report: () => {},
    });
    term.renewed(clock.now());
    edges.lock = async () => ({
      held: async () => term.isActive(),
      isHeld: term.isActive,
      release: async () => {},
    });
    return { ...made, term };
  }

  it('a request is not sent when the renew deadline passes while connecting', async () => {
    const { clock, edges, settle, term } = holder();
    edges.beforeSocket = () => clock.pass(10 * SECOND);
    await settle();
    expect(edges.fetches).toBe(0);
    expect(edges.record?.intent).toBeDefined();
    edges.beforeSocket = () => {};
    term.renewed(clock.now());
    clock.pass(9 * SECOND);
    await settle();
    expect(edges.fetches).toBe(1);
    term.lost('released');
  });

  it('a request is not sent when the wall clock has jumped past the renew deadline', async () => {
    const { clock, edges, settle, term } = holder();
    edges.beforeSocket = () => clock.set(10 * SECOND);
    await settle();
    expect(edges.fetches).toBe(0);
    term.lost('released');
  });
});

describe('state of a unit', () => {
  it('the state of a unit is known by its id as long as the unit is served', async () => {
    const { edges, reconciler, settle } = house('stable-token');
    expect(reconciler.stateOf('shop')?.record.token).toBeUndefined();
    await settle();
    expect(reconciler.stateOf('shop')?.record).toEqual(edges.record);
    expect(reconciler.stateOf('shop/jsapi')).toBeUndefined();
    reconciler.serve([]);
    expect(reconciler.stateOf('shop')).toBeUndefined();
  });
});

describe('failing target', () => {
  it('a failed target is tried again without another platform call', async () => {
    const { clock, edges, settle } = house('stable-token');
    edges.publish = async () => Promise.reject(FULL_DISK);
    await settle();
    edges.publish = async () => {};
    clock.pass(2 * MINUTE);
    await settle();
    expect(edges.published).toEqual([token('1')]);
    expect(edges.fetches).toBe(1);
  });
});

describe('a thousand credentials', () => {
  it('a tick looks at all of them, and everything else has its turn in between', async () => {
    const { reconciler, unit } = house('stable-token');
    const looks: number[] = [];
    let turn = 0;
    const nextTurn = () => {
      turn += 1;
      if (looks.length < 1000) setImmediate(nextTurn);
    };
    const fingerprint = async () => {
      looks.push(turn);
      return 'f';
    };
    const store = { ...unit.store, read: async () => undefined };
    reconciler.serve(
      Array.from({ length: 1000 }, (_, index) => ({ ...unit, id: `c${index}`, store, fingerprint })),
    );
    setImmediate(nextTurn);
    reconciler.tick();
    await eventually(() => looks.length >= 1000);
    await reconciler.idle();
    expect(looks.filter((at) => at === 0).length).toBeLessThan(200);
    expect(Math.max(...looks)).toBeGreaterThan(5);
  });

  it('all of them are ended by a stop between two slices', async () => {
    const { reconciler, unit, edges } = house('stable-token');
    const units = Array.from({ length: 1000 }, (_, index) => ({ ...unit, id: `c${index}` }));
    reconciler.serve(units);
    reconciler.tick();
    await reconciler.stop();
    expect(edges.fetches).toBe(0);
  });
});

describe('shutdown', () => {
  it('a stopping daemon lets its request end, publishes the token and starts nothing new', async () => {
    const { edges, reconciler } = house('access-token');
    const asked = signal();
    const answered = signal();
    const usual = edges.answer;
    edges.answer = async () => {
      asked.resolve();
      await answered.promise;
      return usual();
    };
    reconciler.tick();
    await asked.promise;
    const stopped = reconciler.stop();
    reconciler.refreshNow({ strength: 'preferred' });
    answered.resolve();
    await stopped;
    expect(edges.published).toEqual([token('1')]);
    expect(edges.record?.intent).toBeUndefined();
    expect(edges.fetches).toBe(1);
  });
});

/** A promise that is resolved from outside. */
function signal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
