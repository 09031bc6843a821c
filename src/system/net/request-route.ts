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
  /** `http:` or `https:` of what is asked. */
  readonly protocol: string;
  /** Forward proxy; the environment's `HTTPS_PROXY` and `NO_PROXY` count when absent. */
  readonly proxy?: string;
  /** How connections are made to what is asked, whether or not through a proxy, and to the proxy. */
  readonly connect?: NonNullable<ProxyAgent.Options['requestTls']>;
  /** What bounds an answer. */
  readonly limits: Pick<
    Agent.Options,
    'maxResponseSize' | 'headersTimeout' | 'bodyTimeout' | 'connectTimeout'
  >;
  /** Told when no connection comes about. */
  readonly unconnected: (error: Error) => void;
}

/** The way of one request. Destroying its dispatcher ends a connection that is still being made; nothing else does. */
export interface Route {
  readonly dispatcher: Dispatcher;
  /** The proxy that has been asked to connect and has not done so, without user and password: a failure is its own. */
  blocker(): string | undefined;
  /** Whether the proxy that was asked is given a user and a password. */
  hasLogin(): boolean;
}

/**
 * One for each request: calls are hours apart, so an idle connection would be dead by then, and a request lost on one
 * that just died looks like a lost answer; a new connection also follows DNS.
 * @throws {Error} `ERR_INVALID_URL` when a proxy is no URL of http or https
 */
export function openRoute({ protocol, proxy, connect, limits, unconnected }: RouteOptions): Route {
  let asked: string | undefined;
  let login = false;
  const common = {
    ...limits,
    // Also says so to the other end: Connection: close.
    pipelining: 0,
    // Where a proxy hangs up, undici would connect again and again, thousands of times a second.
    factory: (origin: string | URL, options: object) =>
      new Client(origin, options).on('connectionError', (_origin, _targets, error) => unconnected(error)),
    clientFactory: (address: URL, options: object) => {
      // What has no password is sent without its user.
      login = address.username !== '' && address.password !== '';
      return new Pool(address, withoutIpName(options)).compose(
        tunnelling((isOpen) => {
          asked = isOpen ? undefined : address.origin;
        }),
      );
    },
  };
  const ways = connect && { connect, requestTls: connect, proxyTls: connect };

  function dispatcher(): Dispatcher {
    // Plain HTTP stays on this host or in the cluster, and through a proxy elsewhere it would go in the clear.
    if (protocol === 'http:') return new Agent({ ...common, ...(connect && { connect }) });
    if (proxy === undefined) {
      refuseOddProxies(process.env);
      return new EnvHttpProxyAgent({ ...common, ...ways });
    }
    return new ProxyAgent({ ...common, ...ways, uri: proxy });
  }

  return { dispatcher: dispatcher(), blocker: () => asked, hasLogin: () => login };
}

/** undici would speak SOCKS by itself, past all that is watched here. */
function refuseOddProxies(environment: NodeJS.ProcessEnv): void {
  for (const name of ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']) {
    const value = environment[name] || 'http://none';
    if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
      throw Object.assign(new Error(`${name} is no URL of http or https`), { code: 'ERR_INVALID_URL' });
  }
}

/** A proxy's address is no name that TLS could be told, and undici tells it; its certificate is held to it all the same. */
function withoutIpName(options: object): object {
  const connect = 'connect' in options ? options.connect : undefined;
  if (!isConnector(connect)) return options;
  const named: buildConnector.connector = ({ servername = '', ...to }, done) =>
    connect({ ...to, ...(isIP(servername) === 0 && { servername }) }, done);
  return { ...options, connect: named };
}

function isConnector(value: unknown): value is buildConnector.connector {
  return typeof value === 'function';
}

/** Tells when a proxy is asked for a tunnel, and when that is open. */
function tunnelling(tell: (isOpen: boolean) => void): Dispatcher.DispatcherComposeInterceptor {
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
