import type { Dispatcher } from 'undici';

/**
 * Tells when a request is put on a connection. Until then (a name being resolved, a connection being made, a TLS
 * handshake, a proxy's tunnel) nothing of it has left this host, so the other end cannot have acted.
 */
export function noting(departure: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        departure();
        handler.onRequestStart?.(controller, context);
      },
      onResponseStart: (...told) => handler.onResponseStart?.(...told),
      onResponseData: (...told) => handler.onResponseData?.(...told),
      onResponseEnd: (...told) => handler.onResponseEnd?.(...told),
      onResponseError: (...told) => handler.onResponseError?.(...told),
    });
}
