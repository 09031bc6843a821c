import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** Node answers the same. */
const TOO_SLOW = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';

/**
 * Options of a server whose slow clients {@link endSlowRequests} ends. Node itself would look at a list of all connections again
 * and again, and wake a process in which nothing else happens, also when there are none.
 */
export const UNLOOKED = { headersTimeout: 0, requestTimeout: 0, connectionsCheckingInterval: 2 ** 31 - 1 };

/**
 * Ends the connection of a client that takes longer than `patience` to send a request: with 408, unless the answer is already
 * on its way. A further request on the same connection has twice that time from the answer before it, since it may begin just
 * before the server's `keepAliveTimeout`, which has to be `patience` as well.
 * @param patience ms
 */
export function endSlowRequests(server: Server, patience: number): void {
  /** Those that a request is awaited from, or the rest of one. */
  const deadlines = new Map<Socket, NodeJS.Timeout>();
  /** Requests whose headers have come and that are not answered, by connection. */
  const unanswered = new Map<Socket, number>();

  function stop(socket: Socket): void {
    clearTimeout(deadlines.get(socket));
    deadlines.delete(socket);
  }

  function expectRequest(socket: Socket, ms: number): void {
    stop(socket);
    if (!socket.destroyed) deadlines.set(socket, setTimeout(end, ms, socket).unref());
  }

  function end(socket: Socket): void {
    deadlines.delete(socket);
    if (unanswered.has(socket)) {
      socket.destroy();
      return;
    }
    socket.write(TOO_SLOW);
    socket.destroySoon();
  }

  server.on('connection', (socket: Socket) => {
    expectRequest(socket, patience);
    socket.once('close', () => {
      stop(socket);
      unanswered.delete(socket);
    });
  });
  server.on('request', (request, response) => {
    const { socket } = request;
    if (!hasBody(request)) stop(socket);
    else request.once('end', () => stop(socket));
    unanswered.set(socket, (unanswered.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (unanswered.get(socket) ?? 1) - 1;
      if (left > 0) unanswered.set(socket, left);
      else unanswered.delete(socket);
      if (left === 0) expectRequest(socket, 2 * patience);
    });
  });
}

/** Whether more than its headers belongs to a request. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['content-length'] !== undefined || 'transfer-encoding' in headers;
}
