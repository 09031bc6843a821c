import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type HttpServerOptions,
  plainText,
  startHttpServer,
} from '../../../src/observability/http/http-server.ts';

async function serving(options: Partial<HttpServerOptions> = {}) {
  const failures: unknown[] = [];
  const server = await startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    allowedHosts: ['wx.example.com'],
    answer: async (path) => (path === '/here' ? plainText(200, 'hello') : undefined),
    failed: (error) => failures.push(error),
    ...options,
  });
  onTestFinished(server.close);
  return { server, failures, port: Number(server.address.split(':').at(-1)) };
}

/** Sends bytes as they are and returns all that comes back until the other side closes. */
function send(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

function ask(port: number, host: string, rest = ''): Promise<string> {
  return send(port, `GET /here HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${rest}\r\n`);
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

function askSocket(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, path: '/here', headers: { host: 'whatever.example.com' } },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    );
    asked.on('error', reject).end();
  });
}

/** Listens, until it is stopped. */
const BUSY = `
  require('node:net').createServer().listen(process.argv[1], () => console.log('there'));
`;

/** Longer than what a connection holds between two processes. */
const SLICES = Array.from({ length: 400 }, (_, index) => Buffer.from(`${index}`.padStart(64 * 1024)));

const slicedAnswer: HttpServerOptions['answer'] = async (path) => {
  if (path === '/long') return { status: 200, type: 'text/plain', body: SLICES };
  return path === '/here' ? plainText(200, 'hello') : undefined;
};

describe('long HTTP responses', () => {
  it('a response in slices arrives whole, with its length, and the connection goes on', async () => {
    const { port, failures } = await serving({ answer: slicedAnswer });
    const whole = Buffer.concat(SLICES);
    for (let time = 0; time < 2; time += 1) {
      const response = await fetch(`http://127.0.0.1:${port}/long`);
      expect(response.headers.get('content-length')).toBe(String(whole.length));
      expect(whole.equals(Buffer.from(await response.arrayBuffer()))).toBe(true);
    }
    const head = await fetch(`http://127.0.0.1:${port}/long`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(whole.length));
    expect(await head.text()).toBe('');
    expect(await ask(port, 'localhost')).toMatch(/hello\n$/);
    expect(failures).toEqual([]);
  });

  it('a client that goes away in the middle of a response is no error, and others are answered', async () => {
    const { port, failures } = await serving({ answer: slicedAnswer });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    expect(await ask(port, 'localhost')).toMatch(/hello\n$/);
    expect(failures).toEqual([]);
  });

  it('others are answered while a client does not receive its response', async () => {
    const { port } = await serving({ answer: slicedAnswer });
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write('GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'readable');
    expect(await ask(port, 'localhost')).toMatch(/hello\n$/);
  });
});

describe('HTTP requests', () => {
  it.each(['127.0.0.1:9400', '10.1.2.3', 'LOCALHOST', '[::1]:9400', 'wx.example.com:80'])(
    'a request with the Host header %s is answered',
    async (host) => {
      const { port } = await serving();
      expect(await ask(port, host)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*hello\n$/s);
    },
  );

  it.each([
    'evil.example.com',
    'localhost.evil.example.com',
    'wx.example.com.',
    '127.0.0.1.evil.example.com',
    'a b',
  ])('a request with the unknown Host header %s is refused with 421', async (host) => {
    const { port } = await serving();
    expect(await ask(port, host)).toMatch(/^HTTP\/1\.1 421 .*not known here/s);
  });

  it('a request for an unknown path or for no path is answered 404', async () => {
    const { port } = await serving();
    for (const target of ['/nothing', '//here', '*', 'http://127.0.0.1/here']) {
      const answer = await send(
        port,
        `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    }
  });

  it('a POST is refused with 405 without waiting for its body', async () => {
    const { port } = await serving();
    const head = 'POST /here HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000\r\n\r\n';
    expect(await send(port, head)).toMatch(/^HTTP\/1\.1 405 [\s\S]*allow: GET, HEAD\r\n/i);
  });

  it('a HEAD request gets the headers without the body', async () => {
    const { port } = await serving();
    const answer = await send(port, 'HEAD /here HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/content-length: 6\r\n/);
    expect(answer.split('\r\n\r\n')[1]).toBe('');
  });

  it('a request with too many bytes of headers is refused with 431', async () => {
    const { port } = await serving();
    expect(await ask(port, '127.0.0.1', `x-filler: ${'x'.repeat(10_000)}\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('a request that arrives too slowly is cut off with 408', async () => {
    const { port } = await serving({ patience: 100 });
    expect(await send(port, 'GET /here HTTP/1.1\r\nHost: 127.0')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('a client is cut off that never ends its second request on a connection, and sends more of it all the time', async () => {
    const { port } = await serving({ patience: 100 });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.write('GET /here HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /here HTTP/1.1\r\nX-Slow: ');
    const trickle = setInterval(() => socket.write('x'), 10);
    onTestFinished(() => clearInterval(trickle));
    await once(socket, 'close');
  });

  it('three hundred idle connections do not keep another caller from an answer', async () => {
    const { port } = await serving();
    const sockets: Socket[] = [];
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    for (let opened = 0; opened < 300; opened += 1) {
      sockets.push(connect(port, '127.0.0.1').on('error', () => {}));
    }
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    expect(await ask(port, '127.0.0.1')).toContain('hello');
  });

  it('an internal error is answered 500 without its details', async () => {
    const { port, failures } = await serving({
      answer: async () => {
        throw new Error('the token is 84_abc');
      },
    });
    const answer = await ask(port, '127.0.0.1');
    expect(answer).toMatch(/^HTTP\/1\.1 500 .*see the log/s);
    expect(answer).not.toContain('84_abc');
    expect(failures).toHaveLength(1);
  });
});

describe('unix socket', () => {
  it('a unix socket has mode 0660 and answers any Host header', async () => {
    const path = join(await folder(), 'tokens.sock');
    const { server } = await serving({ listen: { path }, allowedHosts: [] });
    expect(server.address).toBe(`unix:${path}`);
    expect((await stat(path)).mode & 0o777).toBe(0o660);
    expect(await askSocket(path)).toBe(200);
  });

  it('a socket file left behind by a killed process is replaced', async () => {
    const path = join(await folder(), 'tokens.sock');
    const before = createServer();
    await new Promise<void>((resolve) => before.listen(path, resolve));
    // What closes a server removes the file; what a kill leaves is put back.
    const kept = `${path}.kept`;
    await link(path, kept);
    await new Promise((resolve) => before.close(resolve));
    await rename(kept, path);

    await serving({ listen: { path }, allowedHosts: [] });
    expect(await askSocket(path)).toBe(200);
  });

  it('a socket of a process that is too busy to answer is not taken over', async () => {
    const path = join(await folder(), 'tokens.sock');
    const busy = spawn(process.execPath, ['-e', BUSY, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void busy.kill('SIGKILL'));
    await once(busy.stdout, 'data');
    busy.kill('SIGSTOP');
    await expect(serving({ listen: { path }, allowedHosts: [] })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  it('a file that has replaced the socket is left alone when the server closes', async () => {
    const path = join(await folder(), 'tokens.sock');
    const { server } = await serving({ listen: { path }, allowedHosts: [] });
    await writeFile(`${path}.new`, 'precious');
    await rename(`${path}.new`, path);
    await server.close();
    expect(await readFile(path, 'utf8')).toBe('precious');
  });

  it('a socket at which another server answers is not taken over', async () => {
    const path = join(await folder(), 'tokens.sock');
    await serving({ listen: { path }, allowedHosts: [] });
    await expect(serving({ listen: { path }, allowedHosts: [] })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(await askSocket(path)).toBe(200);
  });

  it('a regular file in place of the socket is not replaced', async () => {
    const path = join(await folder(), 'tokens.sock');
    await writeFile(path, 'precious');
    await expect(serving({ listen: { path }, allowedHosts: [] })).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it('the socket file is removed when the server closes', async () => {
    const path = join(await folder(), 'tokens.sock');
    const { server } = await serving({ listen: { path }, allowedHosts: [] });
    await server.close();
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
