import { request } from 'undici';
import { EdgeError } from '../core/failure.ts';
import { en, joined, SEMICOLON, type Text, zh } from '../core/text.ts';
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
function timeoutAdvice(departed: boolean, tried: Text | undefined): Text {
  if (departed || tried === undefined)
    return {
      en: 'the app should answer first and work afterwards; or raise the timeout',
      zh: '应用应当先应答再做事；或者调大超时时间',
    };
  return {
    en: en`check firewall and NetworkPolicy; where the link is but slow, raise the timeout; ${tried}`,
    zh: zh`检查防火墙和 NetworkPolicy；如果只是网络较慢，调大超时时间；${tried}`,
  };
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
  readonly what: Text;
  readonly advice: Text;
}

const UNREACHABLE: Meaning = {
  code: 'unreachable',
  what: { en: 'it cannot be reached', zh: '无法连接' },
  advice: {
    en: 'check host and port of the URL, firewall and NetworkPolicy',
    zh: '检查 URL 的主机和端口、防火墙和 NetworkPolicy',
  },
};
const NOT_HTTP: Meaning = {
  code: 'not-http',
  what: { en: 'its answer is not HTTP', zh: '应答不是 HTTP' },
  advice: {
    en: 'correct the port of the URL, or its http into https',
    zh: '改正 URL 的端口，或把 http 改成 https',
  },
};
const PROXY: Meaning = {
  code: 'proxy',
  what: { en: 'the proxy does not connect to it', zh: '代理没有连接到它' },
  advice: {
    en: 'the proxy of HTTPS_PROXY must allow it, or NO_PROXY name its host',
    zh: 'HTTPS_PROXY 的代理必须允许它，或者在 NO_PROXY 里写上它的主机',
  },
};
const OTHER: Meaning = {
  code: 'network',
  what: { en: 'the request failed', zh: '请求失败' },
  advice: {
    en: 'try the URL with curl from where the daemon runs',
    zh: '在守护进程运行的地方用 curl 试这个 URL',
  },
};

const MEANINGS: Readonly<Record<Exclude<NetworkFault, DateFault>, Meaning>> = {
  dns: {
    code: 'dns',
    what: { en: 'its name cannot be resolved', zh: '域名无法解析' },
    advice: {
      en: 'check the name in the URL, and the resolver of this host or pod',
      zh: '检查 URL 里的域名，以及主机或 Pod 的解析器',
    },
  },
  refused: {
    code: 'unreachable',
    what: { en: 'nothing listens there', zh: '那里没有程序在监听' },
    advice: {
      en: 'start the app, or correct host and port of the URL; within a pod containers meet on 127.0.0.1',
      zh: '启动应用，或改正 URL 的主机和端口；同一个 Pod 的容器之间用 127.0.0.1',
    },
  },
  unreachable: UNREACHABLE,
  slow: UNREACHABLE,
  'too-late': UNREACHABLE,
  cut: {
    code: 'cut',
    what: { en: 'the connection ended before the answer came', zh: '没有等到应答，连接就断了' },
    advice: {
      en: 'look into the log of the app: it may have crashed, or speak HTTPS where the URL says http',
      zh: '查看应用的日志：它可能崩溃了，或者使用 HTTPS 而 URL 写的是 http',
    },
  },
  'no-tls': {
    code: 'tls',
    what: { en: 'it speaks no TLS (plain http?)', zh: '对方不使用 TLS（是 http？）' },
    advice: {
      en: 'correct the https of the URL into http, or its port',
      zh: '把 URL 的 https 改成 http，或改正端口',
    },
  },
  untrusted: {
    code: 'tls',
    what: { en: 'its certificate is not trusted', zh: '证书不受信任' },
    advice: {
      en: 'make its authority known to the daemon (NODE_EXTRA_CA_CERTS), or use http within the pod',
      zh: '让守护进程信任它的颁发机构（NODE_EXTRA_CA_CERTS），或者在 Pod 内使用 http',
    },
  },
  handshake: {
    code: 'tls',
    what: { en: 'no TLS came about', zh: '没有建立 TLS' },
    advice: {
      en: 'it may speak an older TLS or ask for a certificate: use http within the pod',
      zh: '它可能使用较旧的 TLS，或要求客户端证书：在 Pod 内使用 http',
    },
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
  const why: Text = source
    ? { en: `${source} names no proxy of http or https`, zh: `${source} 指定的不是 http 或 https 代理` }
    : proxy
      ? { en: `the proxy ${proxy} does not connect to it`, zh: `代理 ${proxy} 没有连接到它` }
      : what;
  const tried = known.code === 'unreachable' ? route?.tried() : undefined;
  return notifyFailure({
    ...meaning,
    advice: tried ? joined([meaning.advice, tried], SEMICOLON) : meaning.advice,
    message: {
      en: en`no answer from ${id}: ${why} (${status === undefined ? key : `HTTP ${status}`})`,
      zh: zh`${id} 没有应答：${why}（${status === undefined ? key : `HTTP ${status}`}）`,
    },
  });
}

/**
 * Creates the error for a status other than 2xx.
 * @param location target of a redirect
 */
function statusFailure(id: string, status: number, location: string | undefined): EdgeError {
  const message: Text = { en: `${id} answered HTTP ${status}`, zh: `${id} 应答 HTTP ${status}` };
  if (status < 400) {
    return notifyFailure({
      class: 'refused',
      code: `http-${status}`,
      message:
        location === undefined
          ? message
          : { en: en`${message}, a redirect to ${location}`, zh: zh`${message}，跳转到 ${location}` },
      advice: {
        en: 'no redirect is followed: name the address that answers with 2xx by itself',
        zh: '程序不跟随跳转：请写自身就应答 2xx 的地址',
      },
    });
  }
  return notifyFailure({ code: `http-${status}`, message, advice: statusAdvice(status) });
}

function statusAdvice(status: number): Text {
  if (status === 401 || status === 403)
    return {
      en: 'let the app allow it: it gets no user, password or cookie, and may know the daemon by its address',
      zh: '让应用放行：请求不带用户名、密码或 cookie，应用可以凭守护进程的地址识别它',
    };
  if (status === 404 || status === 405)
    return {
      en: 'check the path of the URL; the app must take a POST there',
      zh: '检查 URL 的路径；应用必须在那里接受 POST',
    };
  return {
    en: 'look into the log of the app: it must answer with 2xx',
    zh: '查看应用的日志：它必须应答 2xx',
  };
}
