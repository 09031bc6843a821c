import { isIP } from 'node:net';

/** Where a server listens on TCP; port 0 is any that is free. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** Where a server listens on a unix socket. */
export interface SocketAddress {
  readonly path: string;
}

/** Reads `host:port`; an IPv6 address stands in brackets. */
export function parseAddress(text: string): TcpAddress | undefined {
  const [, host = '', digits] = /^(\[[\da-fA-F:.]+\]|[\w.-]+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const bare = host.replace(/^\[|\]$/g, '');
  const isKnown = host.startsWith('[') ? isIP(bare) === 6 : host !== '';
  return isKnown && port <= 65_535 ? { host: bare, port } : undefined;
}

/** The address as people write it. */
export function addressText(address: TcpAddress | SocketAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  return isIP(address.host) === 6 ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
