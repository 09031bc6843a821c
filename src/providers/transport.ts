import { setMaxListeners } from 'node:events';
import { request } from 'undici';
import type { EndpointKind } from '../core/errcodes/index.ts';
import { headStartWithin } from '../system/net/happy-eyeballs.ts';
import { openRoute, type Route } from '../system/net/request-route.ts';
import { sendGate } from '../system/net/send-gate.ts';
import { version } from '../system/process/version.ts';
import { type Deadline, startDeadline } from '../system/time/deadline.ts';
import { transportFailure } from './transport-failure.ts';

export interface TransportOptions {
  /** Time limit (ms) of a request, from the start of the connection to the last byte of the body. */
  readonly timeout: number;
  /** URL of a forward proxy; absent: `HTTPS_PROXY` and `NO_PROXY` of the environment apply. */
  readonly proxy?: string;
  /** PEM text of the authorities to trust instead of the public ones. */
  readonly ca?: string;
  /** Whether to try IPv4 addresses of a name before its IPv6 addresses, whatever order the resolver prefers. */
  readonly ipv4First?: boolean;
}

/** A complete HTTP response, whatever its status. */
export interface TransportAnswer {
  readonly status: number;
  readonly text: string;
  /** `Date` header of the response, in epoch ms. */
  readonly date?: number;
  readonly location?: string;
}

/** Bounded HTTP requests. It retries nothing and follows no redirect, because a request carries the AppSecret. */
export interface Transport {
  /**
   * Sends a request and reads the whole response, whatever its status.
   * @param origin base URL, possibly with a path
   * @throws {EdgeError} when no complete response arrived; its `effect` is `unsent` until the request is put on a
   *   connection, then `unknown`
   */
  send(origin: string, request: SentRequest): Promise<TransportAnswer>;
  /** Aborts all requests, and every later one at once. */
  close(): Promise<void>;
}

/** Size limit in bytes: a token response takes a few hundred. */
const LARGEST_BODY = 64 * 1024;

/** Creates a transport; each request has its own connection. */
export function createTransport(options: TransportOptions): Transport {
  return new OwnConnections(options);
}

/** What is under way of an account that asks nothing: of thousands of them nearly all, and an array each would be dear. */
const NOTHING: readonly Deadline[] = [];

class OwnConnections implements Transport {
  readonly #options: TransportOptions;
  // An AbortController and its signal for each of thousands of accounts would be a kilobyte.
  #isClosed = false;
  #underWay = NOTHING;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  async send(
    origin: string,
    { method, path, query, body, signal, permit = () => true, largest = LARGEST_BODY }: SentRequest,
  ): Promise<TransportAnswer> {
    // A base URL may end in a path: the prefix of a reverse proxy.
    const url = new URL(`${origin.replace(/\/+$/, '')}${path}`);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    // One listener per concurrent request: Node would report more than ten as a leak.
    setMaxListeners(0, signal);
    const deadline = startDeadline({
      ms: this.#options.timeout,
      until: [signal],
      suspendAware: true,
    });
    this.#underWay = [...this.#underWay, deadline];
    if (this.#isClosed) deadline.abort(closed());
    let route: Route | undefined;
    let departed = false;
    try {
      route = openRoute({
        url,
        ...(this.#options.proxy !== undefined && { proxy: this.#options.proxy }),
        connect: connectOptions(this.#options),
        maxResponseSize: largest,
        onConnectFailure: deadline.abort,
      });
      const observed = route.dispatcher.compose(
        sendGate(() => {
          departed = permit();
          return departed;
        }),
      );
      const answer = exchange(url, {
        dispatcher: observed,
        method,
        // undici sends a string with Content-Length. The platform answers a chunked POST with 412 and an empty
        // body (docs/wechat-facts.md, "Transport").
        ...(body && { body: JSON.stringify(body) }),
        headers: {
          accept: 'application/json',
          'cache-control': 'no-cache',
          'user-agent': `wx-token-sidecar/${version}`,
          ...(body && { 'content-type': 'application/json' }),
        },
      });
      // Not by the request's own signal: undici obeys one only once it has a connection, which may never happen.
      return await Promise.race([answer, deadline.reached]);
    } catch (error) {
      throw transportFailure(url.host, error, {
        departed,
        proxy: route?.pendingProxy(),
        hasLogin: route?.hasLogin(),
        tried: route?.tried(),
      });
    } finally {
      deadline.release();
      const others = this.#underWay.filter((other) => other !== deadline);
      this.#underWay = others.length > 0 ? others : NOTHING;
      route?.close();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const deadline of this.#underWay) deadline.abort(closed());
  }
}

function closed(): DOMException {
  return new DOMException('the transport is closed', 'AbortError');
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

/**
 * Prefers IPv4, because the IP whitelist of an account takes IPv4 addresses (docs/wechat-facts.md, "Who may call");
 * IPv6 remains for hosts that have nothing else, and for links on which IPv4 does not answer.
 */
function connectOptions({ timeout, ca, ipv4First }: TransportOptions) {
  return {
    ...(ca !== undefined && { tls: { ca } }),
    ...(ipv4First && { ipv4HeadStart: headStartWithin(timeout) }),
  };
}

/** What of a request decides how it is sent. */
export type SentRequest = Omit<PlatformRequest, 'repeatable' | 'endpoint'>;

/** A request to the platform. */
export interface PlatformRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Decides what an error code blames: the secret, or the token. */
  readonly endpoint: EndpointKind;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Whether repeating the request is harmless: then another host may be asked when a response was lost. */
  readonly repeatable: boolean;
  readonly signal: AbortSignal;
  /** Called at the last moment before anything is sent; with `false`, nothing is. */
  readonly permit?: (() => boolean) | undefined;
  /** Size limit of the answer in bytes; absent: what the answer of a token call may have at most. */
  readonly largest?: number;
}
