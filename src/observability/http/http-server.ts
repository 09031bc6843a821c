import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { SECOND } from '../../core/time.ts';
import { addressText, type SocketAddress, type TcpAddress } from '../../system/net/address.ts';
import { listenOnSocket } from './unix-socket.ts';

/** What is answered to a GET. */
export interface HttpAnswer {
  readonly status: number;
  /** Of the body. */
  readonly type: string;
  readonly body: string;
  /** Further ones. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpServerOptions {
  readonly listen: TcpAddress | SocketAddress;
  /** Names by which it may be called besides addresses and localhost, in lower case. */
  readonly allowedHosts: readonly string[];
  /** @returns undefined where there is nothing of that path */
  readonly answer: (path: string, request: IncomingMessage) => Promise<HttpAnswer | undefined>;
  /** Told of what nobody expected; the caller got a 500. */
  readonly failed: (error: unknown) => void;
  /** How long a caller may take over its request, ms; twice that over taking the answer. */
  readonly patience?: number;
}

export interface HttpServer {
  /** Where it listens, as people write it, the port that was found for 0 included. */
  readonly address: string;
  /** Ends it and every connection. */
  close(): Promise<void>;
}

/** Connections that ask for nothing; a probe, a scraper and a handful of people need a dozen. */
const IDLE = 256;

/** All that there may be, those included that take their time over an answer. */
const CONNECTIONS = 4 * IDLE;

/** Bytes of a request's head: it has no business with cookies or credentials. */
const HEADERS = 8 * 1024;

const PATIENCE = 5 * SECOND;

/**
 * A small server for GET requests, careful with its callers: pages elsewhere cannot read it by a name of their own (DNS
 * rebinding), nor can anybody hold it up.
 * @throws {Error} with a `code` such as EADDRINUSE when it cannot listen
 */
export async function startHttpServer({
  listen,
  patience = PATIENCE,
  ...options
}: HttpServerOptions): Promise<HttpServer> {
  const server = createServer(
    {
      maxHeaderSize: HEADERS,
      headersTimeout: patience,
      requestTimeout: patience,
      keepAliveTimeout: patience,
      connectionsCheckingInterval: patience / 5,
    },
    (request, response) => void serve(request, response, { ...options, isLocal: 'path' in listen }),
  );
  server.maxConnections = CONNECTIONS;
  boundIdleConnections(server, IDLE);
  // Whoever does not take what was sent.
  server.setTimeout(2 * patience);
  const remove = await ('path' in listen
    ? listenOnSocket(server, listen.path)
    : listenOnPort(server, listen));
  return {
    address: addressText('path' in listen ? listen : { ...listen, port: portOf(server) }),
    async close() {
      await remove?.();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

interface Rules extends Omit<HttpServerOptions, 'listen' | 'patience'> {
  /** No browser gets at it, whatever name it calls. */
  readonly isLocal: boolean;
}

async function serve(request: IncomingMessage, response: ServerResponse, rules: Rules): Promise<void> {
  const answer = await answerTo(request, rules).catch((error: unknown) => {
    rules.failed(error);
    return plainText(500, 'something went wrong; see the log');
  });
  // A body that nobody wants is not read either.
  const hasBody = request.headers['content-length'] !== undefined || 'transfer-encoding' in request.headers;
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...answer.headers,
    ...(answer.status === 405 && { allow: 'GET, HEAD' }),
    ...(hasBody && { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answerTo(request: IncomingMessage, rules: Rules): Promise<HttpAnswer> {
  const { method = '', url = '', headers } = request;
  if (request.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name)).length > 1) {
    return plainText(400, 'called by two names');
  }
  if (!rules.isLocal && !isAllowedHost(headers.host, rules.allowedHosts)) {
    return plainText(421, 'called by a name that is not known here: use the address, or localhost');
  }
  if (method !== 'GET' && method !== 'HEAD') return plainText(405, 'GET only');
  const [path = ''] = url.split('?');
  return (await rules.answer(path, request)) ?? plainText(404, 'there is nothing of that name');
}

/** A line of plain text. */
export function plainText(status: number, text: string): HttpAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

/** Whether a `Host` header names this server by its address, or by a name that was given to it. */
function isAllowedHost(header: string | undefined, allowed: readonly string[]): boolean {
  // Browsers always send one.
  if (header === undefined) return true;
  const host = /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(header.trim().toLowerCase())?.[1]?.replace(/^\[|\]$/g, '');
  if (host === undefined) return false;
  return isIP(host) !== 0 || host === 'localhost' || allowed.includes(host);
}

function listenOnPort(server: Server, { host, port }: TcpAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/**
 * Keeps those who connect and ask for nothing from standing in the way of those who ask: beyond so many of them the one
 * that has waited longest has to go. To turn newcomers away instead would be to turn away the probe.
 */
function boundIdleConnections(server: Server, most: number): void {
  /** Oldest first. */
  const idle = new Set<Socket>();

  function waits(socket: Socket): void {
    if (socket.destroyed) return;
    idle.add(socket);
    if (idle.size <= most) return;
    const [oldest] = idle;
    oldest?.destroy();
  }

  server.on('connection', (socket: Socket) => {
    socket.once('close', () => idle.delete(socket));
    waits(socket);
  });
  server.on('request', ({ socket }, response) => {
    idle.delete(socket);
    response.once('finish', () => waits(socket));
  });
}
