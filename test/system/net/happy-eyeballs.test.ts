import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Attempt,
  attemptsText,
  type Candidate,
  connectToFirst,
  headStartWithin,
  inOrder,
} from '../../../src/system/net/happy-eyeballs.ts';
import { blackhole, closedPort, listen } from '../../providers/servers.ts';
import { eventually } from '../../support/wait.ts';

const v4 = (address: string) => ({ address, family: 4 });
const v6 = (address: string) => ({ address, family: 6 });

/** Later than any test ends, ms. */
const NEVER = 3_600_000;

const candidates = (delay: number, ...addresses: readonly string[]): readonly Candidate[] =>
  addresses.map((address) => ({ address, family: 4, delay }));

/** An attempt to connect, until the test ends. */
function connecting(to: readonly Candidate[], port: number) {
  const controller = new AbortController();
  const attempts = new Map<string, Attempt>();
  const outcome = new Promise<Socket>((resolve, reject) => {
    connectToFirst(
      to,
      port,
      controller.signal,
      (attempt) => attempts.set(attempt.address, attempt),
      (error, socket) => (error ? reject(error) : resolve(socket)),
    );
  });
  outcome.catch(() => {});
  onTestFinished(() => {
    controller.abort();
    outcome.then(
      (socket) => socket.destroy(),
      () => {},
    );
  });
  return { outcome, attempts: () => [...attempts.values()], abort: (why: Error) => controller.abort(why) };
}

describe('the order of addresses', () => {
  it('the families take turns, beginning with that of the first address', () => {
    const order = inOrder([v6('::a'), v6('::b'), v6('::c'), v4('10.0.0.1')]).map(({ address }) => address);
    expect(order).toEqual(['::a', '10.0.0.1', '::b', '::c']);
    const other = inOrder([v4('10.0.0.1'), v4('10.0.0.1'), v4('10.0.0.2'), v6('::a')]);
    expect(other.map(({ address }) => address)).toEqual(['10.0.0.1', '::a', '10.0.0.2']);
  });

  it('IPv4 comes first and has a head start where it is preferred', () => {
    const order = inOrder([v6('::a'), v4('10.0.0.1'), v6('::b'), v4('10.0.0.2')], 2_000);
    expect(order).toEqual([
      { ...v4('10.0.0.1'), delay: 250 },
      { ...v4('10.0.0.2'), delay: 250 },
      { ...v6('::a'), delay: 2_000 },
      { ...v6('::b'), delay: 250 },
    ]);
  });

  it('the head start leaves three quarters of a short time limit to IPv6', () => {
    expect([500, 4_000, 10_000, 60_000].map(headStartWithin)).toEqual([250, 1_000, 2_500, 2_500]);
  });
});

describe('attempts to connect', () => {
  it('an address that does not answer does not hold up the next one', async (ctx) => {
    const port = await blackhole();
    if (port === undefined) return ctx.skip('this system queues connections without end');
    const alive = createServer().listen(port, '127.0.0.2');
    onTestFinished(() => {
      alive.close();
    });
    await once(alive, 'listening');
    const { outcome, attempts } = connecting(candidates(50, '127.0.0.1', '127.0.0.2'), port);
    expect((await outcome).remoteAddress).toBe('127.0.0.2');
    expect(attempts()).toEqual([v4('127.0.0.1'), { ...v4('127.0.0.2'), end: 'connected' }]);
  });

  it('an attempt is not given up when later ones fail, and its end is that of the signal', async (ctx) => {
    const port = await blackhole();
    if (port === undefined) return ctx.skip('this system queues connections without end');
    const { outcome, attempts, abort } = connecting(
      candidates(10, '127.0.0.1', '127.0.0.2', '127.0.0.3'),
      port,
    );
    await eventually(() => attempts().filter(({ end }) => end === 'ECONNREFUSED').length === 2);
    abort(new Error('it took too long'));
    await expect(outcome).rejects.toThrow('it took too long');
    expect(attempts()[0]).toEqual(v4('127.0.0.1'));
  });

  it('the next attempt begins at once when all before it have failed', async () => {
    const port = await listen(createServer(), '127.0.0.3');
    const { outcome } = connecting(candidates(NEVER, '127.0.0.1', '127.0.0.2', '127.0.0.3'), port);
    expect((await outcome).remoteAddress).toBe('127.0.0.3');
  });

  it('an attempt that loses is broken off', async () => {
    const connected: Socket[] = [];
    const port = await listen(
      createServer((socket) => connected.push(socket.on('error', () => {}))),
      '0.0.0.0',
    );
    const { outcome } = connecting(candidates(0, '127.0.0.1', '127.0.0.2', '127.0.0.3'), port);
    const winner = await outcome;
    await eventually(() => connected.filter(({ destroyed }) => !destroyed).length === 1);
    expect(connected.find(({ destroyed }) => !destroyed)?.remotePort).toBe(winner.localPort);
  });

  it('the failure is that of the address that got furthest', async () => {
    const unroutable = { address: '255.255.255.255', family: 4, delay: NEVER };
    const to = [unroutable, ...candidates(NEVER, '127.0.0.1')];
    const { outcome, attempts } = connecting(to, await closedPort());
    await expect(outcome).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(attempts().map(({ end }) => end)).toEqual([expect.stringMatching(/^E/), 'ECONNREFUSED']);
  });
});

describe('attempts in words', () => {
  it('each address is named with its family and its end', () => {
    expect(
      attemptsText([
        v4('10.9.0.2'),
        { ...v4('10.9.0.3'), end: 'connected' },
        { ...v4('10.9.0.4'), end: 'ECONNREFUSED' },
        { ...v6('2001:db8::5'), end: 'ENETUNREACH' },
        { ...v6('2001:db8::6'), end: 'EPERM' },
      ]).en,
    ).toBe(
      '10.9.0.2 (IPv4): no answer, 10.9.0.3 (IPv4): connected, 10.9.0.4 (IPv4): refused (ECONNREFUSED), ' +
        '2001:db8::5 (IPv6): no route (ENETUNREACH), 2001:db8::6 (IPv6): EPERM',
    );
  });

  it('a long list is cut short', () => {
    const many = Array.from({ length: 9 }, (_, index) => v4(`10.9.0.${index}`));
    expect(attemptsText(many).en).toMatch(/10\.9\.0\.5 \(IPv4\): no answer, and 3 more$/);
  });
});
