// undici without fetch, mocks, caches, WebSocket and interceptors: its dispatchers and `request`.
import connect from 'undici/lib/api/api-connect.js';
import request_ from 'undici/lib/api/api-request.js';
import { parseURL } from 'undici/lib/core/util.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';

export { default as errors } from 'undici/lib/core/errors.js';
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as Client } from 'undici/lib/dispatcher/client.js';
export { default as Pool } from 'undici/lib/dispatcher/pool.js';
export { default as ProxyAgent } from 'undici/lib/dispatcher/proxy-agent.js';

// As undici's own index does; a proxy is asked to connect.
Object.assign(Dispatcher.prototype, { connect, request: request_ });

/** As undici's own, where a dispatcher is given: this program has no global one. */
export function request(target, { dispatcher, ...options }) {
  const { origin, pathname, search } = parseURL(target);
  const method = options.method ?? (options.body ? 'PUT' : 'GET');
  return dispatcher.request({ ...options, method, origin, path: `${pathname}${search}` });
}
