import { isIP } from 'node:net';
import {
  Agent,
  type buildConnector,
  Client,
  type Dispatcher,
  EnvHttpProxyAgent,
  Pool,
  ProxyAgent,
} from 'undici';

export interface RouteOptions {
  /** Protocol of the requested URL, `http:` or `https:`. */
  readonly protocol: string;
  /** URL of a forward proxy; absent: `HTTPS_PROXY` and `NO_PROXY` of the environment apply. */
  readonly proxy?: string;
  /** Connection options, used towards the requested host (directly or through a proxy) and towards the proxy. */
  readonly connect?: NonNullable<ProxyAgent.Options['requestTls']>;
  /** Limits for a response: size in bytes, times in ms. */
  readonly limits: Pick<
    Agent.Options,
    'maxResponseSize' | 'headersTimeout' | 'bodyTimeout' | 'connectTimeout'
  >;
  /** Called when a connection cannot be established. */
  readonly onConnectFailure: (error: Error) => void;
}

/** The connection for one request. Only destroying its dispatcher aborts a connection attempt. */
export interface Route {
  readonly dispatcher: Dispatcher;
  /**
   * Origin (without user and password) of the proxy that was asked for a tunnel and has not opened it: a failure is
   * then the proxy's. Undefined otherwise.
   */
  pendingProxy(): string | undefined;
  /** Whether a user and a password are sent to the proxy that was asked. */
  hasLogin(): boolean;
}

/**
 * Opens a new connection for each request. Calls are hours apart, so an idle connection would be dead by then, and
 * a request lost on a connection that has just died looks like a lost response. A new connection also picks up DNS
 * changes.
 * @throws {Error} `ERR_INVALID_URL` when the URL of a proxy is neither http nor https
 */
export function openRoute({ protocol, proxy, connect, limits, onConnectFailure }: RouteOptions): Route {
  let pending: string | undefined;
  let login = false;
  const common = {
    ...limits,
    // Also announces it to the peer: `Connection: close`.
    pipelining: 0,
    // When a proxy hangs up, undici would reconnect thousands of times a second.
    factory: (origin: string | URL, options: object) =>
      new Client(origin, options).on('connectionError', (_origin, _targets, error) =>
        onConnectFailure(error),
      ),
    clientFactory: (address: URL, options: object) => {
      // undici sends no user without a password.
      login = address.username !== '' && address.password !== '';
      return new Pool(address, withoutIpServerName(options)).compose(
        observeTunnel((isOpen) => {
          pending = isOpen ? undefined : address.origin;
        }),
      );
    },
  };
  const connectors = connect && { connect, requestTls: connect, proxyTls: connect };

  function dispatcher(): Dispatcher {
    // Plain HTTP never uses a proxy: it stays on this host or in the cluster, and would otherwise leave it
    // unencrypted.
    if (protocol === 'http:') return new Agent({ ...common, ...(connect && { connect }) });
    if (proxy === undefined) {
      rejectUnsupportedProxies(process.env);
      return new EnvHttpProxyAgent({ ...common, ...connectors });
    }
    return new ProxyAgent({ ...common, ...connectors, uri: proxy });
  }

  return { dispatcher: dispatcher(), pendingProxy: () => pending, hasLogin: () => login };
}

/**
 * Rejects proxy URLs that are neither http nor https: undici would speak SOCKS itself, bypassing the checks of this
 * module.
 * @throws {Error} `ERR_INVALID_URL`
 */
function rejectUnsupportedProxies(environment: NodeJS.ProcessEnv): void {
  for (const name of ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']) {
    const value = environment[name] || 'http://none';
    if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
      throw Object.assign(new Error(`${name} is no URL of http or https`), { code: 'ERR_INVALID_URL' });
  }
}

/**
 * TLS allows no IP address as server name, yet undici passes that of a proxy; without it the certificate is still
 * verified against the address.
 */
function withoutIpServerName(options: object): object {
  const connect = 'connect' in options ? options.connect : undefined;
  if (!isConnector(connect)) return options;
  const named: buildConnector.connector = ({ servername = '', ...to }, done) =>
    connect({ ...to, ...(isIP(servername) === 0 && { servername }) }, done);
  return { ...options, connect: named };
}

function isConnector(value: unknown): value is buildConnector.connector {
  return typeof value === 'function';
}

/** Interceptor that reports `false` when a proxy is asked for a tunnel and `true` when the tunnel is open. */
function observeTunnel(tell: (isOpen: boolean) => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    tell(false);
    return dispatch(options, {
      onRequestStart: (...told) => handler.onRequestStart?.(...told),
      onRequestUpgrade(controller, status, headers, socket) {
        tell(status === 200);
        handler.onRequestUpgrade?.(controller, status, headers, socket);
      },
      onResponseStart: (...told) => handler.onResponseStart?.(...told),
      onResponseData: (...told) => handler.onResponseData?.(...told),
      onResponseEnd: (...told) => handler.onResponseEnd?.(...told),
      onResponseError: (...told) => handler.onResponseError?.(...told),
    });
  };
}
