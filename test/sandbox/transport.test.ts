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

describe('HTTP side of the platform', () => {
  it('a chunked POST is answered 412 with an empty body and has no effect', async () => {
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

  it('a JSON answer has the content type of the real platform', async () => {
    const sandbox = await withSandbox();
    const response = await fetch(`${sandbox.url}/cgi-bin/token`);
    expect(response.headers.get('content-type')).toBe('application/json; encoding=utf-8');
    expect(response.status).toBe(200);
  });

  it('an unknown path is answered 404 with an HTML page', async () => {
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
  ])('the request %s %s is refused with errcode %i', async (method, path, errcode) => {
    const sandbox = await withSandbox();
    const response = await fetch(sandbox.url + path, { method });
    expect(JSON.parse(await response.text()).errcode).toBe(errcode);
  });

  it('a body of more than 1 MB is answered 413 and an invalid request target 400', async () => {
    const sandbox = await withSandbox();
    const body = ' '.repeat(1_048_577);
    expect((await fetch(`${sandbox.url}/cgi-bin/stable_token`, { method: 'POST', body })).status).toBe(413);
    const answer = await raw(sandbox, 'GET :x HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('listen address of a sandbox', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'example.org', '127.evil.example', ''])(
    'the sandbox refuses to listen on %o',
    async (host) => {
      const starting = startSandbox({ host, accounts: [] });
      await expect(starting).rejects.toMatchObject({ name: 'SandboxError', code: 'SANDBOX_NOT_LOOPBACK' });
    },
  );

  it.each([
    ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
    ['localhost', /^http:\/\/127\.0\.0\.1:\d+$/],
  ])('the sandbox can listen on %s', async (host, url) => {
    const sandbox = await withSandbox({ host });
    expect(sandbox.url).toMatch(url);
    expect((await fetchClassic(sandbox)).expires_in).toBe(7200);
  });

  it('the sandbox on ::1 checks the whitelist against the IPv6 address', async (ctx) => {
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

  it('a listen address in use is reported when the sandbox starts', async () => {
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
  it('contradictory options are refused with a TypeError', async () => {
    await expect(startSandbox({ accounts: [TEST_ACCOUNT, TEST_ACCOUNT] })).rejects.toThrow(TypeError);
    await expect(startSandbox({ accounts: [], tokenTtl: 60, rotationWindow: 60 })).rejects.toThrow(TypeError);
    await expect(startSandbox({ accounts: [], overlap: Number.NaN })).rejects.toThrow(TypeError);
  });

  it('closing a sandbox ends idle, hanging, endless and late calls at once', async () => {
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
