import { Agent, Client, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { Text } from '../../core/text.ts';
import { type Connector, type ConnectorOptions, createConnector, UNTIMED } from './connector.ts';
import { environmentProxy, parseProxy } from './environment-proxy.ts';

export interface RouteOptions {
  /** The requested URL. */
  readonly url: URL;
  /** URL of a forward proxy; absent: `HTTPS_PROXY` and `NO_PROXY` of the environment apply. */
  readonly proxy?: string;
  /** Connection options, used towards the requested host (directly or through a proxy) and towards the proxy. */
  readonly connect?: Omit<ConnectorOptions, 'timeout'>;
  /** Limits the body of a response, in bytes. */
  readonly maxResponseSize?: number;
  /** Called when a connection cannot be established. */
  readonly onConnectFailure: (error: Error) => void;
}

/** The connection for one request. */
export interface Route {
  readonly dispatcher: Dispatcher;
  /**
   * Origin (without user and password) of the proxy that was asked for a tunnel and has not opened it: a failure is
   * then the proxy's. Undefined otherwise.
   */
  pendingProxy(): string | undefined;
  /** Whether a user and a password are sent to the proxy that was asked. */
  hasLogin(): boolean;
  /** Says what was tried for the connection, see {@link Connector.tried}. */
  tried(): Text | undefined;
  /** Breaks the connection, also while it is being made. There is no other time limit for making one. */
  close(): void;
}

/**
 * Opens a new connection for each request. Calls are hours apart, so an idle connection would be dead by then, and
 * a request lost on a connection that has just died looks like a lost response. A new connection also picks up DNS
 * changes.
 * @throws {Error} `ERR_INVALID_URL` when the URL of the proxy is neither http nor https
 */
export function openRoute({
  url,
  proxy,
  connect = {},
  maxResponseSize,
  onConnectFailure,
}: RouteOptions): Route {
  const connector = createConnector(connect);
  const via = proxyFor(url, proxy);
  let pending: string | undefined;
  const common = {
    ...UNTIMED,
    ...(maxResponseSize !== undefined && { maxResponseSize }),
    // Also announces it to the peer: `Connection: close`.
    pipelining: 0,
    // When a proxy hangs up, undici would reconnect thousands of times a second.
    factory: (origin: string | URL, options: object) =>
      new Client(origin, options).on('connectionError', (_origin, _targets, error) =>
        onConnectFailure(error),
      ),
  };
  const dispatcher = via
    ? new ProxyAgent({
        ...common,
        uri: via.origin,
        ...(hasLogin(via) && { token: basicAuthorization(via) }),
        // The handshake through the tunnel; whoever opens the route limits its time.
        requestTls: { ...connect.tls, timeout: 0 },
        clientFactory: (address) =>
          new Pool(address, { ...UNTIMED, connect: connector.connect }).compose(
            observeTunnel((isOpen) => {
              pending = isOpen ? undefined : address.origin;
            }),
          ),
      })
    : new Agent({ ...common, connect: connector.connect });

  return {
    dispatcher,
    pendingProxy: () => pending,
    hasLogin: () => via !== undefined && hasLogin(via),
    tried: connector.tried,
    close() {
      void dispatcher.destroy();
      connector.close();
    },
  };
}

/** @throws {Error} `ERR_INVALID_URL` */
function proxyFor(url: URL, configured: string | undefined): URL | undefined {
  // Plain HTTP never uses a proxy: it stays on this host or in the cluster, and would otherwise leave it unencrypted.
  if (url.protocol === 'http:') return undefined;
  if (configured !== undefined) return parseProxy(configured) ?? unusable('its URL');
  const { variable, proxy } = environmentProxy(url, process.env);
  if (variable === undefined) return undefined;
  return proxy ?? unusable(variable);
}

/** undici would speak SOCKS itself, bypassing the checks of this module. */
function unusable(source: string): never {
  throw Object.assign(new Error(`${source} is no URL of an http or https proxy`), {
    code: 'ERR_INVALID_URL',
    source,
  });
}

function hasLogin({ username, password }: URL): boolean {
  return username !== '' || password !== '';
}

/** As curl sends it: undici leaves a user without a password out. */
function basicAuthorization({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
}

/** Decodes percent escapes; what is none stays as it is. */
function decoded(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (escaped) =>
    Buffer.from(escaped.replaceAll('%', ''), 'hex').toString(),
  );
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
