import { request } from 'undici';
import { EdgeError } from '../core/failure.ts';
import { aboutDates, type DateFault } from '../system/net/certificate-dates.ts';
import { type NetworkFault, networkFault } from '../system/net/network-fault.ts';
import { openRoute, type Route } from '../system/net/request-route.ts';
import { sendGate } from '../system/net/send-gate.ts';
import { version } from '../system/process/version.ts';
import { systemClock } from '../system/time/clock.ts';
import { rejectOnAbort } from '../system/time/deadline.ts';
import { type Change, type Notifier, notifyFailure, type WebhookConfig } from './notifier.ts';
import { stoppedFailure, withinTime } from './time-limit.ts';

/** Bytes read of a response body, so that an ordinary one is not cut off; the content is ignored. */
const BODY_BYTES = 16 * 1024;

/** The timeout of the notifier covers all phases. */
const UNLIMITED = { headersTimeout: 0, bodyTimeout: 0 };

/**
 * Sends the change as JSON in one POST. A 2xx status means success, whatever follows. It follows no redirect, so
 * that it only contacts the configured address.
 * @throws {TypeError} when the URL is neither http nor https
 */
export function webhookNotifier({ url, timeout }: WebhookConfig): Notifier {
  const target = readUrl(url);
  // The query is left out, because it may contain a secret.
  const id = `webhook:${target.origin}${target.pathname}`;

  return {
    id,
    recipient: `webhook:${target.origin}`,
    async notify(change, stop) {
      if (stop.aborted) throw stoppedFailure(id, stop.reason);
      let heard = false;
      let departed = false;
      const unconnected = new AbortController();
      let route: Route | undefined;
      try {
        route = openRoute({
          url: target,
          limits: UNLIMITED,
          onConnectFailure: (error) => unconnected.abort(error),
        });
        const gate = sendGate(() => {
          departed = true;
          return true;
        });
        const answer = request(target, {
          dispatcher: route.dispatcher.compose(gate),
          method: 'POST',
          body: JSON.stringify(payloadOf(change)),
          headers: {
            'content-type': 'application/json',
            'user-agent': `wx-token-sidecar/${version}`,
          },
        });
        const advice = () => timeoutAdvice(departed, route?.tried());
        await withinTime({ id, timeout, advice }, stop, async () => {
          const { statusCode, headers, body } = await Promise.race([
            answer,
            rejectOnAbort(unconnected.signal),
          ]);
          if (statusCode < 200 || statusCode > 299) {
            throw statusFailure(id, statusCode, locationOf(headers['location'], target));
          }
          heard = true;
          await drain(body);
        });
      } catch (error) {
        if (!heard) throw error instanceof EdgeError ? error : unansweredFailure(id, error, route);
      } finally {
        route?.close();
      }
    },
  };
}

/** @param tried for the connection, in words */
function timeoutAdvice(departed: boolean, tried: string | undefined): string {
  if (departed || tried === undefined)
    return 'the app should answer first and work afterwards; or raise the timeout';
  return `check firewall and NetworkPolicy; where the link is but slow, raise the timeout; ${tried}`;
}

function readUrl(url: string): URL {
  // Check first: the error of `new URL` quotes its input.
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new TypeError('a webhook needs a URL of http or https');
  }
  return parsed;
}

function payloadOf({ credential, kind, file, expiresAt }: Change) {
  return { credential, kind, file, expires_at: expiresAt };
}

/** Origin and path of a redirect, without the parts that may contain secrets. */
function locationOf(location: string | string[] | undefined, base: URL): string | undefined {
  if (typeof location !== 'string' || !URL.canParse(location, base.href)) return undefined;
  const { origin, pathname } = new URL(location, base.href);
  return `${origin}${pathname}`;
}

async function drain(body: AsyncIterable<Buffer>): Promise<void> {
  let read = 0;
  for await (const piece of body) {
    read += piece.length;
    if (read > BODY_BYTES) return;
  }
}

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

const MEANINGS: Readonly<Record<Exclude<NetworkFault, DateFault>, Meaning>> = {
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

function meaningOf(fault: NetworkFault): Meaning {
  if (fault !== 'not-yet-valid' && fault !== 'expired') return MEANINGS[fault];
  return { code: 'tls', ...aboutDates(fault, systemClock.now().wall) };
}

/**
 * Converts the failure of a request without a response. The original error is dropped, because errors of the
 * library may carry the bytes of a response or the password of a proxy.
 */
function unansweredFailure(id: string, cause: unknown, route: Route | undefined): EdgeError {
  const { fault, key, status, source } = networkFault(cause);
  const proxy = route?.pendingProxy();
  const known = meaningOf(fault);
  const { what, ...meaning } = proxy === undefined ? known : PROXY;
  const why = source
    ? `${source} names no proxy of http or https`
    : proxy
      ? `the proxy ${proxy} does not connect to it`
      : what;
  const tried = known.code === 'unreachable' ? route?.tried() : undefined;
  return notifyFailure({
    ...meaning,
    advice: `${meaning.advice}${tried === undefined ? '' : `; ${tried}`}`,
    message: `no answer from ${id}: ${why} (${status === undefined ? key : `HTTP ${status}`})`,
  });
}

/**
 * Creates the error for a status other than 2xx.
 * @param location target of a redirect
 */
function statusFailure(id: string, status: number, location: string | undefined): EdgeError {
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
