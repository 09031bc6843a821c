import { type Backoff, EdgeError, type Failure, PASSING } from '../core/failure.ts';
import { MINUTE } from '../core/time.ts';
import { aboutDates, type DateFault } from '../system/net/certificate-dates.ts';
import { type FoundFault, type NetworkFault, networkFault } from '../system/net/network-fault.ts';
import { systemClock } from '../system/time/clock.ts';
import { HANGING_WEBHOOK } from './admission.ts';
import type { Connection } from './connection-types.ts';

/** For faults that rarely pass by themselves. */
const SLOW: Backoff = { ...PASSING, cap: 5 * MINUTE };

interface Meaning {
  readonly code: string;
  readonly what: string;
  readonly advice?: string;
  readonly backoff?: Backoff;
}

const UNREACHABLE: Meaning = {
  code: 'kube-unreachable',
  what: 'it cannot be reached',
  advice:
    'is it running, and does a NetworkPolicy let this pod out to it (443 or 6443 TCP)? The last credential stays ' +
    'published',
};
const DNS: Meaning = {
  code: 'kube-dns',
  what: 'its name cannot be resolved',
  advice: 'check the resolver of this host or pod, and NetworkPolicies for UDP and TCP 53',
};
const TIMEOUT: Meaning = {
  code: 'kube-timeout',
  what: 'it did not answer in time',
  advice:
    'if it lasts, the API server or its etcd is overloaded or stands still; the last credential stays published',
};
const CUT: Meaning = { code: 'kube-cut', what: 'the connection ended before the answer did' };
const UNTRUSTED: Meaning = {
  code: 'kube-tls-untrusted',
  what: 'its certificate is not signed by the authority that was given',
  advice:
    'something stands in between, or the authority is another one by now: ca.crt of the service account, ' +
    'certificate-authority of a kubeconfig',
  backoff: SLOW,
};
const UNKNOWN_AUTHORITY: Meaning = {
  code: 'kube-tls-untrusted',
  what: 'its certificate is not signed by an authority that this system trusts, and no other was given',
  advice: 'name the one of the cluster in certificate-authority of the kubeconfig',
  backoff: SLOW,
};
const CERTIFICATE_REFUSED: Meaning = {
  code: 'kube-tls-refused',
  what: 'it wants a client certificate that it accepts, and was given none',
  advice: 'give the user of the kubeconfig one that its authority has signed, and that has not expired',
  backoff: SLOW,
};
const WRONG_NAME: Meaning = {
  code: 'kube-tls-name',
  what: 'its certificate is for another name',
  advice: 'ask it by a name or address that its certificate holds, or say tls-server-name in the kubeconfig',
  backoff: SLOW,
};
/** The code tells both from other faults of trust; which clock was asked is said with it. */
function datedMeaning(fault: DateFault): Meaning {
  const { what, advice } = aboutDates(fault, systemClock.now().wall);
  if (fault === 'not-yet-valid') return { code: 'kube-tls-not-yet-valid', what, advice, backoff: SLOW };
  const renew =
    "check the clock of this machine; if it is right, renew the cluster's certificates (kubeadm certs renew)";
  return { code: 'kube-tls-expired', what, advice: renew, backoff: SLOW };
}
const NOT_TLS: Meaning = {
  code: 'kube-tls-plain',
  what: 'it speaks plain HTTP, or something that is not TLS',
  advice: 'name the port on which it speaks https',
  backoff: SLOW,
};
const ENDLESS: Meaning = { code: 'kube-endless', what: 'its answer has no end', backoff: SLOW };

/** Undefined for faults about which nothing is known but their key. */
const MEANINGS: Readonly<Record<Exclude<NetworkFault, DateFault>, Meaning | undefined>> = {
  dns: DNS,
  refused: UNREACHABLE,
  unreachable: UNREACHABLE,
  slow: TIMEOUT,
  'too-late': TIMEOUT,
  cut: CUT,
  'no-tls': NOT_TLS,
  untrusted: UNTRUSTED,
  handshake: UNTRUSTED,
  'not-http': { code: 'kube-not-http', what: 'its answer is not HTTP', backoff: SLOW },
  'too-large': ENDLESS,
  'endless-head': ENDLESS,
  'no-tunnel': undefined,
  'no-proxy-url': undefined,
  aborted: { code: 'aborted', what: 'the daemon is stopping' },
  other: undefined,
};

/** Errors that mean more with an API server than their common {@link NetworkFault}. */
const SPECIFIC: Readonly<Record<string, Meaning>> = {
  UND_ERR_BODY_TIMEOUT: { ...TIMEOUT, what: 'nothing came for too long' },
  ERR_TLS_CERT_ALTNAME_INVALID: WRONG_NAME,
  EPROTO: NOT_TLS,
};

/** How a server refuses a client certificate: by an error code or, in TLS 1.2, only in the text of an EPROTO. */
const CLIENT_CERTIFICATE_ALERT =
  /\balert (unknown ca|(bad |unsupported )?certificate)|_ALERT_(\w+_)?(CERTIFICATE|UNKNOWN_CA)/i;

/** What is known of the connections to the API server. */
export interface Known {
  /** Whether authorities for the API server are configured, instead of those that the system trusts. */
  readonly namesAuthority: boolean;
  /** What was tried for the last connection, in words. */
  readonly tried?: string | undefined;
}

/**
 * Converts the failure of a request without a complete response.
 * @param effect `unsent` until the request is put on a connection, then what the request may have done
 */
export function networkError(
  { server, source }: Connection,
  cause: unknown,
  effect: Failure['effect'],
  { namesAuthority, tried }: Known = { namesAuthority: true },
): EdgeError {
  const { message: said } = cause as { message?: unknown };
  const found = networkFault(cause);
  const { key } = found;
  const isRefused = CLIENT_CERTIFICATE_ALERT.test(`${key} ${said}`);
  const known = isRefused ? CERTIFICATE_REFUSED : meaningOf(found);
  const fitting = known === UNTRUSTED && !namesAuthority ? UNKNOWN_AUTHORITY : known;
  const { what, backoff = PASSING, ...meaning } = effect === 'unsent' ? unconnected(fitting) : fitting;
  const isUnsent = effect === 'unsent' && meaning.code === 'kube-unreachable';
  const isUnanswered = fitting.code === TIMEOUT.code && effect === 'unknown';
  const parts = [meaning.advice, isUnsent && tried, isUnanswered && HANGING_WEBHOOK];
  const advice = parts.filter(Boolean).join('; ');
  const detail = what.includes(key) ? '' : ` (${key})`;
  return new EdgeError(
    {
      class: 'passing',
      ...meaning,
      ...(advice !== '' && { advice }),
      message: `no answer from the API server ${new URL(server).host} (${source}): ${what}${detail}`,
      effect,
      backoff,
    },
    // Drop `data`: the bytes of a response may be a Secret.
    {
      cause: typeof cause === 'object' && cause !== null && 'data' in cause ? new Error(String(said)) : cause,
    },
  );
}

/**
 * Without a connection, a timeout or a cut means that the server cannot be reached, not that a response is missing.
 */
function unconnected(meaning: Meaning): Meaning {
  if (meaning === TIMEOUT) return { ...UNREACHABLE, what: 'no connection came about in time' };
  return meaning === CUT ? { ...UNREACHABLE, what: 'the connection was cut while it was made' } : meaning;
}

function meaningOf({ fault, key }: FoundFault): Meaning {
  if (fault === 'not-yet-valid' || fault === 'expired') return datedMeaning(fault);
  return SPECIFIC[key] ?? MEANINGS[fault] ?? { code: 'kube-network', what: `the request failed with ${key}` };
}
