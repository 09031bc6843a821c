import type { EdgeError } from '../core/failure.ts';
import { type NetworkFault, networkFault } from '../system/network-fault.ts';
import { notifyFailure } from './notifier.ts';

interface Meaning {
  readonly code: string;
  readonly what: string;
  readonly advice: string;
}

const UNREACHABLE: Meaning = {
  code: 'unreachable',
  what: 'it cannot be reached',
  advice: 'check host and port of the URL, firewall and NetworkPolicy',
};
const NOT_HTTP: Meaning = {
  code: 'not-http',
  what: 'its answer is not HTTP',
  advice: 'correct the port of the URL, or its http into https',
};
const PROXY: Meaning = {
  code: 'proxy',
  what: 'the proxy does not connect to it',
  advice: 'the proxy of HTTPS_PROXY must allow it, or NO_PROXY name its host',
};
const OTHER: Meaning = {
  code: 'network',
  what: 'the request failed',
  advice: 'try the URL with curl from where the daemon runs',
};

const MEANINGS: Readonly<Record<NetworkFault, Meaning>> = {
  dns: {
    code: 'dns',
    what: 'its name cannot be resolved',
    advice: 'check the name in the URL, and the resolver of this host or pod',
  },
  refused: {
    code: 'unreachable',
    what: 'nothing listens there',
    advice: 'start the app, or correct host and port of the URL; within a pod containers meet on 127.0.0.1',
  },
  unreachable: UNREACHABLE,
  slow: UNREACHABLE,
  'too-late': UNREACHABLE,
  cut: {
    code: 'cut',
    what: 'the connection ended before the answer came',
    advice: 'look into the log of the app: it may have crashed, or speak HTTPS where the URL says http',
  },
  'no-tls': {
    code: 'tls',
    what: 'it speaks no TLS (plain http?)',
    advice: 'correct the https of the URL into http, or its port',
  },
  untrusted: {
    code: 'tls',
    what: 'its certificate is not trusted',
    advice: 'make its authority known to the daemon (NODE_EXTRA_CA_CERTS), or use http within the pod',
  },
  handshake: {
    code: 'tls',
    what: 'no TLS came about',
    advice: 'it may speak an older TLS or ask for a certificate: use http within the pod',
  },
  'not-http': NOT_HTTP,
  'endless-head': NOT_HTTP,
  'too-large': OTHER,
  'no-tunnel': PROXY,
  'no-proxy-url': PROXY,
  aborted: OTHER,
  other: OTHER,
};

/**
 * Why no answer came. Errors of the library may carry the bytes of an answer or a proxy's password: none is kept.
 * @param proxy one that was asked for a tunnel and has not opened it
 */
export function unansweredFailure(id: string, cause: unknown, proxy: string | undefined): EdgeError {
  const { fault, key, status } = networkFault(cause);
  const { what, ...meaning } = proxy === undefined ? MEANINGS[fault] : PROXY;
  const why = proxy === undefined ? what : `the proxy ${proxy} does not connect to it`;
  return notifyFailure({
    ...meaning,
    message: `no answer from ${id}: ${why} (${status === undefined ? key : `HTTP ${status}`})`,
  });
}

/** It answered, but not that it has heard. @param location where a redirect leads */
export function statusFailure(id: string, status: number, location: string | undefined): EdgeError {
  const message = `${id} answered HTTP ${status}`;
  if (status < 400) {
    return notifyFailure({
      class: 'refused',
      code: `http-${status}`,
      message: location === undefined ? message : `${message}, a redirect to ${location}`,
      advice: 'no redirect is followed: name the address that answers with 2xx by itself',
    });
  }
  return notifyFailure({ code: `http-${status}`, message, advice: statusAdvice(status) });
}

function statusAdvice(status: number): string {
  if (status === 401 || status === 403)
    return 'let the app allow it: it gets no user, password or cookie, and may know the daemon by its address';
  if (status === 404 || status === 405) return 'check the path of the URL; the app must take a POST there';
  return 'look into the log of the app: it must answer with 2xx';
}
