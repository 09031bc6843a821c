import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { SECOND } from '../../core/time.ts';
import { addressText, type SocketAddress, type TcpAddress } from '../../system/net/address.ts';
import { listenOnPort, portOf } from '../../system/net/listen.ts';
import { endSlowRequests, hasBody, UNLOOKED } from '../../system/net/slow-requests.ts';
import { listenOnSocket } from './unix-socket.ts';

/** The response to a GET. */
export interface HttpAnswer {
  readonly status: number;
  /** Content type of the body. */
  readonly type: string;
  /** Text, or the slices of a long one: they are written one by one, with turns of the event loop in between. */
  readonly body: string | readonly Buffer[];
  /** Headers besides those that every response has. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpServerOptions {
  readonly listen: TcpAddress | SocketAddress;
  /** Host names, in lower case, that a `Host` header may hold besides IP addresses and localhost. */
  readonly allowedHosts: readonly string[];
  /** The setting of `allowedHosts`, for the answer to a host name that is not allowed; absent where there is none. */
  readonly allowedBy?: string;
  /** @returns undefined when there is nothing at that path */
  readonly answer: (path: string, request: IncomingMessage) => Promise<HttpAnswer | undefined>;
  /** Called with an unexpected error of `answer`; the client got a 500. */
  readonly failed: (error: unknown) => void;
  /** How long a client may take to send its request, ms; it may take twice as long to receive the response. */
  readonly patience?: number;
}

/** A server that is listening. */
export interface HttpServer {
  /** The address it listens on, as people write it; for port 0 with the port that the system chose. */
  readonly address: string;
  /** Stops the server and closes every connection. */
  close(): Promise<void>;
}

/** Most idle connections; a probe, a scraper and a handful of people need a dozen. */
const IDLE = 256;

/** Most connections in all, including those of clients that are slow to receive their response. */
const CONNECTIONS = 4 * IDLE;

/** Most bytes of a request's headers: requests need no cookies and no credentials. */
const HEADERS = 8 * 1024;

const PATIENCE = 5 * SECOND;

/**
 * Starts a small server for GET requests that distrusts its clients: a web page elsewhere cannot read it through a host
 * name of its own (DNS rebinding), and no client can block it.
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
      keepAliveTimeout: patience,
      ...UNLOOKED,
    },
    (request, response) => void serve(request, response, { ...options, isLocal: 'path' in listen }),
  );
  server.maxConnections = CONNECTIONS;
  boundIdleConnections(server, IDLE);
  endSlowRequests(server, patience);
  // Closes the connection of a client that does not receive its response.
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
  /** Whether the server listens on a unix socket, which no browser can reach: then any `Host` is allowed. */
  readonly isLocal: boolean;
}

async function serve(request: IncomingMessage, response: ServerResponse, rules: Rules): Promise<void> {
  const answer = await answerTo(request, rules).catch((error: unknown) => {
    rules.failed(error);
    return plainText(500, 'something went wrong; see the log');
  });
  // The body of a request is not used, so it is not read either: the connection is closed instead.
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': lengthOf(answer.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...answer.headers,
    ...(answer.status === 405 && { allow: 'GET, HEAD' }),
    ...(hasBody(request) && { connection: 'close' }),
  });
  if (request.method === 'HEAD') response.end();
  else if (typeof answer.body === 'string') response.end(answer.body);
  else await writeSlices(response, answer.body);
}

function lengthOf(body: HttpAnswer['body']): number {
  return typeof body === 'string'
    ? Buffer.byteLength(body)
    : body.reduce((sum, slice) => sum + slice.length, 0);
}

/** Writes no faster than the client receives: what it has not received lies in memory once, for all who scrape. */
async function writeSlices(response: ServerResponse, slices: readonly Buffer[]): Promise<void> {
  // A client that goes away is none of our errors.
  await pipeline(inTurns(slices), response).catch(() => {});
}

async function* inTurns(slices: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const slice of slices) {
    yield slice;
    await setImmediate();
  }
}

async function answerTo(request: IncomingMessage, rules: Rules): Promise<HttpAnswer> {
  const { method = '', url = '', headers } = request;
  if (request.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name)).length > 1) {
    return plainText(400, 'called by two names');
  }
  if (!rules.isLocal && !isAllowedHost(headers.host, rules.allowedHosts)) {
    const more = rules.allowedBy === undefined ? '' : `, or add the name to ${rules.allowedBy}`;
    return plainText(421, `called by a name that is not known here: use the address, or localhost${more}`);
  }
  if (method !== 'GET' && method !== 'HEAD') return plainText(405, 'GET only');
  const [path = ''] = url.split('?');
  return (await rules.answer(path, request)) ?? plainText(404, 'there is nothing of that name');
}

/** A response of plain text; a newline is added. */
export function plainText(status: number, text: string): HttpAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

/** Whether a `Host` header names this server by an IP address, by `localhost` or by a configured name. */
function isAllowedHost(header: string | undefined, allowed: readonly string[]): boolean {
  // A client without a `Host` header is no browser: browsers always send one.
  if (header === undefined) return true;
  const host = /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(header.trim().toLowerCase())?.[1]?.replace(/^\[|\]$/g, '');
  if (host === undefined) return false;
  return isIP(host) !== 0 || host === 'localhost' || allowed.includes(host);
}

/**
 * Keeps idle connections from blocking clients that send requests: when there are more than `most`, the one that has
 * been idle longest is closed. Refusing new connections instead would refuse the probe.
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
