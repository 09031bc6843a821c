import { isIP } from 'node:net';

/** A TCP address to listen on; port 0 means any free port. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** A Unix domain socket to listen on. */
export interface SocketAddress {
  readonly path: string;
}

/** Parses `host:port`, with IPv6 addresses in brackets; undefined for any other text. */
export function parseAddress(text: string): TcpAddress | undefined {
  const [, host = '', digits] = /^(\[[\da-fA-F:.]+\]|[\w.-]+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const bare = host.replace(/^\[|\]$/g, '');
  const isKnown = host.startsWith('[') ? isIP(bare) === 6 : host !== '';
  return isKnown && port <= 65_535 ? { host: bare, port } : undefined;
}

/** Formats an address as `host:port`, with IPv6 addresses in brackets, or as `unix:/path`. */
export function addressText(address: TcpAddress | SocketAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  return isIP(address.host) === 6 ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[?::1\]?)$/;

/** Tells whether a host name or address is loopback. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host);
}
