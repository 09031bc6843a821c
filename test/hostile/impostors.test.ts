import { createServer, type ServerOptions } from 'node:https';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectProxy } from '../providers/proxies.ts';
import { listen, recording, type Seen, saying, tcpServer } from '../providers/servers.ts';
import { type Identities, makeIdentities } from './authorities.ts';
import { ALL, attempt, BODY } from './credentials.ts';
import { dripping } from './raw.ts';

let made: Identities | string = 'they have not been made';

beforeAll(async () => {
  made = await makeIdentities();
});

async function tlsServer(options: ServerOptions) {
  const seen: Seen[] = [];
  const server = createServer(
    options,
    recording(seen, (response) => response.end(BODY)),
  );
  return { url: `https://127.0.0.1:${await listen(server)}`, seen };
}

describe('a platform is told nothing of what is secret', () => {
  it.for(['expired', 'notYet', 'client'] as const)(
    'whose certificate is of the kind %s',
    async (which, ctx) => {
      if (typeof made === 'string') return ctx.skip(made);
      const { url, seen } = await tlsServer(made[which]);
      for (const kind of ALL) expect(await attempt(kind, url, { ca: made.ca })).toBe('tls, unsent');
      expect(seen).toEqual([]);
    },
  );

  it.for([
    [
      'speaks only a TLS that is out of date',
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    ],
    [
      'speaks only ciphers that nobody should',
      { maxVersion: 'TLSv1.2', ciphers: 'NULL-SHA256:eNULL@SECLEVEL=0' },
    ],
  ] as const)('that %s', async ([, options], ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, seen } = await tlsServer({ ...made.valid, ...options });
    for (const kind of ALL) expect(await attempt(kind, url, { ca: made.ca })).toMatch(/, unsent$/);
    expect(seen).toEqual([]);
  });

  it('that wants to know who asks, and it is told no more for that', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, seen } = await tlsServer({ ...made.valid, requestCert: true, rejectUnauthorized: true });
    for (const kind of ALL) expect(await attempt(kind, url, { ca: made.ca })).not.toBe('answered');
    expect(seen).toEqual([]);
  });

  it('and the same one is asked once its certificate is good', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, seen } = await tlsServer(made.valid);
    for (const kind of ALL) expect(await attempt(kind, url, { ca: made.ca })).toBe('answered');
    expect(seen).toHaveLength(ALL.length);
  });
});

/** What a proxy may say to CONNECT. */
const SAID: readonly (readonly [string, string])[] = [
  ['go elsewhere', 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n'],
  ['yes, and sends a page', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>'],
  ['continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['headers without an end', `HTTP/1.1 200 OK\r\n${'X-Header: value\r\n'.repeat(4_000)}`],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  ['nothing that is HTTP', '\x16\x03\x01\x02\0\x01'],
];

describe('a proxy that is asked to connect', () => {
  it.each(SAID)('and says: %s, sees no request', async (_, said) => {
    let heard = '';
    const port = await tcpServer((socket) => {
      socket.on('data', (bytes: Buffer) => {
        if (heard === '') socket.write(said);
        heard += bytes.toString('latin1');
      });
    });
    const proxy = `http://127.0.0.1:${port}`;
    for (const kind of ALL) {
      heard = '';
      expect(await attempt(kind, 'https://127.0.0.1:9', { proxy, timeout: 500 })).toMatch(/, unsent$/);
      expect(heard).not.toMatch(/cgi-bin|grant_type|AppSecret/);
    }
  });

  it('and lets its answer drip is given up', async () => {
    const port = await tcpServer((socket) => {
      socket.once('data', () => dripping('HTTP/1.1 200 OK\r\n', 'X: y\r\n')(socket));
    });
    const proxy = `http://127.0.0.1:${port}`;
    const came = ALL.map((kind) => attempt(kind, 'https://127.0.0.1:9', { proxy, timeout: 500 }));
    for (const one of await Promise.all(came)) expect(one).toBe('unreachable, unsent');
  });

  it('and connects to another host than it was asked for, is not believed', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, seen } = await tlsServer(made.valid);
    const proxy = await connectProxy();
    // It is the very host, by a name that the certificate does not bear.
    const other = url.replace('127.0.0.1', '127.0.0.2');
    const listening = await attempt('wecom', other, { ca: made.ca, proxy: proxy.url });
    expect(listening).toMatch(/, unsent$/);
    expect(seen).toEqual([]);
  });
});

describe('an answer that leads elsewhere', () => {
  it.each([301, 302, 303, 307, 308])('by %i is not followed, whatever is asked for', async (status) => {
    const elsewhere = await saying(BODY);
    for (const kind of ALL) {
      const { url, seen } = await saying('', status, { location: `${elsewhere.url}/cgi-bin/token` });
      expect(await attempt(kind, url)).toBe(`http-${status}, none`);
      expect(seen).toHaveLength(1);
    }
    expect(elsewhere.seen).toEqual([]);
  });
});
