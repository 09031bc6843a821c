import { type Backoff, EdgeError, type Failure, PASSING } from '../core/failure.ts';
import { en, joined, SEMICOLON, type Text, zh } from '../core/text.ts';
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
  readonly what: Text;
  readonly advice?: Text;
  readonly backoff?: Backoff;
}

const UNREACHABLE: Meaning = {
  code: 'kube-unreachable',
  what: { en: 'it cannot be reached', zh: '无法连接' },
  advice: {
    en:
      'is it running, and does a NetworkPolicy let this pod out to it (443 or 6443 TCP)? The last credential stays ' +
      'published',
    zh: '它在运行吗？NetworkPolicy 是否放行这个 Pod 到它的出口（TCP 443 或 6443）？上一份凭据仍处于已发布状态',
  },
};
const DNS: Meaning = {
  code: 'kube-dns',
  what: { en: 'its name cannot be resolved', zh: '域名无法解析' },
  advice: {
    en: 'check the resolver of this host or pod, and NetworkPolicies for UDP and TCP 53',
    zh: '检查主机或 Pod 的解析器，以及 NetworkPolicy 是否放行 UDP 和 TCP 53',
  },
};
const TIMEOUT: Meaning = {
  code: 'kube-timeout',
  what: { en: 'it did not answer in time', zh: '没有及时应答' },
  advice: {
    en: 'if it lasts, the API server or its etcd is overloaded or stands still; the last credential stays published',
    zh: '如果持续出现，说明 API server 或它的 etcd 过载或停滞；上一份凭据仍处于已发布状态',
  },
};
const CUT: Meaning = {
  code: 'kube-cut',
  what: { en: 'the connection ended before the answer did', zh: '应答还没有结束，连接就断了' },
};
const UNTRUSTED: Meaning = {
  code: 'kube-tls-untrusted',
  what: {
    en: 'its certificate is not signed by the authority that was given',
    zh: '它的证书不是由指定的颁发机构签发的',
  },
  advice: {
    en:
      'something stands in between, or the authority is another one by now: ca.crt of the service account, ' +
      'certificate-authority of a kubeconfig',
    zh: '中间有别的设备，或颁发机构已经更换：见服务账号的 ca.crt、kubeconfig 的 certificate-authority',
  },
  backoff: SLOW,
};
const UNKNOWN_AUTHORITY: Meaning = {
  code: 'kube-tls-untrusted',
  what: {
    en: 'its certificate is not signed by an authority that this system trusts, and no other was given',
    zh: '它的证书不是由本系统信任的颁发机构签发的，也没有指定别的颁发机构',
  },
  advice: {
    en: 'name the one of the cluster in certificate-authority of the kubeconfig',
    zh: '在 kubeconfig 的 certificate-authority 里写上集群的颁发机构',
  },
  backoff: SLOW,
};
const CERTIFICATE_REFUSED: Meaning = {
  code: 'kube-tls-refused',
  what: {
    en: 'it wants a client certificate that it accepts, and was given none',
    zh: '它要求一个自己认可的客户端证书，而没有得到',
  },
  advice: {
    en: 'give the user of the kubeconfig one that its authority has signed, and that has not expired',
    zh: '给 kubeconfig 的用户一个由它的颁发机构签发且未过期的证书',
  },
  backoff: SLOW,
};
const WRONG_NAME: Meaning = {
  code: 'kube-tls-name',
  what: { en: 'its certificate is for another name', zh: '它的证书属于另一个名称' },
  advice: {
    en: 'ask it by a name or address that its certificate holds, or say tls-server-name in the kubeconfig',
    zh: '用证书里有的名称或地址访问它，或在 kubeconfig 里设置 tls-server-name',
  },
  backoff: SLOW,
};
/** The code tells both from other faults of trust; which clock was asked is said with it. */
function datedMeaning(fault: DateFault): Meaning {
  const { what, advice } = aboutDates(fault, systemClock.now().wall);
  if (fault === 'not-yet-valid') return { code: 'kube-tls-not-yet-valid', what, advice, backoff: SLOW };
  const renew: Text = {
    en: "check the clock of this machine; if it is right, renew the cluster's certificates (kubeadm certs renew)",
    zh: '检查本机的时钟；如果时钟是对的，更新集群的证书（kubeadm certs renew）',
  };
  return { code: 'kube-tls-expired', what, advice: renew, backoff: SLOW };
}
const NOT_TLS: Meaning = {
  code: 'kube-tls-plain',
  what: { en: 'it speaks plain HTTP, or something that is not TLS', zh: '对方使用的是 HTTP，或者不是 TLS' },
  advice: { en: 'name the port on which it speaks https', zh: '写上它使用 https 的端口' },
  backoff: SLOW,
};
const ENDLESS: Meaning = {
  code: 'kube-endless',
  what: { en: 'its answer has no end', zh: '应答没有尽头' },
  backoff: SLOW,
};

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
  'not-http': {
    code: 'kube-not-http',
    what: { en: 'its answer is not HTTP', zh: '应答不是 HTTP' },
    backoff: SLOW,
  },
  'too-large': ENDLESS,
  'endless-head': ENDLESS,
  'no-tunnel': undefined,
  'no-proxy-url': undefined,
  aborted: { code: 'aborted', what: { en: 'the daemon is stopping', zh: '守护进程正在停止' } },
  other: undefined,
};

/** Errors that mean more with an API server than their common {@link NetworkFault}. */
const SPECIFIC: Readonly<Record<string, Meaning>> = {
  UND_ERR_BODY_TIMEOUT: { ...TIMEOUT, what: { en: 'nothing came for too long', zh: '太久没有收到任何内容' } },
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
  readonly tried?: Text | undefined;
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
  const parts = [meaning.advice, isUnsent ? tried : undefined, isUnanswered ? HANGING_WEBHOOK : undefined];
  const advice = parts.filter((part) => part !== undefined);
  const detail = what.en.includes(key) ? '' : ` (${key})`;
  const { host } = new URL(server);
  return new EdgeError(
    {
      class: 'passing',
      ...meaning,
      ...(advice.length > 0 && { advice: joined(advice, SEMICOLON) }),
      message: {
        en: en`no answer from the API server ${host} (${source}): ${what}${detail}`,
        zh: zh`API server ${host}（${source}）没有应答：${what}${detail}`,
      },
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
  if (meaning === TIMEOUT)
    return { ...UNREACHABLE, what: { en: 'no connection came about in time', zh: '没有及时建立连接' } };
  return meaning === CUT
    ? { ...UNREACHABLE, what: { en: 'the connection was cut while it was made', zh: '连接还没建立就断了' } }
    : meaning;
}

function meaningOf({ fault, key }: FoundFault): Meaning {
  if (fault === 'not-yet-valid' || fault === 'expired') return datedMeaning(fault);
  const unknown = { en: `the request failed with ${key}`, zh: `请求失败：${key}` };
  return SPECIFIC[key] ?? MEANINGS[fault] ?? { code: 'kube-network', what: unknown };
}
