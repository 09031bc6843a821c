import type { Socket } from 'node:net';
import { setInterval } from 'node:timers';
import { describe, expect, it } from 'vitest';
import { TEST_ACCOUNT, withSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { asking, GOOD, judged, SENT_BY, TOKEN } from './asking.ts';
import { afterRequest, blackhole, closedPort, httpServer, tcpServer } from './servers.ts';

/** Short where the fault is that no connection comes about. */
const SHORT = { timeout: 300 };
const KINDS = ['stable-token', 'access-token'] as const;
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

describe.each(KINDS)('%s requests that never left this host', (type) => {
  it(`the ${type} request counts as not sent when the port is closed`, async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const failed = await asking(type, url).failure();
    expect(judged(failed)).toBe('unreachable, unsent');
    expect(failed.message).toBe(`no answer from ${new URL(url).host}: it cannot be reached (ECONNREFUSED)`);
    expect(failed.failure).toMatchObject({
      class: 'passing',
      advice: expect.stringMatching(/egress.*; tried 127\.0\.0\.1 \(IPv4\): refused \(ECONNREFUSED\)$/),
    });
  });

  it(`the ${type} request counts as not sent when the host name cannot be resolved`, async () => {
    const failed = await asking(type, 'https://api.weixin.invalid', { timeout: 25_000 }).failure();
    expect(judged(failed)).toBe('dns, unsent');
    expect(failed.failure.advice).toContain('resolver');
  });

  it(`the ${type} request counts as not sent when a firewall drops the connection`, async (ctx) => {
    const port = await blackhole();
    if (port === undefined) return ctx.skip('this system queues connections without end');
    const failed = await asking(type, `http://127.0.0.1:${port}`, SHORT).failure();
    expect(judged(failed)).toBe('unreachable, unsent');
    expect(failed.message).toContain('no connection came about in time');
  });

  it(`the ${type} request counts as not sent when the TLS handshake gets no answer`, async () => {
    const port = await tcpServer(() => {});
    expect(judged(await asking(type, `https://127.0.0.1:${port}`, SHORT).failure())).toBe(
      'unreachable, unsent',
    );
  });

  it.each(['resetAndDestroy', 'destroy'] as const)(
    `the ${type} request counts as not sent when the TLS handshake is cut off (%s)`,
    async (how) => {
      const port = await tcpServer((socket) => {
        socket.once('data', () => socket[how]());
      });
      expect(judged(await asking(type, `https://127.0.0.1:${port}`).failure())).toBe('unreachable, unsent');
    },
  );
});

describe('answers that never finish', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['no answer comes', () => {}],
    ['the answer stops after its headers', (socket) => socket.write(`${HEAD}Content-Length: 100\r\n\r\n`)],
    [
      'the answer stops within its body',
      (socket) => socket.write(`${HEAD}Content-Length: 100\r\n\r\n${GOOD}`),
    ],
    [
      'the answer trickles in for ever',
      (socket) => {
        socket.write(`${HEAD}\r\n`);
        const drip = setInterval(() => socket.write(' '), 20);
        socket.once('close', () => clearInterval(drip));
      },
    ],
  ])('a request times out with an unknown outcome when %s', async (_, serve) => {
    const url = await afterRequest(serve);
    const failed = await Promise.all(KINDS.map((type) => asking(type, url, { timeout: SENT_BY }).failure()));
    expect(failed.map(judged)).toEqual(['timeout, unknown', 'timeout, unknown']);
    for (const { failure } of failed) expect(failure.advice).toMatch(/egress.+platform\.timeout/);
  });
});

describe.each(KINDS)('%s requests with an unknown outcome', (type) => {
  it.each([
    ['before the answer', ''],
    ['within the headers', 'HTTP/1.1 200 OK\r\nContent-Ty'],
    ['after the headers', `${HEAD}Content-Length: ${GOOD.length}\r\n\r\n`],
    ['within the body', `${HEAD}Content-Length: ${GOOD.length + 1}\r\n\r\n${GOOD}`],
    [
      'between two chunks',
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n${GOOD.length.toString(16)}\r\n${GOOD}\r\n`,
    ],
  ])(`the ${type} request has an unknown outcome when the connection ends %s`, async (_, said) => {
    for (const how of ['end', 'reset'] as const) {
      const url = await afterRequest((socket) => {
        if (how === 'end') return socket.end(said);
        return said === '' ? socket.resetAndDestroy() : socket.write(said, () => socket.destroy());
      });
      expect(judged(await asking(type, url).failure())).toBe('cut, unknown');
    }
  });

  it(`the ${type} request has an unknown outcome when the answer has no end`, async () => {
    const { url } = await httpServer((response) => {
      response.writeHead(200).write('{"access_token":"');
      const more = setInterval(() => response.write(TOKEN.repeat(100)), 1);
      response.once('close', () => clearInterval(more));
    });
    expect(judged(await asking(type, url).failure())).toBe('too-large, unknown');
  });

  it(`the ${type} request has an unknown outcome when the answer announces more than 64 KB`, async () => {
    const { url } = await httpServer((response) => response.end(`${GOOD}${' '.repeat(65_536)}`));
    expect(judged(await asking(type, url).failure())).toBe('too-large, unknown');
  });

  it(`the ${type} request has an unknown outcome when the response headers have no end`, async () => {
    const url = await afterRequest((socket) => {
      socket.write(HEAD);
      const more = setInterval(() => socket.write(`X-Token: ${TOKEN.repeat(10)}\r\n`), 1);
      socket.once('close', () => clearInterval(more));
    });
    expect(judged(await asking(type, url).failure())).toBe('too-large, unknown');
  });

  it.each([
    ['JSON without HTTP', GOOD],
    ['another protocol than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP with a malformed header', `HTTP/1.1 200 OK\r\nno header ${TOKEN}\r\n\r\n${GOOD}`],
    ['a chunk without a valid length', `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n${GOOD}\r\n0\r\n\r\n`],
  ])(`the ${type} request has an unknown outcome when the answer is %s`, async (_, said) => {
    const url = await afterRequest((socket) => socket.end(said));
    const failed = await asking(type, url).failure();
    expect(judged(failed)).toBe('not-http, unknown');
    expect(failed.failure.advice).toContain('correct host and port of the URL');
  });
});

describe('requests aborted by the daemon', () => {
  it('a request counts as not sent when it is aborted while connecting', async (ctx) => {
    const port = await blackhole();
    if (port === undefined) return ctx.skip('this system queues connections without end');
    const stop = new AbortController();
    const failing = asking('access-token', `http://127.0.0.1:${port}`).failure({ signal: stop.signal });
    stop.abort();
    expect(judged(await failing)).toBe('aborted, unsent');
  });

  it('a request counts as not sent when it was aborted before it began', async () => {
    const { url, seen } = await httpServer((response) => response.end(GOOD));
    expect(judged(await asking('access-token', url).failure({ signal: AbortSignal.abort() }))).toBe(
      'aborted, unsent',
    );
    expect(seen).toEqual([]);
  });

  it.each([
    ['while waiting for the answer', ''],
    ['while the answer arrives', `${HEAD}Content-Length: 100\r\n\r\n{`],
  ])('a request has an unknown outcome when it is aborted %s', async (_, said) => {
    const stop = new AbortController();
    const url = await afterRequest((socket) => socket.write(said, () => setImmediate(() => stop.abort())));
    expect(judged(await asking('access-token', url).failure({ signal: stop.signal }))).toBe(
      'aborted, unknown',
    );
  });

  it('closing the transport aborts all open requests and refuses new ones', async () => {
    let open = 0;
    const url = await afterRequest((socket) => {
      open += 1;
      socket.once('close', () => {
        open -= 1;
      });
    });
    const asker = asking('stable-token', url);
    const failing = [asker.failure(), asker.failure()];
    await eventually(() => open === 2);
    await asker.close();
    for (const failed of await Promise.all(failing)) expect(judged(failed)).toBe('aborted, unknown');
    await eventually(() => open === 0);
    expect(judged(await asker.failure())).toBe('aborted, unsent');
  });
});

describe('requests to the sandbox', () => {
  const path = { 'stable-token': '/cgi-bin/stable_token', 'access-token': '/cgi-bin/token' } as const;
  // The asker has a secret of its own.
  const account = { ...TEST_ACCOUNT, secret: 'AppSecret+of/this=test&100%"?#' };

  it.each(KINDS)('the %s is fetched from the sandbox with one call', async (type) => {
    const sandbox = await withSandbox({ accounts: [account] });
    const { value, expiresIn } = await asking(type, sandbox.url).fetch();
    expect(value.reveal().length).toBeGreaterThan(100);
    expect(expiresIn).toBe(7200);
    expect(await sandbox.calls(path[type])).toBe(1);
  });

  it.each([
    [{ kind: 'status', status: 502 }, 'http-502, unknown'],
    [{ kind: 'html' }, 'odd-answer, unknown'],
    [{ kind: 'empty' }, 'odd-answer, unknown'],
    [{ kind: 'cut' }, 'cut, unknown'],
    [{ kind: 'lost-answer' }, 'cut, unknown'],
    [{ kind: 'partial' }, 'cut, unknown'],
    [{ kind: 'errcode', errcode: 45009 }, 'wx-45009, none'],
    [{ kind: 'redirect', location: 'https://portal.example/' }, 'http-302, none'],
  ] as const)('the sandbox fault %o is recognised without a second request', async (fault, expected) => {
    for (const type of KINDS) {
      const sandbox = await withSandbox({ accounts: [account] });
      await sandbox.faults([fault]);
      expect(judged(await asking(type, sandbox.url).failure())).toBe(expected);
      expect(await sandbox.calls(path[type])).toBe(1);
    }
  });

  it('an AppSecret that the platform does not know is refused', async () => {
    const sandbox = await withSandbox();
    for (const type of KINDS) {
      expect(judged(await asking(type, sandbox.url).failure())).toMatch(/^wx-(40125|40001), none$/);
    }
  });
});
