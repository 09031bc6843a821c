import { describe, expect, it, onTestFinished } from 'vitest';
import { EdgeError } from '../../src/core/failure.ts';
import {
  type Change,
  createConcurrencyLimiter,
  createDelivery,
  createNotifier,
  type Delivery,
  type DeliveryEvent,
  type Notifier,
} from '../../src/notifiers/index.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { eventually } from '../support/wait.ts';
import { aChange, aHook, runs } from './hook.ts';

const ATTEMPTS = 5;

/** A delivery with what it reported; it is stopped at the end of the test. */
function delivering(notifier: Notifier, slots?: ReturnType<typeof createConcurrencyLimiter>) {
  const events: DeliveryEvent[] = [];
  const delivery = createDelivery(notifier, {
    clock: systemClock,
    random: () => 0.5,
    report: (event) => events.push(event),
    ...(slots && { slots }),
  });
  onTestFinished(() => delivery.stop());
  return { ...delivery, events, types: () => events.map(({ type }) => type) };
}

/** A failure that is over after `ms`. */
function failure(ms: number): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'deaf',
    message: 'nobody listens',
    zh: { message: 'nobody listens' },
    effect: 'none',
    backoff: { first: ms, growth: 1, cap: ms, jitter: 'added' },
  });
}

interface Call {
  readonly change: Change;
  readonly end: (error?: Error) => void;
}

/** A notifier of which every call waits until the test ends it. */
function puppet() {
  const calls: Call[] = [];
  const open = new Set<Call>();
  const notifier: Notifier = {
    id: 'puppet:',
    recipient: 'puppet:',
    notify: (change, signal) =>
      new Promise<void>((resolve, reject) => {
        const call: Call = {
          change,
          end: (error) => {
            open.delete(call);
            if (error) reject(error);
            else resolve();
          },
        };
        calls.push(call);
        open.add(call);
        signal.addEventListener('abort', () => call.end(failure(0)), { once: true });
      }),
  };
  return { notifier, calls, open, told: () => calls.map(({ change }) => change.expiresAt) };
}

/** A notifier that always fails, of which the next attempt comes after `ms`. */
function deaf(ms: number) {
  const told: Change[] = [];
  const notifier: Notifier = {
    id: 'deaf:',
    recipient: 'deaf:',
    notify: async (change) => {
      told.push(change);
      throw failure(ms);
    },
  };
  return { notifier, told };
}

function burst(delivery: Pick<Delivery, 'changed'>, changes: number, about: Partial<Change> = {}): void {
  for (let at = 1; at <= changes; at += 1) delivery.changed(aChange({ ...about, expiresAt: at }));
}

describe('single change', () => {
  it('a change is delivered and reported with the time it took', async () => {
    const { notifier, calls } = puppet();
    const { changed, idle, events } = delivering(notifier);
    changed(aChange());
    expect(calls.map(({ change }) => change)).toEqual([aChange()]);
    calls[0]?.end();
    await idle();
    expect(events).toEqual([
      {
        type: 'delivered',
        notifier: 'puppet:',
        credential: 'shop',
        kind: 'token',
        attempt: 1,
        attempts: ATTEMPTS,
        tookMs: expect.any(Number),
      },
    ]);
  });

  it('a delivery without any change is idle at once', async () => {
    await delivering(puppet().notifier).idle();
  });

  it('an exception in a notifier is reported as a failure and not thrown to the publisher', async () => {
    const notifier: Notifier = {
      id: 'broken:',
      recipient: 'broken:',
      notify: () => {
        throw new TypeError('a mistake in the program');
      },
    };
    const { changed, events, stop } = delivering(notifier);
    changed(aChange());
    await eventually(() => events.length === 1);
    expect(events[0]).toMatchObject({ type: 'failed', failure: { message: 'a mistake in the program' } });
    await stop();
  });
});

describe('changes during a delivery', () => {
  it('changes that arrive during a delivery cause one more, with the newest', async () => {
    const { notifier, calls, told } = puppet();
    const delivery = delivering(notifier);
    burst(delivery, 1000);
    expect(told()).toEqual([1]);
    calls[0]?.end();
    await eventually(() => calls.length === 2);
    calls[1]?.end();
    await delivery.idle();
    expect(told()).toEqual([1, 1000]);
    expect(delivery.types()).toEqual(['delivered', 'delivered']);
  });

  it('changes of one credential are delivered one at a time, kind by kind', async () => {
    const { notifier, calls, open } = puppet();
    const delivery = delivering(notifier);
    for (const kind of ['token', 'jsapi', 'wx_card']) burst(delivery, 100, { kind });
    const kinds: string[] = [];
    for (let nth = 0; nth < 4; nth += 1) {
      await eventually(() => calls.length === nth + 1);
      expect(open.size).toBe(1);
      kinds.push(calls[nth]?.change.kind ?? '');
      calls[nth]?.end();
    }
    await delivery.idle();
    expect(calls).toHaveLength(4);
    expect(kinds).toEqual(['token', 'token', 'jsapi', 'wx_card']);
  });

  it('a change of one credential does not wait for the delivery of another', async () => {
    const { notifier, calls } = puppet();
    const { changed, events } = delivering(notifier);
    changed(aChange({ credential: 'hangs' }));
    changed(aChange({ credential: 'goes' }));
    calls[1]?.end();
    await eventually(() => events.some(({ credential }) => credential === 'goes'));
  });

  it('changes of two thousand credentials are delivered four at a time', async () => {
    const { notifier, calls, open } = puppet();
    const delivery = delivering(notifier);
    let most = 0;
    for (let nth = 0; nth < 2000; nth += 1) delivery.changed(aChange({ credential: `shop-${nth}` }));
    const idle = delivery.idle();
    while (open.size > 0) {
      most = Math.max(most, open.size);
      for (const call of open) call.end();
      await new Promise(setImmediate);
    }
    await idle;
    expect(most).toBe(4);
    expect(new Set(calls.map(({ change }) => change.credential)).size).toBe(2000);
    expect(calls).toHaveLength(2000);
  });

  it('notifiers that share slots stay within their common limit', async () => {
    const { notifier, open } = puppet();
    const slots = createConcurrencyLimiter(3);
    const deliveries = Array.from({ length: 5 }, () => delivering(notifier, slots));
    for (const [nth, { changed }] of deliveries.entries()) changed(aChange({ credential: `shop-${nth}` }));
    expect(open.size).toBe(3);
    for (const call of open) call.end();
    await eventually(() => open.size === 2);
    for (const { changed } of deliveries) changed(aChange({ credential: 'club' }));
    expect(open.size).toBe(3);
  });
});

describe('failing deliveries', () => {
  it('a failing delivery is attempted five times and then given up', async () => {
    const { notifier, told } = deaf(5);
    const { changed, idle, events, types } = delivering(notifier);
    changed(aChange());
    await idle();
    expect(told).toEqual(Array.from({ length: ATTEMPTS }, () => aChange()));
    expect(types()).toEqual(['failed', 'failed', 'failed', 'failed', 'given-up']);
    expect(events.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
    expect(events[0]).toMatchObject({ failure: { code: 'deaf' }, retryMs: 5.5 });
  });

  it('a notifier that was given up is tried again for the next change', async () => {
    const { notifier, told } = deaf(1);
    const { changed, idle, types } = delivering(notifier);
    changed(aChange({ expiresAt: 1 }));
    await idle();
    changed(aChange({ expiresAt: 2 }));
    await idle();
    expect(told.map(({ expiresAt }) => expiresAt)).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    expect(types().filter((type) => type === 'given-up')).toHaveLength(2);
  });

  it('a pending retry sends the newest change and counts as its first attempt', async () => {
    const { notifier, told } = deaf(300);
    const { changed, events } = delivering(notifier);
    changed(aChange({ expiresAt: 0 }));
    await eventually(() => events.length === 1);
    burst({ changed }, 1000);
    expect(told).toHaveLength(1);
    await eventually(() => events.length === 2);
    expect(told.map(({ expiresAt }) => expiresAt)).toEqual([0, 1000]);
    expect(events[1]).toMatchObject({ type: 'failed', attempt: 1 });
  });

  it('a failed delivery is not retried when a newer change has arrived', async () => {
    const { notifier, calls, told } = puppet();
    const delivery = delivering(notifier);
    burst(delivery, 2);
    calls[0]?.end(failure(5));
    await eventually(() => calls.length === 2);
    calls[1]?.end();
    await delivery.idle();
    expect(told()).toEqual([1, 2]);
    expect(delivery.types()).toEqual(['failed', 'delivered']);
  });

  it('a change that arrives during the last attempt is still delivered', async () => {
    const { notifier, calls, told } = puppet();
    const { changed, idle, types } = delivering(notifier);
    changed(aChange({ expiresAt: 1 }));
    for (let nth = 0; nth < ATTEMPTS; nth += 1) {
      await eventually(() => calls.length === nth + 1);
      if (nth === ATTEMPTS - 1) changed(aChange({ expiresAt: 2 }));
      calls[nth]?.end(failure(1));
    }
    await eventually(() => calls.length === ATTEMPTS + 1);
    calls[ATTEMPTS]?.end();
    await idle();
    expect(told()).toEqual([1, 1, 1, 1, 1, 2]);
    expect(types().slice(-2)).toEqual(['failed', 'delivered']);
  });

  it('a failing kind does not delay another kind of the same credential', async () => {
    const { notifier, calls } = puppet();
    const { changed, events } = delivering(notifier);
    changed(aChange({ kind: 'token' }));
    changed(aChange({ kind: 'jsapi' }));
    calls[0]?.end(failure(60_000));
    await eventually(() => calls.length === 2);
    calls[1]?.end();
    await eventually(() => events.length === 2);
    expect(events).toMatchObject([
      { type: 'failed', kind: 'token' },
      { type: 'delivered', kind: 'jsapi' },
    ]);
  });
});

describe('stopping a delivery', () => {
  it('a stopped delivery lets the running call finish and starts nothing new', async () => {
    const { notifier, calls } = puppet();
    const { changed, stop, events } = delivering(notifier);
    changed(aChange());
    const stopped = stop();
    changed(aChange({ credential: 'other' }));
    calls[0]?.end();
    await stopped;
    expect(calls).toHaveLength(1);
    expect(events.map(({ type }) => type)).toEqual(['delivered']);
  });

  it('a stopped delivery ends hanging calls and gives up the changes that wait', async () => {
    const { notifier, calls, open } = puppet();
    const { changed, stop, events } = delivering(notifier);
    for (const credential of ['a', 'b', 'c', 'd', 'queued']) changed(aChange({ credential }));
    changed(aChange({ credential: 'a', kind: 'jsapi' }));
    calls[1]?.end(failure(60_000));
    await eventually(() => events.length === 1);
    await stop();
    expect(open.size).toBe(0);
    const givenUp = events.filter(({ type }) => type === 'given-up');
    expect(givenUp.map(({ credential, kind }) => `${credential} ${kind}`).sort()).toEqual(
      ['a jsapi', 'a token', 'b token', 'c token', 'd token', 'queued token'].sort(),
    );
    expect(events).toHaveLength(7);
  });

  it('a stopped delivery does not wait for other notifiers that share the slots', async () => {
    const slots = createConcurrencyLimiter(1);
    const other = delivering(puppet().notifier, slots);
    other.changed(aChange());
    const { notifier, calls } = puppet();
    const { changed, stop, idle, types } = delivering(notifier, slots);
    changed(aChange());
    await stop();
    await idle();
    expect(calls).toEqual([]);
    expect(types()).toEqual(['given-up']);
  });

  it('a stopped delivery cancels the timers of all pending retries', async () => {
    const { changed, stop, events } = delivering(deaf(60_000).notifier);
    for (let nth = 0; nth < 100; nth += 1) changed(aChange({ credential: `shop-${nth}` }));
    await eventually(() => events.length === 100);
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    expect(timers()).toBeGreaterThanOrEqual(100);
    await stop();
    expect(timers()).toBeLessThan(100);
    expect(events).toHaveLength(200);
  });

  it('a delivery can be stopped twice without harm', async () => {
    const { notifier } = puppet();
    const { changed, stop } = delivering(notifier);
    changed(aChange());
    await Promise.all([stop(), stop()]);
    await stop();
  });
});

describe('deliveries to real programs', () => {
  it('a thousand changes of each of three credentials run the program twice per credential', async () => {
    const hook = await aHook('echo "$WX_CREDENTIAL $WX_EXPIRES_AT" >> log');
    const notifier = createNotifier({ type: 'exec', command: hook.command, timeout: 600_000 });
    const delivery = delivering(notifier);
    const credentials = ['shop', 'club', 'app'];
    for (const credential of credentials) burst(delivery, 1000, { credential });
    await delivery.idle();
    const said = ((await hook.in('log')) ?? '').trim().split('\n');
    expect(said.sort()).toEqual(credentials.flatMap((name) => [`${name} 1`, `${name} 1000`]).sort());
  });

  it('a program that hangs for one credential does not delay another and can be stopped', async () => {
    const hook = await aHook(
      'trap "" TERM; [ "$WX_CREDENTIAL" = good ] && exit 0; echo $$ > self; while :; do sleep 0.1; done',
    );
    const notifier = createNotifier({ type: 'exec', command: hook.command, timeout: 600_000 });
    const { changed, stop, events } = delivering(notifier);
    changed(aChange({ credential: 'bad' }));
    changed(aChange({ credential: 'good' }));
    const pid = await eventually(() => hook.pid('self'));
    await eventually(() => events.length === 1);
    expect(events[0]).toMatchObject({ type: 'delivered', credential: 'good' });
    await stop();
    expect(events[1]).toMatchObject({ type: 'given-up', credential: 'bad', failure: { code: 'stopped' } });
    await eventually(async () => !(await runs(pid)));
  });

  it('a dozen leftover processes cause no warning of a leak from Node', async () => {
    const warnings: string[] = [];
    const heed = (warning: Error) => warnings.push(warning.message);
    process.on('warning', heed);
    onTestFinished(() => {
      process.off('warning', heed);
    });
    const hook = await aHook('sleep 600 &');
    const { changed, idle, stop } = delivering(
      createNotifier({ type: 'exec', command: hook.command, timeout: 600_000 }),
    );
    for (let nth = 0; nth < 12; nth += 1) changed(aChange({ credential: `shop-${nth}` }));
    await idle();
    await stop();
    expect(warnings).toEqual([]);
  });

  it('a process that a program left running is ended when the delivery stops', async () => {
    const hook = await aHook('sleep 600 & echo $! > left');
    const notifier = createNotifier({ type: 'exec', command: hook.command, timeout: 600_000 });
    const { changed, stop, idle } = delivering(notifier);
    changed(aChange());
    await idle();
    const pid = await eventually(() => hook.pid('left'));
    expect(await runs(pid)).toBe(true);
    await stop();
    await eventually(async () => !(await runs(pid)));
  });
});
