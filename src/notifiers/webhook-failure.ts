import type { EdgeError } from '../core/failure.ts';
import { notifyFailure } from './notifier.ts';

interface Meaning {
  readonly code: string;
  readonly what: string;
  readonly advice: string;
}

const DNS: Meaning = {
  code: 'dns',
  what: 'its name cannot be resolved',
  advice: 'check the name in the URL, and the resolver of this host or pod',
};
const REFUSED: Meaning = {
  code: 'unreachable',
  what: 'nothing listens there',
  advice: 'start the app, or correct host and port of the URL; within a pod containers meet on 127.0.0.1',
};
const UNREACHABLE: Meaning = {
  code: 'unreachable',
  what: 'it cannot be reached',
  advice: 'check host and port of the URL, firewall and NetworkPolicy',
};
const CUT: Meaning = {
  code: 'cut',
  what: 'the connection ended before the answer came',
  advice: 'look into the log of the app: it may have crashed, or speak HTTPS where the URL says http',
};
const NOT_HTTP: Meaning = {
  code: 'not-http',
  what: 'its answer is not HTTP',
  advice: 'correct the port of the URL, or its http into https',
};
const TLS: Meaning = {
  code: 'tls',
  what: 'its certificate is not trusted',
  advice: 'make its authority known to the daemon (NODE_EXTRA_CA_CERTS), or use http within the pod',
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

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOTFOUND: DNS,
  EAI_AGAIN: DNS,
  ECONNREFUSED: REFUSED,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  ECONNRESET: CUT,
  EPIPE: CUT,
  UND_ERR_SOCKET: CUT,
  HTTPParserError: NOT_HTTP,
  UND_ERR_HEADERS_OVERFLOW: NOT_HTTP,
  UND_ERR_INVALID_ARG: PROXY,
  ERR_INVALID_URL: PROXY,
};

/** Why no answer came. Errors of the library may carry the bytes of an answer or a proxy's password: none is kept. */
export function unansweredFailure(id: string, cause: unknown): EdgeError {
  const { code, name, message: said } = cause as { code?: unknown; name?: unknown; message?: unknown };
  const key = typeof code === 'string' ? code : String(name);
  const { what, ...meaning } = meaningOf(key, String(said), String(name));
  return notifyFailure({ ...meaning, message: `no answer from ${id}: ${what} (${key})` });
}

function meaningOf(key: string, said: string, name: string): Meaning {
  if (said.startsWith('Proxy response')) return PROXY;
  if (/CERT|ERR_TLS|ERR_SSL|SELF_SIGNED|UNABLE_TO_/.test(key)) return TLS;
  return MEANINGS[key] ?? MEANINGS[name] ?? OTHER;
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
  if (status === 401 || status === 403) return 'give the URL a user and a password, or let the app allow it';
  if (status === 404 || status === 405) return 'check the path of the URL; the app must take a POST there';
  return 'look into the log of the app: it must answer with 2xx';
}
