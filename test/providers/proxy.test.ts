import { createServer } from 'node:https';
import { inspect } from 'node:util';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { asking, GOOD, judged, SECRET } from './asking.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { connectProxy } from './proxies.ts';
import { closedPort, listen, recording, type Seen, saying, tcpServer } from './servers.ts';

const KINDS = ['stable-token', 'access-token'] as const;
const VARIABLES = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
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

describe('a proxy that is configured', () => {
  it('is not asked for this very host, to which the AppSecret goes in the clear', async () => {
    const proxy = await connectProxy();
    const { url, seen } = await saying(GOOD);
    await asking('stable-token', url, { proxy: proxy.url }).fetch();
    expect(seen).toHaveLength(1);
    expect(proxy.asked).toEqual([]);
  });

  it('is asked to connect, and sees nothing of what it carries', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, host, seen, trusted } = await platform(made);
    const proxy = await connectProxy();
    for (const type of KINDS) await asking(type, url, { ...trusted, proxy: proxy.url }).fetch();
    expect(proxy.asked).toEqual([host, host]);
    expect(seen).toHaveLength(2);
    expect(proxy.carried()).not.toBe('');
    expect(proxy.carried()).not.toContain(SECRET);
  });

  it('is shown the user and password of its URL', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, trusted } = await platform(made);
    const proxy = await connectProxy();
    const withUser = proxy.url.replace('//', '//daemon:pass%20word@');
    await asking('stable-token', url, { ...trusted, proxy: withUser }).fetch();
    expect(proxy.authorizations).toEqual([`Basic ${Buffer.from('daemon:pass word').toString('base64')}`]);
  });

  it('goes before the environment', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, trusted } = await platform(made);
    const [proxy, other] = [await connectProxy(), await connectProxy()];
    environment({ HTTPS_PROXY: other.url, NO_PROXY: '127.0.0.1' });
    await asking('stable-token', url, { ...trusted, proxy: proxy.url }).fetch();
    expect([proxy.asked.length, other.asked.length]).toEqual([1, 0]);
  });

  it.each([403, 407, 502, 503])('and answers %i has sent nothing on', async (status) => {
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
  });

  it('and wants a login where none is given says how to give one', async () => {
    const proxy = await connectProxy(407);
    const failed = await asking('stable-token', 'https://api.weixin.invalid', { proxy: proxy.url }).failure();
    expect(failed.message).toContain(`the proxy ${proxy.url} answered HTTP 407`);
    expect(failed.failure.advice).toContain('USER:PASSWORD@HOST');
  });

  it('and hangs up is not said to refuse connections', async () => {
    const proxy = `http://127.0.0.1:${await tcpServer((socket) => socket.once('data', () => socket.end()))}`;
    const failed = await asking('stable-token', 'https://api.weixin.invalid', { proxy }).failure();
    expect(judged(failed)).toBe('proxy, unsent');
    expect(failed.message).toContain(
      `no answer from the proxy ${proxy}: it hung up when it was asked to connect`,
    );
    expect(failed.failure.advice).toContain('CONNECT');
  });

  it('may be spoken to in TLS, also by its address, and Node warns of nothing', async (ctx) => {
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

  it('and is closed has sent nothing on', async () => {
    const proxy = `http://127.0.0.1:${await closedPort()}`;
    const withUser = proxy.replace('//', '//daemon:the-password@');
    const failed = await asking('access-token', 'https://api.weixin.invalid', { proxy: withUser }).failure();
    expect(judged(failed)).toBe('unreachable, unsent');
    expect(failed.message).toBe(`no answer from the proxy ${proxy}: it cannot be reached (ECONNREFUSED)`);
    expect(failed.failure.advice).toContain('WXTOKEN_PROXY');
  });

  it('and whose name is not known is named, not the platform', async () => {
    const proxy = 'http://egress.invalid:3128';
    const failed = await asking('stable-token', 'https://127.0.0.1:9', { proxy, timeout: 25_000 }).failure();
    expect(judged(failed)).toBe('dns, unsent');
    expect(failed.message).toMatch(
      /^no answer from the proxy http:\/\/egress\.invalid:3128: its name cannot/,
    );
  });

  it('and has opened a tunnel is not blamed for what lies behind it', async () => {
    const proxy = await connectProxy();
    const { url, host } = await saying(GOOD).then((plain) => ({
      url: plain.url.replace('http:', 'https:'),
      host: new URL(plain.url).host,
    }));
    const failed = await asking('stable-token', url, { proxy: proxy.url }).failure();
    expect(judged(failed)).toBe('tls, unsent');
    expect(failed.message).toContain(`no answer from ${host}: it speaks no TLS (plain http?)`);
  });

  it('and says nothing has sent nothing on', async () => {
    const proxy = `http://127.0.0.1:${await tcpServer(() => {})}`;
    const failed = await asking('access-token', 'https://api.weixin.invalid', {
      proxy,
      timeout: 300,
    }).failure();
    expect(judged(failed)).toBe('unreachable, unsent');
    expect(failed.message).toContain(`no answer from the proxy ${proxy}: no connection came about in time`);
  });

  it('and says nothing does not keep the daemon from stopping', async () => {
    const stop = new AbortController();
    const port = await tcpServer((socket) => socket.once('data', () => stop.abort()));
    const asker = asking('access-token', 'https://api.weixin.invalid', { proxy: `http://127.0.0.1:${port}` });
    expect(judged(await asker.failure({ signal: stop.signal }))).toBe('aborted, unsent');
  });

  it.each([
    ['hangs up', ''],
    ['says what is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['connects to what is no TLS', 'HTTP/1.1 200 OK\r\n\r\nnot TLS'],
    ['connects and hangs up', 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('and %s has sent nothing on, and is not asked again and again', async (_, said) => {
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

  it('that cannot connect to a host leaves an access-token to the next', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, trusted, seen } = await platform(made);
    const proxy = await connectProxy();
    const dead = `https://127.0.0.1:${await closedPort()}`;
    await asking('access-token', [dead, url], { ...trusted, proxy: proxy.url }).fetch();
    expect(proxy.asked).toHaveLength(2);
    expect(seen).toHaveLength(1);
  });
});

describe('a proxy of the environment', () => {
  it('that is closed is named, not the platform', async () => {
    const proxy = `http://127.0.0.1:${await closedPort()}`;
    environment({ HTTPS_PROXY: proxy });
    const failed = await asking('stable-token', 'https://api.weixin.invalid').failure();
    expect(failed.message).toBe(`no answer from the proxy ${proxy}: it cannot be reached (ECONNREFUSED)`);
    expect(failed.failure.advice).toContain('HTTPS_PROXY');
  });

  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY'])('%s is asked to connect to https', async (name) => {
    const proxy = await connectProxy(403);
    environment({ [name]: proxy.url });
    expect(judged(await asking('stable-token', 'https://api.weixin.invalid').failure())).toBe(
      'proxy, unsent',
    );
    expect(proxy.asked).toEqual(['api.weixin.invalid:443']);
  });

  it.each(['127.0.0.1', '*', 'example.com, 127.0.0.1'])(
    'is not asked where NO_PROXY is %j',
    async (exceptions) => {
      const proxy = await connectProxy(403);
      environment({ HTTPS_PROXY: proxy.url, NO_PROXY: exceptions });
      const url = `https://127.0.0.1:${await closedPort()}`;
      expect(judged(await asking('stable-token', url).failure())).toBe('unreachable, unsent');
      expect(proxy.asked).toEqual([]);
    },
  );

  it('may be spoken to in TLS, and is held to the same authorities', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, host, trusted } = await platform(made);
    const proxy = await connectProxy(200, made.server);
    environment({ HTTPS_PROXY: proxy.url });
    await asking('stable-token', url, trusted).fetch();
    expect(proxy.asked).toEqual([host]);
  });

  it('is not asked for plain http, which does not leave this host', async () => {
    const proxy = await connectProxy();
    const { url, seen } = await saying(GOOD);
    environment({ HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, http_proxy: proxy.url });
    for (const type of KINDS) await asking(type, url).fetch();
    expect(seen).toHaveLength(2);
    expect(proxy.asked).toEqual([]);
  });

  it.each([
    'egress:3128',
    'daemon:the-password@egress:3128',
    'http://daemon:the-password@[egress',
    '//egress',
    'socks5://daemon:the-password@egress:1080',
  ])('that is no URL is said to be none, without its password: %s', async (value) => {
    environment({ HTTPS_PROXY: value });
    const failed = await asking('access-token', 'https://api.weixin.invalid').failure();
    expect(judged(failed)).toBe('proxy, unsent');
    expect(failed.failure.advice).toContain('http://egress:3128');
    expect(inspect(failed, { depth: 8, showHidden: true })).not.toContain('the-password');
  });
});
