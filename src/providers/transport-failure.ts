import { EdgeError, PASSING } from '../core/failure.ts';
import { networkFault } from '../system/network-fault.ts';
import {
  CUT,
  HUNG_UP,
  MEANINGS,
  type Meaning,
  PROXY,
  SLOW,
  TIMEOUT,
  UNREACHABLE,
  untunnelled,
} from './transport-meanings.ts';

/** How far a request got. */
export interface Progress {
  /** Whether it was put on a connection: until then the platform cannot have acted. */
  readonly departed: boolean;
  /** A proxy that has been asked for a tunnel and has not opened it. */
  readonly proxy?: string | undefined;
  /** Whether that proxy is given a user and a password. */
  readonly hasLogin?: boolean | undefined;
}

/** What it means that no whole answer came from `host`. */
export function transportFailure(
  host: string,
  cause: unknown,
  { departed, proxy, hasLogin }: Progress,
): EdgeError {
  const found = networkFault(cause);
  const isProxys = proxy !== undefined && !['no-tunnel', 'aborted'].includes(found.fault);
  const known =
    found.status === undefined ? MEANINGS[found.fault] : untunnelled(found.status, proxy, hasLogin);
  const hungUp = isProxys && known === CUT;
  const { what, backoff = PASSING, ...meaning } = hungUp ? HUNG_UP : departed ? known : unconnected(known);
  const key = found.status === undefined ? ` (${found.key})` : '';
  return new EdgeError(
    {
      class: 'passing',
      ...meaning,
      ...(isProxys && !hungUp && found.fault !== 'untrusted' && { advice: PROXY }),
      message: `no answer from ${isProxys ? `the proxy ${proxy}` : host}: ${what}${key}`,
      effect: departed ? 'unknown' : 'unsent',
      backoff,
    },
    { cause: withoutInput(cause) },
  );
}

/** The bytes of an answer may hold a token, the URL of a proxy a password. */
function withoutInput(cause: unknown): unknown {
  if (!(cause instanceof Error) || !('data' in cause || 'input' in cause)) return cause;
  return new Error(cause.message);
}

/** What ended before there was a connection was no answer that failed to come. */
function unconnected(meaning: Meaning): Meaning {
  if (meaning === TIMEOUT) return { ...UNREACHABLE, what: 'no connection came about in time' };
  return meaning === CUT ? { ...UNREACHABLE, what: 'the connection ended while it was made' } : meaning;
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
