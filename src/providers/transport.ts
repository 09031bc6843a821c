import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, Client, type Dispatcher, EnvHttpProxyAgent, ProxyAgent, request } from 'undici';
import { noting } from '../system/departure.ts';
import { version } from '../system/version.ts';
import type { PlatformRequest } from './platform.ts';
import { transportFailure } from './transport-failure.ts';

export interface TransportOptions {
  /** Bounds a request from the first byte of the connection to the last of the body, in ms. */
  readonly timeout: number;
  /** Forward proxy; the environment's `HTTPS_PROXY` and `NO_PROXY` count when absent. */
  readonly proxy?: string;
  /** PEM of the authorities to trust instead of the public ones. */
  readonly ca?: string;
  /** Try a name's IPv4 addresses before its IPv6 ones, whatever the resolver prefers. */
  readonly ipv4First?: boolean;
}

export interface TransportAnswer {
  readonly status: number;
  readonly text: string;
  /** Epoch ms. */
  readonly date?: number;
  readonly location?: string;
}

/** HTTP with everything bounded. Nothing is retried and no redirect followed: a request carries the AppSecret. */
export interface Transport {
  /** @throws {EdgeError} for everything that is not a whole answer */
  send(origin: string, request: Omit<PlatformRequest, 'repeatable' | 'endpoint'>): Promise<TransportAnswer>;
  close(): Promise<void>;
}

/** A token answer is a few hundred bytes. */
const LARGEST_BODY = 64 * 1024;

export function createTransport(options: TransportOptions): Transport {
  const closing = new AbortController();

  return {
    async send(origin, { method, path, query, body, signal }) {
      // A base URL may end in a path: a reverse proxy's prefix.
      const url = new URL(`${origin.replace(/\/+$/, '')}${path}`);
      for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
      // Not AbortSignal.timeout: `any` holds it weakly, and once it has been collected nothing ends the request.
      const limit = new AbortController();
      const timer = setTimeout(
        () => limit.abort(new DOMException('too late', 'TimeoutError')),
        options.timeout,
      );
      const end = AbortSignal.any([signal, closing.signal, limit.signal]);
      let dispatcher: Dispatcher | undefined;
      let departed = false;
      try {
        dispatcher = createDispatcher(url.protocol, options, (error) => limit.abort(error));
        const observed = dispatcher.compose(
          noting(() => {
            departed = true;
          }),
        );
        const answer = exchange(url, {
          dispatcher: observed,
          method,
          // A string goes out with Content-Length; the platform answers a chunked POST with 412 and nothing else.
          ...(body && { body: JSON.stringify(body) }),
          headers: {
            accept: 'application/json',
            'cache-control': 'no-cache',
            'user-agent': `wx-token-sidecar/${version}`,
            ...(body && { 'content-type': 'application/json' }),
          },
        });
        return await Promise.race([answer, ending(end)]);
      } catch (error) {
        throw transportFailure(url.host, error, departed);
      } finally {
        clearTimeout(timer);
        void dispatcher?.destroy();
      }
    },
    async close() {
      closing.abort();
    },
  };
}

async function exchange(url: URL, options: Parameters<typeof request>[1]): Promise<TransportAnswer> {
  const { statusCode, headers, body } = await request(url, options);
  const text = await body.text();
  const date = Date.parse(String(headers['date']));
  const { location } = headers;
  return {
    status: statusCode,
    text,
    ...(Number.isFinite(date) && { date }),
    ...(typeof location === 'string' && { location }),
  };
}

/** Rejects when the signal comes. Undici itself obeys one only once it has a connection, which may be never. */
function ending(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/**
 * One for each request: calls are hours apart, so an idle connection would be dead by then, and a request lost on one
 * that just died looks like a lost answer; a new connection also follows DNS. And only destroying it ends a connection
 * that is still being made.
 */
function createDispatcher(
  protocol: string,
  { timeout, proxy, ca, ipv4First }: TransportOptions,
  unconnected: (error: Error) => void,
): Dispatcher {
  const common = {
    maxResponseSize: LARGEST_BODY,
    // Also says so to the other end: Connection: close.
    pipelining: 0,
    // Where a proxy hangs up, undici would connect again and again, thousands of times a second.
    factory: (origin: string | URL, options: object) =>
      new Client(origin, options).on('connectionError', (_origin, _targets, error) => unconnected(error)),
  };
  const connect = {
    timeout,
    ...(ca !== undefined && { ca }),
    ...(ipv4First && { lookup: lookupIpv4First }),
  };
  // Plain HTTP goes to this very host: through a proxy elsewhere it would carry the AppSecret in the clear.
  if (protocol === 'http:') return new Agent({ ...common, connect });
  if (proxy !== undefined)
    return new ProxyAgent({ ...common, uri: proxy, requestTls: connect, proxyTls: connect });
  return new EnvHttpProxyAgent({ ...common, connect, requestTls: connect });
}

/** An account's IP whitelist knows IPv4; the IPv6 addresses remain for hosts that have nothing else. */
const lookupIpv4First: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, order: 'ipv4first' }, done);
};
