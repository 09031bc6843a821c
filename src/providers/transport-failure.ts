import type { Backoff } from '../core/backoff.ts';
import { EdgeError, PASSING } from '../core/failure.ts';
import { MINUTE } from '../core/time.ts';

/** For what rarely heals by itself, yet says nothing about the account. */
const SLOW: Backoff = { ...PASSING, cap: 5 * MINUTE };

interface Meaning {
  readonly code: string;
  readonly what: string;
  readonly backoff?: Backoff;
  readonly advice?: string;
}

const DNS: Meaning = {
  code: 'dns',
  what: 'its name cannot be resolved',
  advice: 'check the resolver of this host or pod, and NetworkPolicies for UDP and TCP 53',
};
const UNREACHABLE: Meaning = {
  code: 'unreachable',
  what: 'it cannot be reached',
  advice: 'check egress: firewall, NetworkPolicy, proxy',
};
const TLS: Meaning = {
  code: 'tls',
  what: 'its certificate is not trusted',
  backoff: SLOW,
  advice:
    'something stands in between, or the authorities are out of date: see WXTOKEN_CA_FILE (platform.caFile)',
};
const NO_PROXY_URL: Meaning = {
  code: 'proxy',
  what: 'the proxy named by the environment is no URL',
  backoff: SLOW,
  advice: 'HTTPS_PROXY and HTTP_PROXY must be like http://egress:3128',
};
const TIMEOUT: Meaning = { code: 'timeout', what: 'it did not answer in time' };
const CUT: Meaning = { code: 'cut', what: 'the connection ended before the answer did' };

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOTFOUND: DNS,
  EAI_AGAIN: DNS,
  ECONNREFUSED: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  UND_ERR_CONNECT_TIMEOUT: UNREACHABLE,
  UND_ERR_HEADERS_TIMEOUT: TIMEOUT,
  UND_ERR_BODY_TIMEOUT: TIMEOUT,
  TimeoutError: TIMEOUT,
  UND_ERR_SOCKET: CUT,
  ECONNRESET: CUT,
  EPIPE: CUT,
  UND_ERR_RES_EXCEEDED_MAX_SIZE: {
    code: 'too-large',
    what: 'its answer has no end',
    backoff: SLOW,
  },
  UND_ERR_HEADERS_OVERFLOW: { code: 'too-large', what: 'its answer has endless headers', backoff: SLOW },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: CUT,
  UND_ERR_PRX_TLS: { ...TLS, what: "the proxy's certificate is not trusted" },
  UND_ERR_INVALID_ARG: NO_PROXY_URL,
  ERR_INVALID_URL: NO_PROXY_URL,
  HTTPParserError: { code: 'not-http', what: 'its answer is not HTTP', backoff: SLOW },
  AbortError: { code: 'aborted', what: 'the daemon is stopping' },
};

/**
 * What it means that no whole answer came from `host`.
 * @param departed whether the request was put on a connection: until then the platform cannot have acted
 */
export function transportFailure(host: string, cause: unknown, departed: boolean): EdgeError {
  const { code, name, message: said } = cause as { code?: unknown; name?: unknown; message?: unknown };
  const key = typeof code === 'string' ? code : String(name);
  const known = proxyMeaning(String(said)) ?? MEANINGS[key] ?? MEANINGS[String(name)] ?? otherMeaning(key);
  const { what, backoff = PASSING, ...meaning } = departed ? known : unconnected(known);
  const message = `no answer from ${host}: ${what}${what.includes(key) ? '' : ` (${key})`}`;
  return new EdgeError(
    { class: 'passing', ...meaning, message, effect: departed ? 'unknown' : 'unsent', backoff },
    { cause: carriesItsInput(cause) ? new Error(String(said)) : cause },
  );
}

/** The bytes of an answer may hold a token, the URL of a proxy a password. */
function carriesItsInput(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && ('data' in cause || 'input' in cause);
}

/** What ended before there was a connection was no answer that failed to come. */
function unconnected(meaning: Meaning): Meaning {
  if (meaning === TIMEOUT) return { ...UNREACHABLE, what: 'no connection came about in time' };
  return meaning === CUT ? { ...UNREACHABLE, what: 'the connection was refused while it was made' } : meaning;
}

/** A proxy that does not connect answers CONNECT with another status than 200; undici says so in words alone. */
function proxyMeaning(said: string): Meaning | undefined {
  const [, status] = /^Proxy response \((\d+)\)/.exec(said) ?? [];
  if (status === undefined) return undefined;
  return {
    code: 'proxy',
    what: `the proxy answered HTTP ${status}`,
    advice:
      status === '407'
        ? 'the proxy wants a user and a password: http://USER:PASSWORD@HOST:PORT'
        : 'the proxy must allow CONNECT to this host and port',
  };
}

/** What an HTTP status without the platform's own error code means. */
export function statusFailure(status: number, location: string | undefined): EdgeError {
  const redirect = status >= 300 && status < 400;
  const to =
    redirect && location !== undefined && URL.canParse(location) ? ` to ${new URL(location).origin}` : '';
  return new EdgeError({
    class: 'passing',
    code: `http-${status}`,
    message: `the platform answered HTTP ${status}${to}`,
    ...(status < 500 && {
      advice: 'the platform never answers so: look at the base URL, and at proxies and portals in between',
    }),
    // A gateway that fails may have passed the request on; one that refuses has not.
    effect: status >= 500 ? 'unknown' : 'none',
    backoff: status >= 500 ? PASSING : SLOW,
  });
}

function otherMeaning(key: string): Meaning {
  if (/CERT|ERR_TLS|ERR_SSL|SELF_SIGNED|UNABLE_TO_/.test(key)) return TLS;
  return { code: 'network', what: `the request failed with ${key}` };
}
