import type { Dispatcher } from 'undici';

/**
 * Tells when a request is put on a connection. Until then (a name being resolved, a connection being made, a TLS
 * handshake, a proxy's tunnel) nothing of it has left this host, so the other end cannot have acted.
 * @param departure asked at that moment; with `false` nothing is sent
 */
export function noting(departure: () => boolean): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        if (departure()) handler.onRequestStart?.(controller, context);
        else controller.abort(new DOMException('it may not be sent any more', 'AbortError'));
      },
      onResponseStart: (...told) => handler.onResponseStart?.(...told),
      onResponseData: (...told) => handler.onResponseData?.(...told),
      onResponseEnd: (...told) => handler.onResponseEnd?.(...told),
      onResponseError: (...told) => handler.onResponseError?.(...told),
    });
}
