import { type Backoff, EdgeError, PASSING } from '../core/failure.ts';
import { MINUTE } from '../core/time.ts';
import { aboutDates, type DateFault } from '../system/net/certificate-dates.ts';
import { type FoundFault, type NetworkFault, networkFault } from '../system/net/network-fault.ts';
import { systemClock } from '../system/time/clock.ts';

/** How far a request got before it failed. */
export interface Progress {
  /** Whether the request was put on a connection; until then the platform cannot have acted. */
  readonly departed: boolean;
  /** Origin of the proxy that was asked for a tunnel and has not opened it. */
  readonly proxy?: string | undefined;
  /** Whether a user and a password are sent to that proxy. */
  readonly hasLogin?: boolean | undefined;
  /** What was tried for the connection, in words. */
  readonly tried?: string | undefined;
}

/**
 * Converts the failure of a request without a complete response.
 * @param host of the platform, for the message
 * @param wall what this machine's clock says, epoch ms
 * @returns an error whose `effect` is `unsent` or, once the request has departed, `unknown`
 */
export function transportFailure(
  host: string,
  cause: unknown,
  { departed, proxy, hasLogin, tried }: Progress,
  wall: number = systemClock.now().wall,
): EdgeError {
  const found = networkFault(cause);
  const isProxys = proxy !== undefined && !['no-tunnel', 'aborted'].includes(found.fault);
  const known = meaningOf(found, { proxy, hasLogin, wall });
  const hungUp = isProxys && known === CUT;
  const { what, backoff = PASSING, ...rest } = hungUp ? HUNG_UP : departed ? known : unconnected(known);
  const meaning = { ...rest, ...(isProxys && !hungUp && !ABOUT_TRUST.has(found.fault) && { advice: PROXY }) };
  // Where a connection came about, or the name has no address, the attempts explain nothing.
  const attempts = !departed && tried !== undefined && rest.code === 'unreachable' ? `; ${tried}` : '';
  const key = found.status === undefined ? ` (${found.key})` : '';
  return new EdgeError(
    {
      class: 'passing',
      ...meaning,
      ...(meaning.advice !== undefined && { advice: `${meaning.advice}${attempts}` }),
      message: `no answer from ${isProxys ? `the proxy ${proxy}` : host}: ${what}${key}`,
      effect: departed ? 'unknown' : 'unsent',
      backoff,
    },
    { cause: withoutInput(cause) },
  );
}

/** Faults of a certificate, which are the same for a proxy. */
const ABOUT_TRUST: ReadonlySet<NetworkFault> = new Set(['untrusted', 'not-yet-valid', 'expired']);

function meaningOf(
  { fault, status, source }: FoundFault,
  { proxy, hasLogin, wall }: Pick<Progress, 'proxy' | 'hasLogin'> & { readonly wall: number },
): Meaning {
  if (status !== undefined) return untunnelled(status, proxy, hasLogin);
  if (source !== undefined) return notAProxy(source);
  if (fault !== 'not-yet-valid' && fault !== 'expired') return MEANINGS[fault];
  return { code: 'tls', backoff: SLOW, ...aboutDates(fault, wall) };
}

/** Drops an error's own data: the bytes of a response may contain a token, the URL of a proxy a password. */
function withoutInput(cause: unknown): unknown {
  if (!(cause instanceof Error) || !('data' in cause || 'input' in cause)) return cause;
  return new Error(cause.message);
}

/**
 * Without a connection, a timeout or a cut means that the host cannot be reached, not that a response is missing.
 */
function unconnected(meaning: Meaning): Meaning {
  if (meaning === TIMEOUT)
    return { ...UNREACHABLE, what: 'no connection came about in time', advice: `${EGRESS}; ${SLOW_LINK}` };
  return meaning === CUT ? { ...UNREACHABLE, what: 'the connection ended while it was made' } : meaning;
}

/**
 * Converts an HTTP status that came without an error code of the platform.
 * @param location of a redirect; its origin goes into the message
 */
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
    // A gateway that fails (5xx) may have forwarded the request; one that refuses it has not.
    effect: status >= 500 ? 'unknown' : 'none',
    backoff: status >= 500 ? PASSING : SLOW,
  });
}

/** For faults that rarely pass by themselves, yet say nothing about the account. */
const SLOW: Backoff = { ...PASSING, cap: 5 * MINUTE };

/** What a fault means, and what an operator can do about it. */
export interface Meaning {
  readonly code: string;
  readonly what: string;
  readonly backoff?: Backoff;
  readonly advice?: string;
}

const EGRESS = 'check egress: firewall, NetworkPolicy, proxy';
const SLOW_LINK = 'where it is but slow, raise platform.timeout';
const AUTHORITIES =
  'something stands in between, or the authorities are out of date: see WXTOKEN_CA_FILE (platform.caFile)';

const PROXY =
  'start the proxy, or correct its address: WXTOKEN_PROXY (platform.proxy), or HTTPS_PROXY of the environment';
const NOT_IT =
  'correct host and port of the URL; or something in between answers in its place (proxy, portal)';

const UNREACHABLE: Meaning = { code: 'unreachable', what: 'it cannot be reached', advice: EGRESS };
const TIMEOUT: Meaning = {
  code: 'timeout',
  what: 'it did not answer in time',
  advice: `${EGRESS}; ${SLOW_LINK}`,
};
const CUT: Meaning = {
  code: 'cut',
  what: 'the connection ended before the answer did',
  advice:
    'if it stays so: look at host and port of the URL, and at what stands in between (firewall, portal)',
};

/** A proxy that was asked for a tunnel hung up. */
const HUNG_UP: Meaning = {
  code: 'proxy',
  what: 'it hung up when it was asked to connect',
  advice:
    'it must allow CONNECT to this host and port; if it is a proxy at all: check its address and http or https',
};

const MEANINGS: Readonly<Record<Exclude<NetworkFault, DateFault>, Meaning>> = {
  dns: {
    code: 'dns',
    what: 'its name cannot be resolved',
    advice: 'check the resolver of this host or pod, and NetworkPolicies for UDP and TCP 53',
  },
  refused: UNREACHABLE,
  unreachable: UNREACHABLE,
  slow: TIMEOUT,
  'too-late': TIMEOUT,
  cut: CUT,
  'no-tls': {
    code: 'tls',
    what: 'it speaks no TLS (plain http?)',
    backoff: SLOW,
    advice: 'correct host and port of the URL; or something in between answers in its place (proxy, portal)',
  },
  untrusted: { code: 'tls', what: 'its certificate is not trusted', backoff: SLOW, advice: AUTHORITIES },
  handshake: {
    code: 'tls',
    what: 'no TLS came about',
    backoff: SLOW,
    advice: 'something in between may speak an older TLS, or ask for a certificate (proxy, portal)',
  },
  'not-http': { code: 'not-http', what: 'its answer is not HTTP', backoff: SLOW, advice: NOT_IT },
  'too-large': { code: 'too-large', what: 'its answer has no end', backoff: SLOW, advice: NOT_IT },
  'endless-head': {
    code: 'too-large',
    what: 'its answer has endless headers',
    backoff: SLOW,
    advice: NOT_IT,
  },
  'no-tunnel': { code: 'proxy', what: 'the proxy opens no tunnel' },
  'no-proxy-url': notAProxy('the configuration'),
  aborted: { code: 'aborted', what: 'the daemon is stopping' },
  other: { code: 'network', what: 'the request failed' },
};

/** @param source where the proxy is named, for example `HTTPS_PROXY` */
function notAProxy(source: string): Meaning {
  return {
    code: 'proxy',
    what: `${source} names no proxy of http or https`,
    backoff: SLOW,
    advice:
      'SOCKS is not supported: name an HTTP proxy like http://egress:3128 in HTTPS_PROXY, or exempt the host in NO_PROXY',
  };
}

/** Interprets a proxy's response to CONNECT. */
function untunnelled(status: number, proxy = '', hasLogin = false): Meaning {
  if (status === 407 && hasLogin) {
    return {
      code: 'proxy',
      what: `the proxy ${proxy} refused the login (HTTP 407)`,
      backoff: SLOW,
      advice:
        'correct user and password in the URL of the proxy: WXTOKEN_PROXY (platform.proxy) or HTTPS_PROXY',
    };
  }
  return {
    code: 'proxy',
    what: `the proxy ${proxy} answered HTTP ${status}`,
    advice:
      status === 407
        ? 'the proxy wants a user and a password: http://USER:PASSWORD@HOST:PORT'
        : 'the proxy must allow CONNECT to this host and port',
  };
}
