import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { firstWord, kill } from '../system/program.ts';

/** One request as it came in. */
export interface Seen {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpServer {
  readonly url: string;
  readonly seen: readonly Seen[];
  /** How many connections were made. */
  readonly connections: () => number;
}

/** An HTTP server until the test ends. */
export async function httpServer(
  answer: (response: ServerResponse, request: Seen) => void,
): Promise<HttpServer> {
  const seen: Seen[] = [];
  let connections = 0;
  const server = createServer(recording(seen, answer)).on('connection', () => {
    connections += 1;
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, seen, connections: () => connections };
}

/** Reads the whole request, keeps it, and answers. */
export function recording(
  seen: Seen[],
  answer: (response: ServerResponse, request: Seen) => void,
): RequestListener {
  return async (request, response) => {
    const { method = '', url: target = '', headers } = request;
    const entry = { method, target, headers, body: await text(request) };
    seen.push(entry);
    answer(response, entry);
  };
}

/** A server that always says this. */
export function saying(body: string | Buffer, status = 200, headers: Readonly<Record<string, string>> = {}) {
  return httpServer((response) => {
    response.writeHead(status, headers).end(body);
  });
}

/** A TCP server until the test ends: what it does with a connection is all that happens. */
export async function tcpServer(serve: (socket: Socket) => void): Promise<number> {
  return await listen(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      serve(socket);
    }),
  );
}

/** A TCP server that reads a request and then does something with the connection. */
export async function afterRequest(serve: (socket: Socket) => void): Promise<string> {
  const port = await tcpServer((socket) => {
    socket.once('data', () => serve(socket));
  });
  return `http://127.0.0.1:${port}`;
}

/** Listens on a free port of loopback until the test ends, when every connection is cut. */
export async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, host);
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  await once(server, 'listening');
  return portOf(server);
}

/** A port that refuses connections. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** The kernel accepts on loopback at once, or not at all, ms. */
const QUEUED_BY = 300;

/**
 * A port that neither refuses nor accepts, as behind a firewall that drops: the queue of a process that stands still
 * is full.
 * @returns undefined where the system queues without end
 */
export async function blackhole(): Promise<number | undefined> {
  const listener = `const s=require('node:net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},
    ()=>process.stdout.write(String(s.address().port)))`;
  const child = spawn(process.execPath, ['-e', listener], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => kill(child));
  const port = Number(await firstWord(child));
  child.kill('SIGSTOP');
  for (let tries = 0; tries < 64; tries += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => {
      socket.destroy();
    });
    await Promise.race([once(socket, 'connect'), delay(QUEUED_BY)]);
    // What has arrived is read before it is judged, also where this process stood still for longer than that.
    await immediate();
    if (socket.connecting) return port;
  }
  return undefined;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
