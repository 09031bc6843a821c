import { describe, expect, it } from 'vitest';
import { fakeClock } from '../support/clock.ts';
import type { CredentialType } from '../support/kinds.ts';
import { asking, GOOD, judged, SENT_BY } from './asking.ts';
import { afterRequest, closedPort, type HttpServer, httpServer, saying } from './servers.ts';

const MINUTE = 60_000;

const SHORT = { timeout: SENT_BY };

const refused = async () => `http://127.0.0.1:${await closedPort()}`;
const silent = async () => await afterRequest(() => {});
const cut = async () => await afterRequest((socket) => socket.destroy());
const failing = async (status: number) => (await saying('', status)).url;

describe('fallback to the next host', () => {
  it.each([
    ['refuses the connection', refused],
    ['does not answer', silent],
    ['cuts the connection', cut],
    ['answers 500', () => failing(500)],
    ['answers 503', () => failing(503)],
    ['answers with an HTML page', async () => (await saying('<html></html>')).url],
  ])('a stable-token request goes to the next host when the first %s', async (_, first) => {
    const second = await saying(GOOD);
    const { expiresIn } = await asking('stable-token', [await first(), second.url], SHORT).fetch();
    expect(expiresIn).toBe(7200);
    expect(second.seen).toHaveLength(1);
  });

  it.each<[CredentialType, boolean]>([
    ['access-token', false],
    ['stable-token', true],
  ])(
    'the %s request (forced: %s) goes to the next host when the first refuses the connection',
    async (type, forced) => {
      const second = await saying(GOOD);
      const asker = asking(type, [await refused(), second.url]);
      expect((await asker.fetch({ forced })).expiresIn).toBe(7200);
      expect(second.seen).toHaveLength(1);
    },
  );

  it('the third host is asked when the first two refuse the connection', async () => {
    const third = await saying(GOOD);
    await asking('access-token', [await refused(), await refused(), third.url]).fetch();
    expect(third.seen).toHaveLength(1);
  });
});

describe('hosts that do not answer', () => {
  it('the outcome stays unknown after a cut answer when the next host cannot be reached', async () => {
    const asker = asking('stable-token', [await cut(), await refused()], SHORT);
    expect(judged(await asker.failure())).toBe('unreachable, unknown');
  });
});

describe('no fallback to the next host', () => {
  const lost: [string, () => Promise<string>, string][] = [
    ['does not answer', silent, 'timeout, unknown'],
    ['cuts the connection', cut, 'cut, unknown'],
    ['answers 500', () => failing(500), 'http-500, unknown'],
    ['answers with an HTML page', async () => (await saying('<html></html>')).url, 'odd-answer, unknown'],
  ];

  it.each(lost)(
    'an access-token request is not repeated when the first host %s',
    async (_, first, expected) => {
      const second = await saying(GOOD);
      const asker = asking('access-token', [await first(), second.url], SHORT);
      expect(judged(await asker.failure())).toBe(expected);
      expect(second.seen).toEqual([]);
    },
  );

  it.each(lost)(
    'a forced stable-token request is not repeated when the first host %s',
    async (_, first, expected) => {
      const second = await saying(GOOD);
      const asker = asking('stable-token', [await first(), second.url], SHORT);
      expect(judged(await asker.failure({ forced: true }))).toBe(expected);
      expect(second.seen).toEqual([]);
    },
  );

  it.each([
    ['errcode 40001', '{"errcode":40001,"errmsg":"no"}', 200, 'wx-40001, none'],
    ['errcode -1', '{"errcode":-1,"errmsg":"system error"}', 200, 'wx--1, none'],
    ['HTTP 404', '', 404, 'http-404, none'],
    ['HTTP 302', '', 302, 'http-302, none'],
  ])('a request is not repeated at the next host after %s', async (_, body, status, expected) => {
    const second = await saying(GOOD);
    for (const type of ['stable-token', 'access-token'] as const) {
      const first = await saying(body, status);
      expect(judged(await asking(type, [first.url, second.url]).failure())).toBe(expected);
    }
    expect(second.seen).toEqual([]);
  });

  it('a request is not repeated at the next host once the daemon is stopping', async () => {
    const second = await saying(GOOD);
    const stop = new AbortController();
    const first = await afterRequest(() => stop.abort());
    const failed = await asking('stable-token', [first, second.url]).failure({ signal: stop.signal });
    expect(judged(failed)).toBe('aborted, unknown');
    expect(second.seen).toEqual([]);
  });
});

describe('failure of every host', () => {
  it('the failure of the last host is reported when every host fails', async () => {
    const hosts = [await refused(), await failing(502)];
    expect(judged(await asking('stable-token', hosts).failure())).toBe('http-502, unknown');
  });

  it('each host is asked once when every host fails', async () => {
    const hosts = [await saying('', 500), await saying('', 501), await saying('', 502)];
    await asking(
      'stable-token',
      hosts.map(({ url }) => url),
    ).failure();
    expect(hosts.map(({ seen }) => seen.length)).toEqual([1, 1, 1]);
  });
});

describe('return to the preferred host', () => {
  /** Two hosts, the first of which can be broken and mended. */
  async function hosts() {
    const state = { broken: true };
    const first = await httpServer((response) => {
      response.writeHead(state.broken ? 503 : 200).end(GOOD);
    });
    const second = await saying(GOOD);
    const clock = fakeClock();
    const asker = asking('stable-token', [first.url, second.url], { clock });
    const counts = () => [first, second].map(({ seen }: HttpServer) => seen.length);
    return { state, clock, counts, ...asker };
  }

  it('a fallback host is asked first for ten minutes, then the preferred host again', async () => {
    const { state, clock, counts, fetch } = await hosts();
    await fetch();
    expect(counts()).toEqual([1, 1]);
    state.broken = false;
    await fetch();
    clock.pass(10 * MINUTE - 1);
    await fetch();
    expect(counts()).toEqual([1, 3]);
    clock.pass(1);
    await fetch();
    await fetch();
    expect(counts()).toEqual([3, 3]);
  });

  it('a fallback host is kept for ten more minutes while the preferred host is broken', async () => {
    const { clock, counts, fetch } = await hosts();
    await fetch();
    clock.pass(10 * MINUTE);
    await fetch();
    expect(counts()).toEqual([2, 2]);
    clock.pass(9 * MINUTE);
    await fetch();
    expect(counts()).toEqual([2, 3]);
  });

  it('a fallback host is kept when only the wall clock jumps ahead', async () => {
    const { clock, counts, fetch } = await hosts();
    await fetch();
    clock.set(365 * 24 * 60 * MINUTE);
    await fetch();
    expect(counts()).toEqual([1, 2]);
  });

  it('the preferred host is asked again when the fallback host breaks', async () => {
    const first = await httpServer((response) =>
      response.writeHead(first.seen.length === 1 ? 503 : 200).end(GOOD),
    );
    const second = await httpServer((response) =>
      response.writeHead(second.seen.length === 1 ? 200 : 503).end(GOOD),
    );
    const { fetch } = asking('stable-token', [first.url, second.url], { clock: fakeClock() });
    await fetch();
    await fetch();
    expect([first.seen.length, second.seen.length]).toEqual([2, 2]);
  });
});
