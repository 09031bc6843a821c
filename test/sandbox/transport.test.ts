import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SandboxError, startSandbox } from '../../src/sandbox/index.ts';
import { TEST_ACCOUNT, type TestSandbox, withSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { fetchClassic, get } from './client.ts';

/** Sends bytes as they are and resolves with all that comes back until the sandbox hangs up. */
async function raw(sandbox: TestSandbox, bytes: string): Promise<string> {
  const { hostname, port } = new URL(sandbox.url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => {
    socket.destroy();
  });
  socket.write(bytes);
  return text(socket);
}

describe('the HTTP side of the platform', () => {
  it('answers a chunked POST with 412 and nothing else, and acts on nothing', async () => {
    const sandbox = await withSandbox();
    const { appId, secret } = TEST_ACCOUNT;
    const body = JSON.stringify({ grant_type: 'client_credential', appid: appId, secret });
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const head = 'POST /cgi-bin/stable_token HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n';
    const answer = await raw(sandbox, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`);
    expect(answer).toMatch(/^HTTP\/1\.1 412 Precondition Failed\r\n/);
    expect(answer).toMatch(/\r\n\r\n$/);
    expect(await sandbox.account().counters()).toMatchObject({ stableToday: 0 });
    expect(await sandbox.journal()).toMatchObject([{ appId, status: 412, errcode: null }]);

    const plain = await raw(sandbox, `${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    expect(plain).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*"access_token"/);
  });

  it('answers JSON under the content type of the real one', async () => {
    const sandbox = await withSandbox();
    const response = await fetch(`${sandbox.url}/cgi-bin/token`);
    expect(response.headers.get('content-type')).toBe('application/json; encoding=utf-8');
    expect(response.status).toBe(200);
  });

  it('answers 404 with a page to an unknown path', async () => {
    const sandbox = await withSandbox();
    const response = await fetch(`${sandbox.url}/cgi-bin/no_such_thing`);
    expect(response.status).toBe(404);
    expect(await response.text()).toMatch(/^<html>/);
    expect(await sandbox.journal()).toMatchObject([
      { path: '/cgi-bin/no_such_thing', status: 404, errcode: null },
    ]);
  });

  it.each([
    ['PUT', '/cgi-bin/token', 43001],
    ['POST', '/cgi-bin/ticket/getticket', 43001],
    ['POST', '/cgi-bin/gettoken', 43001],
    ['GET', '/cgi-bin/stable_token', 43002],
  ])('answers %s %s with %i', async (method, path, errcode) => {
    const sandbox = await withSandbox();
    const response = await fetch(sandbox.url + path, { method });
    expect(JSON.parse(await response.text()).errcode).toBe(errcode);
  });

  it('answers 413 to a body of more than a megabyte and 400 to no address at all', async () => {
    const sandbox = await withSandbox();
    const body = ' '.repeat(1_048_577);
    expect((await fetch(`${sandbox.url}/cgi-bin/stable_token`, { method: 'POST', body })).status).toBe(413);
    const answer = await raw(sandbox, 'GET :x HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('where a sandbox listens', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'example.org', '127.evil.example', ''])(
    'is not on %o',
    async (host) => {
      const starting = startSandbox({ host, accounts: [] });
      await expect(starting).rejects.toMatchObject({ name: 'SandboxError', code: 'SANDBOX_NOT_LOOPBACK' });
    },
  );

  it.each([
    ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
    ['localhost', /^http:\/\/127\.0\.0\.1:\d+$/],
  ])('may be %s', async (host, url) => {
    const sandbox = await withSandbox({ host });
    expect(sandbox.url).toMatch(url);
    expect((await fetchClassic(sandbox)).expires_in).toBe(7200);
  });

  it('may be ::1, where the whitelist speaks of IPv6 alone', async (ctx) => {
    const sandbox = await withSandbox({ host: '::1' }).catch((error: unknown) => {
      if (error instanceof SandboxError && error.code === 'SANDBOX_ADDRESS_UNUSABLE') return undefined;
      throw error;
    });
    if (!sandbox) return ctx.skip('this machine has no IPv6 loopback');
    await sandbox.account().patch({ whitelist: ['127.0.0.1'] });
    expect((await fetchClassic(sandbox)).errmsg).toMatch(/^invalid ip ::1 ipv6 ::1, not in whitelist/);
    await sandbox.account().patch({ whitelist: ['::1'] });
    expect((await fetchClassic(sandbox)).errcode).toBeUndefined();
  });

  it('is said to be in use when it is', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => {
      other.close();
    });
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const starting = startSandbox({ port, accounts: [] });
    await expect(starting).rejects.toMatchObject({ code: 'SANDBOX_ADDRESS_IN_USE' });
  });
});

describe('starting and closing', () => {
  it('refuses contradictions as a programmer’s mistake', async () => {
    await expect(startSandbox({ accounts: [TEST_ACCOUNT, TEST_ACCOUNT] })).rejects.toThrow(TypeError);
    await expect(startSandbox({ accounts: [], tokenTtl: 60, rotationWindow: 60 })).rejects.toThrow(TypeError);
    await expect(startSandbox({ accounts: [], overlap: Number.NaN })).rejects.toThrow(TypeError);
  });

  it('ends idle, hanging, endless and late calls at once', async () => {
    const sandbox = await withSandbox();
    await fetchClassic(sandbox);
    await sandbox.faults([
      { kind: 'hang', path: '/hang' },
      { kind: 'endless', path: '/endless' },
      { kind: 'latency', ms: 3_600_000, path: '/late' },
    ]);
    const calls = ['/hang', '/endless', '/late'].map((path) => get(sandbox, path));
    const ended = Promise.all(calls.map((call) => expect(call).rejects.toThrow()));
    await eventually(async () => (await sandbox.journal()).length === 4);
    await sandbox.close();
    await ended;
    await sandbox.close();
    await expect(fetch(sandbox.url)).rejects.toThrow('fetch failed');
  });
});
