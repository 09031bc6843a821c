import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent, request } from 'undici';
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
  const dispatchers = new Map<string, Dispatcher>();

  function dispatcherFor(origin: string): Dispatcher {
    const { protocol } = new URL(origin);
    const known = dispatchers.get(protocol);
    if (known) return known;
    const dispatcher = createDispatcher(protocol, options);
    dispatchers.set(protocol, dispatcher);
    return dispatcher;
  }

  return {
    async send(origin, { method, path, query, body, signal }) {
      // A base URL may end in a path: a reverse proxy's prefix.
      const url = new URL(`${origin.replace(/\/+$/, '')}${path}`);
      for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
      const deadline = AbortSignal.timeout(options.timeout);
      try {
        const answer = await request(url, {
          dispatcher: dispatcherFor(origin),
          method,
          // A string goes out with Content-Length; the platform answers a chunked POST with 412 and nothing else.
          ...(body && { body: JSON.stringify(body) }),
          headers: {
            accept: 'application/json',
            'cache-control': 'no-cache',
            'user-agent': `wx-token-sidecar/${version}`,
            ...(body && { 'content-type': 'application/json' }),
          },
          signal: AbortSignal.any([signal, deadline]),
        });
        const text = await answer.body.text();
        const date = Date.parse(String(answer.headers['date']));
        const { location } = answer.headers;
        return {
          status: answer.statusCode,
          text,
          ...(Number.isFinite(date) && { date }),
          ...(typeof location === 'string' && { location }),
        };
      } catch (error) {
        throw transportFailure(new URL(origin).host, deadline.aborted ? deadline.reason : error);
      }
    },
    async close() {
      await Promise.all([...dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

function createDispatcher(protocol: string, { timeout, proxy, ca }: TransportOptions): Dispatcher {
  const common = {
    headersTimeout: timeout,
    bodyTimeout: timeout,
    maxResponseSize: LARGEST_BODY,
    // Calls are hours apart: an idle connection would be dead by then, and a request lost on one that just died
    // looks like a lost answer. A new connection also follows DNS.
    pipelining: 0,
  };
  const connect = { timeout, ...(ca !== undefined && { ca }) };
  if (proxy !== undefined)
    return new ProxyAgent({ ...common, uri: proxy, requestTls: connect, proxyTls: connect });
  if (protocol === 'https:') return new EnvHttpProxyAgent({ ...common, connect, requestTls: connect });
  return new Agent({ ...common, connect });
}
