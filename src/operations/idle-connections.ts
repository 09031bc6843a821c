import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Keeps those who connect and ask for nothing from standing in the way of those who ask: beyond so many of them the one
 * that has waited longest has to go. To turn newcomers away instead would be to turn away the probe.
 */
export function boundIdleConnections(server: Server, most: number): void {
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
