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

async function tlsServer(options: ServerOptions, host = '127.0.0.1') {
  const seen: Seen[] = [];
  const server = createServer(
    options,
    recording(seen, (response) => response.end(BODY)),
  );
  return { url: `https://${host}:${await listen(server, host)}`, seen };
}

describe('platforms that do not prove who they are', () => {
  it.for(['expired', 'notYet', 'client'] as const)(
    'a platform whose certificate is of the kind %s never sees the AppSecret',
    async (which, ctx) => {
      if (typeof made === 'string') return ctx.skip(made);
      const { url, seen } = await tlsServer(made[which]);
      for (const kind of ALL) expect(await attempt(kind, url, { ca: made.ca })).toBe('tls, unsent');
      expect(seen).toEqual([]);
    },
  );

  it.for([
    [
      'speaks only outdated TLS',
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    ],
    ['offers only null ciphers', { maxVersion: 'TLSv1.2', ciphers: 'NULL-SHA256:eNULL@SECLEVEL=0' }],
  ] as const)('a platform that %s never sees the AppSecret', async ([, options], ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, seen } = await tlsServer({ ...made.valid, ...options });
    for (const kind of ALL) expect(await attempt(kind, url, { ca: made.ca })).toMatch(/, unsent$/);
    expect(seen).toEqual([]);
  });

  it('a platform that demands a client certificate never sees the AppSecret', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, seen } = await tlsServer({ ...made.valid, requestCert: true, rejectUnauthorized: true });
    for (const kind of ALL) expect(await attempt(kind, url, { ca: made.ca })).not.toBe('answered');
    expect(seen).toEqual([]);
  });

  it('a platform with a valid certificate gets the request', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, seen } = await tlsServer(made.valid);
    for (const kind of ALL) expect(await attempt(kind, url, { ca: made.ca })).toBe('answered');
    expect(seen).toHaveLength(ALL.length);
  });
});

/** What a proxy may say to CONNECT. */
const SAID: readonly (readonly [string, string])[] = [
  ['a redirect', 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n'],
  ['an HTML page', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>'],
  ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['headers that never end', `HTTP/1.1 200 OK\r\n${'X-Header: value\r\n'.repeat(4_000)}`],
  ['two Content-Length headers', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  ['something other than HTTP', '\x16\x03\x01\x02\0\x01'],
];

describe('dishonest proxies', () => {
  it.each(SAID)('a proxy that answers CONNECT with %s sees no request', async (_, said) => {
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

  it('a proxy whose answer trickles in is given up as unreachable', async () => {
    const port = await tcpServer((socket) => {
      socket.once('data', () => dripping('HTTP/1.1 200 OK\r\n', 'X: y\r\n')(socket));
    });
    const proxy = `http://127.0.0.1:${port}`;
    const came = ALL.map((kind) => attempt(kind, 'https://127.0.0.1:9', { proxy, timeout: 500 }));
    for (const one of await Promise.all(came)) expect(one).toBe('unreachable, unsent');
  });

  it('a proxy tunnel to a host that the certificate does not name carries no request', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, seen } = await tlsServer(made.valid, '127.0.0.2');
    const proxy = await connectProxy();
    expect(await attempt('wecom', url, { ca: made.ca, proxy: proxy.url })).toBe('tls, unsent');
    expect(proxy.asked).toHaveLength(1);
    expect(seen).toEqual([]);
  });
});

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])('a redirect by HTTP %i is never followed', async (status) => {
    const elsewhere = await saying(BODY);
    for (const kind of ALL) {
      const { url, seen } = await saying('', status, { location: `${elsewhere.url}/cgi-bin/token` });
      expect(await attempt(kind, url)).toBe(`http-${status}, none`);
      expect(seen).toHaveLength(1);
    }
    expect(elsewhere.seen).toEqual([]);
  });
});
