import { request } from 'undici';
import { EdgeError } from '../core/failure.ts';
import { openRoute, type Route } from '../system/request-route.ts';
import { version } from '../system/version.ts';
import type { Change, Notifier, WebhookConfig } from './notifier.ts';
import { rejection, stopped, withinTime } from './time-limit.ts';
import { statusFailure, unansweredFailure } from './webhook-failure.ts';

/** Bytes of an answer that are read, so that an ordinary one is not cut off; nothing is made of them. */
const READ = 16 * 1024;

/** One limit of our own covers all. */
const UNLIMITED = { headersTimeout: 0, bodyTimeout: 0, connectTimeout: 0 };

/**
 * POSTs the change as JSON, once. A status of 2xx means that it has been heard, whatever follows. No redirect is
 * followed: only the configured address is talked to.
 * @throws {TypeError} when the URL is none of http or https
 */
export function webhookNotifier({ url, timeout }: WebhookConfig): Notifier {
  const target = readUrl(url);
  // Not the query: it may hold a secret.
  const id = `webhook:${target.origin}${target.pathname}`;
  const advice = 'the app should answer first and work afterwards; or raise the timeout';

  return {
    id,
    recipient: `webhook:${target.origin}`,
    async notify(change, stop) {
      if (stop.aborted) throw stopped(id, stop.reason);
      let heard = false;
      const unconnected = new AbortController();
      let route: Route | undefined;
      try {
        route = openRoute({
          protocol: target.protocol,
          limits: UNLIMITED,
          unconnected: (error) => unconnected.abort(error),
        });
        const answer = request(target, {
          dispatcher: route.dispatcher,
          method: 'POST',
          body: JSON.stringify(inJson(change)),
          headers: {
            'content-type': 'application/json',
            'user-agent': `wx-token-sidecar/${version}`,
          },
        });
        await withinTime({ id, timeout, advice }, stop, async () => {
          const { statusCode, headers, body } = await Promise.race([answer, rejection(unconnected.signal)]);
          if (statusCode < 200 || statusCode > 299) {
            throw statusFailure(id, statusCode, locationOf(headers['location'], target));
          }
          heard = true;
          await skim(body);
        });
      } catch (error) {
        if (!heard) throw error instanceof EdgeError ? error : unansweredFailure(id, error, route?.blocker());
      } finally {
        void route?.dispatcher.destroy();
      }
    },
  };
}

function readUrl(url: string): URL {
  // The error of URL itself carries its input.
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new TypeError('a webhook needs a URL of http or https');
  }
  return parsed;
}

function inJson({ credential, kind, file, expiresAt }: Change) {
  return { credential, kind, file, expires_at: expiresAt };
}

/** Where a redirect leads, without what may be secret. */
function locationOf(location: string | string[] | undefined, base: URL): string | undefined {
  if (typeof location !== 'string' || !URL.canParse(location, base.href)) return undefined;
  const { origin, pathname } = new URL(location, base.href);
  return `${origin}${pathname}`;
}

async function skim(body: AsyncIterable<Buffer>): Promise<void> {
  let read = 0;
  for await (const piece of body) {
    read += piece.length;
    if (read > READ) return;
  }
}
