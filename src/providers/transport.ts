import { lookup } from 'node:dns';
import { setMaxListeners } from 'node:events';
import type { LookupFunction } from 'node:net';
import { request } from 'undici';
import type { EndpointKind } from '../core/errcodes/index.ts';
import { openRoute, type Route } from '../system/net/request-route.ts';
import { noting } from '../system/net/send-gate.ts';
import { version } from '../system/process/version.ts';
import { startPatience } from '../system/time/suspend-aware-timeout.ts';
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
    async send(origin, { method, path, query, body, signal, permit = () => true }) {
      // A base URL may end in a path: a reverse proxy's prefix.
      const url = new URL(`${origin.replace(/\/+$/, '')}${path}`);
      for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
      const limit = new AbortController();
      const tooLate = () => limit.abort(new DOMException('too late', 'TimeoutError'));
      const forget = startPatience(options.timeout, tooLate);
      let route: Route | undefined;
      let departed = false;
      try {
        route = openRoute({
          protocol: url.protocol,
          ...(options.proxy !== undefined && { proxy: options.proxy }),
          connect: connectOptions(options),
          limits: { maxResponseSize: LARGEST_BODY },
          unconnected: (error) => limit.abort(error),
        });
        const observed = route.dispatcher.compose(
          noting(() => {
            departed = permit();
            return departed;
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
        return await unlessEnded(answer, [signal, closing.signal, limit.signal]);
      } catch (error) {
        throw transportFailure(url.host, error, {
          departed,
          proxy: route?.blocker(),
          hasLogin: route?.hasLogin(),
        });
      } finally {
        forget();
        void route?.dispatcher.destroy();
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

function connectOptions({ timeout, ca, ipv4First }: TransportOptions) {
  return { timeout, ...(ca !== undefined && { ca }), ...(ipv4First && { lookup: lookupIpv4First }) };
}

/** An account's IP whitelist knows IPv4; the IPv6 addresses remain for hosts that have nothing else. */
const lookupIpv4First: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, order: 'ipv4first' }, done);
};

/**
 * What comes of the work, unless a signal comes before. Undici itself obeys one only once it has a connection, which
 * may be never. Not by AbortSignal.any: what is listened to there lives as long as its oldest source, the daemon.
 */
async function unlessEnded<T>(work: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  const over = new AbortController();
  // As many as there are requests at once: Node would take more than ten for a leak.
  setMaxListeners(0, ...signals);
  const ended = new Promise<never>((_, reject) => {
    for (const signal of signals) {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { signal: over.signal });
    }
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    over.abort();
  }
}

export interface PlatformRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** What an error code of this endpoint blames: the secret, or the token. */
  readonly endpoint: EndpointKind;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Whether asking twice does no harm: then another host may be asked when an answer was lost. */
  readonly repeatable: boolean;
  readonly signal: AbortSignal;
  /** Asked at the last moment before anything is sent; with a no, nothing is. */
  readonly permit?: (() => boolean) | undefined;
}
