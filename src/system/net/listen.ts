import type { Server } from 'node:net';
import type { TcpAddress } from './address.ts';

/**
 * Begins to listen.
 * @throws {NodeJS.ErrnoException} if the address is in use, is not one of this machine, or may not be used
 */
export function listenOnPort(server: Server, { host, port }: TcpAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The port of a server that listens on one, which is another than that of the configuration where that is 0. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
