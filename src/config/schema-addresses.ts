import * as v from 'valibot';
import { parseAddress, type SocketAddress, type TcpAddress } from '../system/address.ts';
import { isLoopbackHost } from './urls.ts';

const LISTEN = 'must be host:port, like 127.0.0.1:9400, 0.0.0.0:9400 or [::1]:9400';

/** An address to listen on, of any interface. */
export const ListenAddress = v.pipe(
  v.string(LISTEN),
  v.check((text) => parseAddress(text) !== undefined, LISTEN),
  v.transform(readAddress),
);

const LOCAL = 'must be host:port on loopback, like 127.0.0.1:8867, or unix:/path: tokens are served there';

/** The longest path that the kernel takes for a socket, in bytes. */
const LONGEST_SOCKET = 107;

/** An address that nobody reaches from another host. */
export const LocalAddress = v.pipe(
  v.string(LOCAL),
  v.check((text) => isLocal(text), LOCAL),
  v.check(
    (text) => Buffer.byteLength(socketPath(text) ?? '') <= LONGEST_SOCKET,
    `must be a path of at most ${LONGEST_SOCKET} bytes: sockets have no longer ones`,
  ),
  v.transform((text): TcpAddress | SocketAddress => {
    const path = socketPath(text);
    return path === undefined ? readAddress(text) : { path };
  }),
);

function isLocal(text: string): boolean {
  return socketPath(text) !== undefined || isLoopbackHost(parseAddress(text)?.host ?? '');
}

function socketPath(text: string): string | undefined {
  return /^unix:(\/[^\0]*[^/\0])$/.exec(text)?.[1];
}

/** Of what has been checked; after a failed check nobody looks at it. */
function readAddress(text: string): TcpAddress {
  return parseAddress(text) ?? { host: '', port: 0 };
}
