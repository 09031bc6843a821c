import type { Backoff } from '../core/backoff.ts';
import { EdgeError, type Failure, PASSING } from '../core/failure.ts';
import { MINUTE } from '../core/time.ts';

/** For what rarely heals by itself, yet says nothing about the account. */
const SLOW: Backoff = { ...PASSING, cap: 5 * MINUTE };

interface Meaning {
  readonly code: string;
  readonly what: string;
  readonly effect: Failure['effect'];
  readonly backoff?: Backoff;
  readonly advice?: string;
}

const DNS: Meaning = {
  code: 'dns',
  what: 'its name cannot be resolved',
  effect: 'unsent',
  advice: 'check the resolver of this host or pod, and NetworkPolicies for UDP and TCP 53',
};
const UNREACHABLE: Meaning = {
  code: 'unreachable',
  what: 'it cannot be reached',
  effect: 'unsent',
  advice: 'check egress: firewall, NetworkPolicy, proxy',
};
const TLS: Meaning = {
  code: 'tls',
  what: 'its certificate is not trusted',
  effect: 'unsent',
  backoff: SLOW,
  advice:
    'something stands in between, or the authorities are out of date: see WXTOKEN_CA_FILE (platform.caFile)',
};
const TIMEOUT: Meaning = { code: 'timeout', what: 'it did not answer in time', effect: 'unknown' };
const CUT: Meaning = { code: 'cut', what: 'the connection ended before the answer did', effect: 'unknown' };

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
    effect: 'unknown',
    backoff: SLOW,
  },
  AbortError: { code: 'aborted', what: 'the daemon is stopping', effect: 'unknown' },
};

/** What it means that no whole answer came from `host`. */
export function transportFailure(host: string, cause: unknown): EdgeError {
  const { code, name } = cause as { code?: unknown; name?: unknown };
  const key = typeof code === 'string' ? code : String(name);
  const { what, backoff = PASSING, ...meaning } = MEANINGS[key] ?? (isTls(key) ? TLS : unknownMeaning(key));
  const message = `no answer from ${host}: ${what}${what.includes(key) ? '' : ` (${key})`}`;
  return new EdgeError({ class: 'passing', ...meaning, message, backoff }, { cause });
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

function isTls(key: string): boolean {
  return /CERT|ERR_TLS|ERR_SSL|SELF_SIGNED|UNABLE_TO_/.test(key);
}

function unknownMeaning(key: string): Meaning {
  return { code: 'network', what: `the request failed with ${key}`, effect: 'unknown' };
}
