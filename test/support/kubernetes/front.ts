import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Server as HttpServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Standstill } from './standstill.ts';

export interface Tls {
  readonly key: string;
  readonly cert: string;
  /** Of client certificates. */
  readonly ca: string;
}

/** A port of loopback that can be closed and opened again; while the server stands still, connections wait. */
export interface Front {
  readonly port: () => number;
  open(): Promise<void>;
  /** Breaks every connection, and refuses new ones. */
  close(): Promise<void>;
}

/** The first byte of a TLS handshake. */
const HANDSHAKE = 0x16;

export function createFront(serve: RequestListener, tls: Tls | undefined, standstill: Standstill): Front {
  const sockets = new Set<Socket>();
  const http: HttpServer = tls
    ? createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, serve)
    : createServer(serve);
  http.keepAliveTimeout = 90_000;
  http.on('tlsClientError', () => {});
  let port = 0;
  let server: Server | undefined;

  function accept(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    // The kernel accepts for a process that stands still; the process itself says nothing.
    standstill.whenMoving(() => {
      if (!tls) return void http.emit('connection', socket);
      socket.once('data', (first: Buffer) => {
        if (first[0] !== HANDSHAKE) {
          socket.end('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n');
          return;
        }
        socket.pause();
        socket.unshift(first);
        http.emit('connection', socket);
      });
    });
  }

  return {
    port: () => port,
    async open() {
      server = createTcpServer(accept).listen(port, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (typeof address === 'object' && address) port = address.port;
    },
    async close() {
      if (!server?.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
