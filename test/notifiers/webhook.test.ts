import { createServer } from 'node:https';
import { setInterval } from 'node:timers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createNotifier, type Notifier } from '../../src/notifiers/index.ts';
import { makeCertificates } from '../providers/certificates.ts';
import {
  afterRequest,
  blackhole,
  closedPort,
  httpServer,
  listen,
  recording,
  type Seen,
  saying,
  tcpServer,
} from '../providers/servers.ts';
import { eventually } from '../support/wait.ts';
import { aChange, failureOf, NEVER } from './hook.ts';

function webhook(url: string, timeout = 20_000): Notifier {
  return createNotifier({ type: 'webhook', url, timeout });
}

/** Variables of the environment, until the test ends. */
function withEnvironment(variables: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}

/** A proxy of this machine would stand in between. */
const NO_PROXY = {
  http_proxy: undefined,
  https_proxy: undefined,
  no_proxy: undefined,
  HTTP_PROXY: undefined,
  HTTPS_PROXY: undefined,
  NO_PROXY: undefined,
};

describe('webhook requests', () => {
  it('a webhook gets the change as JSON without any token', async () => {
    const { url, seen } = await httpServer((response) => response.writeHead(204).end());
    await webhook(`${url}/changed?key=1`).notify(aChange({ kind: 'jsapi', file: '/run/wx/jsapi' }), NEVER);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      method: 'POST',
      target: '/changed?key=1',
      headers: {
        'content-type': 'application/json',
        'user-agent': expect.stringMatching(/^wx-token-sidecar\//),
      },
    });
    expect(seen[0]?.headers).not.toHaveProperty('authorization');
    expect(seen[0]?.headers).toHaveProperty('content-length');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      credential: 'shop',
      kind: 'jsapi',
      file: '/run/wx/jsapi',
      expires_at: 1_767_232_800,
    });
  });

  it('a webhook is named without its query and fragment, but called with the query', async () => {
    const { url, seen } = await saying('');
    const notifier = webhook(`${url}/changed?key=hush#hush`);
    expect(notifier.id).toBe(`webhook:${url}/changed`);
    await notifier.notify(aChange(), NEVER);
    expect(seen[0]?.target).toBe('/changed?key=hush');
  });

  it.each(['', 'changed', 'file:///etc/passwd', 'ftp://hush@host/'])('webhook URL %j is rejected', (url) => {
    expect(() => webhook(url)).toThrow(new TypeError('a webhook needs a URL of http or https'));
  });

  it('a local webhook is called without the proxy of the environment', async () => {
    withEnvironment({ ...NO_PROXY, HTTP_PROXY: 'http://127.0.0.1:9' });
    const { url, seen } = await saying('');
    await webhook(url).notify(aChange(), NEVER);
    expect(seen).toHaveLength(1);
  });

  it('an external webhook is called through the proxy, which must be a valid URL', async () => {
    const asked: string[] = [];
    const port = await tcpServer((socket) => {
      socket.once('data', (head) => {
        asked.push(String(head).split('\r\n')[0] ?? '');
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      });
    });
    withEnvironment({ ...NO_PROXY, HTTPS_PROXY: `http://127.0.0.1:${port}` });
    expect((await failureOf(webhook('https://app.example/'))).code).toBe('proxy');
    expect(asked).toEqual(['CONNECT app.example:443 HTTP/1.1']);
    withEnvironment({ ...NO_PROXY, HTTPS_PROXY: 'no url hush' });
    const failed = await failureOf(webhook('https://app.example/'));
    expect(failed.code).toBe('proxy');
    expect(JSON.stringify([failed, failed.message])).not.toContain('hush');
  });

  it('a refused connection to the proxy is reported with the name of the proxy', async () => {
    const proxy = `127.0.0.1:${await closedPort()}`;
    withEnvironment({ ...NO_PROXY, HTTPS_PROXY: `http://user:hush@${proxy}` });
    const failed = await failureOf(webhook('https://app.example/'));
    expect(failed.code).toBe('proxy');
    expect(failed.message).toBe(
      `no answer from webhook:https://app.example/: the proxy http://${proxy} does not connect to it (ECONNREFUSED)`,
    );
    expect(failed.failure.advice).toMatch(
      /^the proxy of HTTPS_PROXY.*; tried 127\.0\.0\.1 \(IPv4\): refused/,
    );
  });

  it('a proxy that hangs up is connected to only once per call', async () => {
    let connections = 0;
    const port = await tcpServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    withEnvironment({ ...NO_PROXY, HTTPS_PROXY: `http://user:hush@127.0.0.1:${port}` });
    const failed = await failureOf(webhook('https://app.invalid/'));
    expect(failed.failure.class).toBe('passing');
    expect(JSON.stringify([failed, failed.message, failed.failure])).not.toContain('hush');
    expect(connections).toBe(1);
  });
});

describe('successful webhook calls', () => {
  it.each([200, 201, 202, 204, 299])('an answer with status %i counts as delivered', async (status) => {
    const { url } = await saying('', status);
    await webhook(url).notify(aChange(), NEVER);
  });

  it('a 200 answer with an endless body counts as delivered', async () => {
    let sent = 0;
    const { url } = await httpServer((response) => {
      response.writeHead(200);
      const more = setInterval(() => {
        if (response.write('x'.repeat(8_192))) sent += 8_192;
      }, 1);
      response.once('close', () => clearInterval(more));
    });
    await webhook(url).notify(aChange(), NEVER);
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  it.each([
    ['breaks off', (end: () => void) => end()],
    ['does not come', () => {}],
  ])('a 200 answer whose body %s counts as delivered', async (_, then) => {
    const url = await afterRequest((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
      setImmediate(() => then(() => socket.destroy()));
    });
    await webhook(url, 2_000).notify(aChange(), NEVER);
  });

  it('the connection is closed after a successful call', async () => {
    let open = 0;
    const { url } = await httpServer((response) => {
      open += 1;
      response.once('close', () => {
        open -= 1;
      });
      response.writeHead(200).write('x'.repeat(100_000));
    });
    await webhook(url).notify(aChange(), NEVER);
    await eventually(() => open === 0);
  });
});

describe('failed webhook calls', () => {
  it.each([301, 302, 303, 307, 308])('a redirect with %i is reported and not followed', async (status) => {
    const other = await saying('');
    const { url, seen } = await saying('', status, { location: `${other.url}/there?key=hush` });
    const failed = await failureOf(webhook(`${url}/here`));
    expect(failed.code).toBe(`http-${status}`);
    expect(failed.message).toBe(
      `webhook:${url}/here answered HTTP ${status}, a redirect to ${other.url}/there`,
    );
    expect(failed.failure.advice).toContain('no redirect is followed');
    expect(seen).toHaveLength(1);
    expect(other.seen).toHaveLength(0);
  });

  it('a redirect is reported with its target, or without when the target is invalid', async () => {
    const nowhere = await saying('', 302, { location: 'http://[' });
    expect((await failureOf(webhook(nowhere.url))).message).toMatch(/HTTP 302$/);
    const slash = await saying('', 301, { location: '/changed/' });
    expect((await failureOf(webhook(`${slash.url}/changed`))).message).toContain(`${slash.url}/changed/`);
  });

  it.each([
    [304, 'redirect'],
    [401, 'let the app allow it'],
    [404, 'path'],
    [405, 'POST'],
    [500, 'log of the app'],
    [503, 'log of the app'],
  ])('an answer with status %i is a failure with advice', async (status, advice) => {
    const { url, seen } = await saying(status === 304 ? '' : 'x'.repeat(1_000_000), status);
    const failed = await failureOf(webhook(url));
    expect(failed.code).toBe(`http-${status}`);
    expect(failed.message).toContain(`answered HTTP ${status}`);
    expect(failed.failure.advice).toContain(advice);
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['nothing', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-Ty'],
  ])('a webhook that sends %s until the timeout fails and is disconnected', async (_, said) => {
    let closed = false;
    const url = await afterRequest((socket) => {
      socket.once('close', () => {
        closed = true;
      });
      if (said) socket.write(said);
    });
    const failed = await failureOf(webhook(url, 500));
    expect(failed.code).toBe('timeout');
    expect(failed.message).toBe(`webhook:${url}/ was not done within 0.5 s`);
    await eventually(() => closed);
  });

  it('a webhook behind a firewall that drops packets times out', async (ctx) => {
    const port = await blackhole();
    if (port === undefined) return ctx.skip('this system queues connections without end');
    const { code, failure } = await failureOf(webhook(`http://127.0.0.1:${port}`, 300));
    expect(code).toBe('timeout');
    expect(failure.advice).toMatch(
      /^check firewall and NetworkPolicy.*; tried 127\.0\.0\.1 \(IPv4\): no answer$/,
    );
  });

  it('a webhook that hangs up is reported as cut off', async () => {
    const url = await afterRequest((socket) => socket.destroy());
    expect((await failureOf(webhook(url))).code).toBe('cut');
  });

  it('a webhook that does not speak HTTP fails without quoting its answer', async () => {
    const url = await afterRequest((socket) => socket.end('SSH-2.0-OpenSSH_9.2 hush\r\n'));
    const failed = await failureOf(webhook(url));
    expect(failed.code).toBe('not-http');
    expect(JSON.stringify(failed)).not.toContain('hush');
  });

  it('a webhook with an untrusted certificate is called only with verification turned off', async (ctx) => {
    const made = await makeCertificates();
    if (typeof made === 'string') return ctx.skip(made);
    withEnvironment(NO_PROXY);
    const seen: Seen[] = [];
    const answer = recording(seen, (response) => response.end());
    const url = `https://localhost:${await listen(createServer(made.selfSigned, answer))}/`;
    const failed = await failureOf(webhook(url));
    expect(failed.code).toBe('tls');
    expect(failed.failure.advice).toContain('NODE_EXTRA_CA_CERTS');
    expect(seen).toHaveLength(0);
    withEnvironment({ ...NO_PROXY, NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    await webhook(url).notify(aChange(), NEVER);
    expect(seen).toHaveLength(1);
  });

  it('a plain HTTP server at an https URL is reported as speaking no TLS', async () => {
    withEnvironment(NO_PROXY);
    const { url, seen } = await saying('');
    const failed = await failureOf(webhook(url.replace('http:', 'https:')));
    expect(failed.code).toBe('tls');
    expect(failed.message).toContain('it speaks no TLS (plain http?)');
    expect(seen).toHaveLength(0);
  });

  it('a webhook whose host name cannot be resolved is reported as such', async () => {
    const failed = await failureOf(webhook('http://app.invalid/'));
    expect(failed.message).toMatch(
      /^no answer from webhook:http:\/\/app\.invalid\/: its name cannot be resolved/,
    );
  });

  it('a webhook at localhost where nothing listens is reported as unreachable', async () => {
    const failed = await failureOf(webhook('http://localhost:9/'));
    expect(failed.code).toBe('unreachable');
    expect(failed.failure.advice).toContain('start the app');
  });
});
