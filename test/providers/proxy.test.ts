import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { eventually } from '../support/wait.ts';
import { asking, GOOD, judged, SECRET, SENT_BY } from './asking.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { connectProxy } from './proxies.ts';
import { closedPort, listen, recording, type Seen, saying, tcpServer } from './servers.ts';

const KINDS = ['stable-token', 'access-token'] as const;
const VARIABLES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [
  name,
  name.toUpperCase(),
]);
let made: Certificates | string = 'they have not been made';

beforeAll(async () => {
  made = await makeCertificates();
});

/** What the environment says of proxies, and nothing else. */
function environment(says: Readonly<Record<string, string>>): void {
  for (const name of VARIABLES) vi.stubEnv(name, says[name]);
}

beforeEach(() => {
  environment({});
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
});

/** A platform that speaks TLS, and what one has to know to be allowed to. */
async function platform({ server, authority }: Certificates) {
  const seen: Seen[] = [];
  const port = await listen(
    createServer(
      server,
      recording(seen, (response) => response.end(GOOD)),
    ),
  );
  return { url: `https://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, seen, trusted: { ca: authority } };
}

describe('configured proxy', () => {
  it('a configured proxy is not used for plain HTTP to this host', async () => {
    const proxy = await connectProxy();
    const { url, seen } = await saying(GOOD);
    await asking('stable-token', url, { proxy: proxy.url }).fetch();
    expect(seen).toHaveLength(1);
    expect(proxy.asked).toEqual([]);
  });

  it('a configured proxy opens a tunnel and never sees the AppSecret', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, host, seen, trusted } = await platform(made);
    const proxy = await connectProxy();
    for (const type of KINDS) await asking(type, url, { ...trusted, proxy: proxy.url }).fetch();
    expect(proxy.asked).toEqual([host, host]);
    expect(seen).toHaveLength(2);
    expect(proxy.carried()).not.toBe('');
    expect(proxy.carried()).not.toContain(SECRET);
  });

  it('a configured proxy gets the user and password of its URL', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, trusted } = await platform(made);
    const proxy = await connectProxy();
    const withUser = proxy.url.replace('//', '//daemon:pass%20word@');
    await asking('stable-token', url, { ...trusted, proxy: withUser }).fetch();
    expect(proxy.authorizations).toEqual([`Basic ${Buffer.from('daemon:pass word').toString('base64')}`]);
  });

  it.each([
    ['daemon', 'daemon:'],
    ['daemon:100%25', 'daemon:100%'],
    ['daemon:100%', 'daemon:100%'],
  ])('the login %s of a proxy is sent as %s', async (login, sent) => {
    const proxy = await connectProxy(407);
    const withUser = proxy.url.replace('//', `//${login}@`);
    const failed = await asking('stable-token', 'https://api.weixin.invalid', { proxy: withUser }).failure();
    expect(proxy.authorizations).toEqual([`Basic ${Buffer.from(sent).toString('base64')}`]);
    expect(failed.failure.advice).toMatch(/^correct user and password/);
  });

  it('a configured proxy takes precedence over HTTPS_PROXY and NO_PROXY', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, trusted } = await platform(made);
    const [proxy, other] = [await connectProxy(), await connectProxy()];
    environment({ HTTPS_PROXY: other.url, NO_PROXY: '127.0.0.1' });
    await asking('stable-token', url, { ...trusted, proxy: proxy.url }).fetch();
    expect([proxy.asked.length, other.asked.length]).toEqual([1, 0]);
  });

  it.each([403, 407, 502, 503])(
    'the request counts as not sent when the proxy answers HTTP %i',
    async (status) => {
      const proxy = await connectProxy(status);
      const withUser = proxy.url.replace('//', '//daemon:the-password@');
      for (const type of KINDS) {
        const failed = await asking(type, 'https://api.weixin.invalid', { proxy: withUser }).failure();
        expect(judged(failed)).toBe('proxy, unsent');
        expect(failed.message).toBe(
          `no answer from api.weixin.invalid: the proxy ${proxy.url} ` +
            (status === 407 ? 'refused the login (HTTP 407)' : `answered HTTP ${status}`),
        );
        expect(failed.failure.advice).toMatch(status === 407 ? /^correct user and password/ : /CONNECT/);
        expect(inspect(failed, { depth: 8, showHidden: true })).not.toContain('the-password');
      }
      expect(proxy.asked).toEqual(['api.weixin.invalid:443', 'api.weixin.invalid:443']);
    },
  );

  it('the advice shows how to give a login when the proxy demands one', async () => {
    const proxy = await connectProxy(407);
    const failed = await asking('stable-token', 'https://api.weixin.invalid', { proxy: proxy.url }).failure();
    expect(failed.message).toContain(`the proxy ${proxy.url} answered HTTP 407`);
    expect(failed.failure.advice).toContain('USER:PASSWORD@HOST');
  });

  it('a proxy that hangs up on CONNECT is not reported as unreachable', async () => {
    const proxy = `http://127.0.0.1:${await tcpServer((socket) => socket.once('data', () => socket.end()))}`;
    const failed = await asking('stable-token', 'https://api.weixin.invalid', { proxy }).failure();
    expect(judged(failed)).toBe('proxy, unsent');
    expect(failed.message).toContain(
      `no answer from the proxy ${proxy}: it hung up when it was asked to connect`,
    );
    expect(failed.failure.advice).toContain('CONNECT');
  });

  it('an https proxy works by IP address without Node warnings, given a valid certificate', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const warnings: Error[] = [];
    const warned = (warning: Error) => void warnings.push(warning);
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));
    const { url, host, trusted } = await platform(made);
    const proxy = await connectProxy(200, made.server);
    await asking('stable-token', url, { ...trusted, proxy: proxy.url }).fetch();
    await new Promise(setImmediate);
    expect(proxy.asked).toEqual([host]);
    expect(warnings.filter(({ name }) => name === 'DeprecationWarning')).toEqual([]);
    const elsewhere = await connectProxy(200, made.elsewhere);
    const failed = await asking('stable-token', url, { ...trusted, proxy: elsewhere.url }).failure();
    expect(judged(failed)).toBe('tls, unsent');
    expect(elsewhere.asked).toEqual([]);
  });

  it('the request counts as not sent when the proxy refuses the connection', async () => {
    const proxy = `http://127.0.0.1:${await closedPort()}`;
    const withUser = proxy.replace('//', '//daemon:the-password@');
    const failed = await asking('access-token', 'https://api.weixin.invalid', { proxy: withUser }).failure();
    expect(judged(failed)).toBe('unreachable, unsent');
    expect(failed.message).toBe(`no answer from the proxy ${proxy}: it cannot be reached (ECONNREFUSED)`);
    expect(failed.failure.advice).toContain('WXTOKEN_PROXY');
  });

  it('the error names the proxy when its host name cannot be resolved', async () => {
    const proxy = 'http://egress.invalid:3128';
    const failed = await asking('stable-token', 'https://127.0.0.1:9', { proxy, timeout: 25_000 }).failure();
    expect(judged(failed)).toBe('dns, unsent');
    expect(failed.message).toMatch(
      /^no answer from the proxy http:\/\/egress\.invalid:3128: its name cannot/,
    );
  });

  it('a proxy with an open tunnel is not blamed for errors behind it', async () => {
    const proxy = await connectProxy();
    const { url, host } = await saying(GOOD).then((plain) => ({
      url: plain.url.replace('http:', 'https:'),
      host: new URL(plain.url).host,
    }));
    const failed = await asking('stable-token', url, { proxy: proxy.url }).failure();
    expect(judged(failed)).toBe('tls, unsent');
    expect(failed.message).toContain(`no answer from ${host}: it speaks no TLS (plain http?)`);
  });

  it('the request counts as not sent when the proxy never answers', async () => {
    const proxy = `http://127.0.0.1:${await tcpServer(() => {})}`;
    const failed = await asking('access-token', 'https://api.weixin.invalid', {
      proxy,
      timeout: 300,
    }).failure();
    expect(judged(failed)).toBe('unreachable, unsent');
    expect(failed.message).toContain(`no answer from the proxy ${proxy}: no connection came about in time`);
  });

  it('a proxy that never answers does not keep the daemon from stopping', async () => {
    const stop = new AbortController();
    const port = await tcpServer((socket) => socket.once('data', () => stop.abort()));
    const asker = asking('access-token', 'https://api.weixin.invalid', { proxy: `http://127.0.0.1:${port}` });
    expect(judged(await asker.failure({ signal: stop.signal }))).toBe('aborted, unsent');
  });

  it.each([
    ['hangs up', ''],
    ['answers with something other than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['opens a tunnel to a server without TLS', 'HTTP/1.1 200 OK\r\n\r\nnot TLS'],
    ['opens a tunnel and hangs up', 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('a proxy that %s forwards nothing and is asked only once', async (_, said) => {
    let connections = 0;
    const port = await tcpServer((socket) => {
      connections += 1;
      socket.once('data', () => socket.end(said));
    });
    const proxy = `http://127.0.0.1:${port}`;
    const failed = await asking('access-token', 'https://api.weixin.invalid', { proxy }).failure();
    expect(failed.failure.effect).toBe('unsent');
    expect(failed.code).not.toBe('aborted');
    expect(connections).toBe(1);
  });

  it('nothing stays open when a tunnel leads to silence', async () => {
    const open = new Set<Socket>();
    let tunnels = 0;
    const port = await tcpServer((socket) => {
      open.add(socket);
      socket
        .once('close', () => open.delete(socket))
        .once('data', () => {
          tunnels += 1;
          socket.resume().write('HTTP/1.1 200 OK\r\n\r\n');
        });
    });
    const proxy = `http://127.0.0.1:${port}`;
    const asked = asking('stable-token', 'https://api.weixin.invalid', { proxy, timeout: SENT_BY });
    expect(judged(await asked.failure())).toBe('unreachable, unsent');
    expect(tunnels).toBe(1);
    await eventually(() => open.size === 0);
  });

  it('an access-token request goes to the next host when the proxy cannot reach the first', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, trusted, seen } = await platform(made);
    const proxy = await connectProxy();
    const dead = `https://127.0.0.1:${await closedPort()}`;
    await asking('access-token', [dead, url], { ...trusted, proxy: proxy.url }).fetch();
    expect(proxy.asked).toHaveLength(2);
    expect(seen).toHaveLength(1);
  });
});

describe('proxy from the environment', () => {
  it('the error names the HTTPS_PROXY that refuses the connection, not the platform', async () => {
    const proxy = `http://127.0.0.1:${await closedPort()}`;
    environment({ HTTPS_PROXY: proxy });
    const failed = await asking('stable-token', 'https://api.weixin.invalid').failure();
    expect(failed.message).toBe(`no answer from the proxy ${proxy}: it cannot be reached (ECONNREFUSED)`);
    expect(failed.failure.advice).toContain('HTTPS_PROXY');
  });

  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY'])('the proxy in %s is used for https', async (name) => {
    const proxy = await connectProxy(403);
    environment({ [name]: proxy.url });
    expect(judged(await asking('stable-token', 'https://api.weixin.invalid').failure())).toBe(
      'proxy, unsent',
    );
    expect(proxy.asked).toEqual(['api.weixin.invalid:443']);
  });

  it.each(['127.0.0.1', '*', 'example.com, 127.0.0.1'])(
    'the proxy in HTTPS_PROXY is bypassed when NO_PROXY is %j',
    async (exceptions) => {
      const proxy = await connectProxy(403);
      environment({ HTTPS_PROXY: proxy.url, NO_PROXY: exceptions });
      const url = `https://127.0.0.1:${await closedPort()}`;
      expect(judged(await asking('stable-token', url).failure())).toBe('unreachable, unsent');
      expect(proxy.asked).toEqual([]);
    },
  );

  it('an https proxy from the environment is accepted with the configured CA', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, host, trusted } = await platform(made);
    const proxy = await connectProxy(200, made.server);
    environment({ HTTPS_PROXY: proxy.url });
    await asking('stable-token', url, trusted).fetch();
    expect(proxy.asked).toEqual([host]);
  });

  it('the environment proxy is not used for plain HTTP to this host', async () => {
    const proxy = await connectProxy();
    const { url, seen } = await saying(GOOD);
    environment({ HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, http_proxy: proxy.url });
    for (const type of KINDS) await asking(type, url).fetch();
    expect(seen).toHaveLength(2);
    expect(proxy.asked).toEqual([]);
  });

  it.each([
    'daemon:the-password@[egress',
    'http://daemon:the-password@[egress',
    'daemon:the-password@egress:port',
    'socks5://daemon:the-password@egress:1080',
  ])('an invalid HTTPS_PROXY is reported without its password: %s', async (value) => {
    environment({ HTTPS_PROXY: value });
    const failed = await asking('access-token', 'https://api.weixin.invalid').failure();
    expect(judged(failed)).toBe('proxy, unsent');
    expect(failed.failure.advice).toContain('http://egress:3128');
    expect(inspect(failed, { depth: 8, showHidden: true })).not.toContain('the-password');
  });
});
