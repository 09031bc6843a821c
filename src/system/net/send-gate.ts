import type { Dispatcher } from 'undici';

/**
 * Interceptor that calls back when a request is put on a connection. Before that (during name resolution,
 * connection, TLS handshake and the proxy's tunnel) nothing of it has left this host, so the server cannot have
 * acted on it.
 * @param maySend called at that moment; with `false` the request is aborted (`AbortError`) and nothing is sent
 */
export function sendGate(maySend: () => boolean): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        if (maySend()) handler.onRequestStart?.(controller, context);
        else controller.abort(new DOMException('it may not be sent any more', 'AbortError'));
      },
      onResponseStart: (...told) => handler.onResponseStart?.(...told),
      onResponseData: (...told) => handler.onResponseData?.(...told),
      onResponseEnd: (...told) => handler.onResponseEnd?.(...told),
      onResponseError: (...told) => handler.onResponseError?.(...told),
    });
}
