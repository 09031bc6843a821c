import { type Backoff, EdgeError, PASSING } from '../core/failure.ts';
import { en, joined, SEMICOLON, type Text, verbatim, zh } from '../core/text.ts';
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
  readonly tried?: Text | undefined;
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
  const attempts = !departed && tried !== undefined && rest.code === 'unreachable' ? [tried] : [];
  const key = found.status === undefined ? ` (${found.key})` : '';
  const peer: Text = isProxys
    ? { en: `the proxy ${proxy}`, zh: `代理 ${proxy} ` }
    : { en: host, zh: `${host} ` };
  return new EdgeError(
    {
      class: 'passing',
      ...meaning,
      ...(meaning.advice && { advice: joined([meaning.advice, ...attempts], SEMICOLON) }),
      message: { en: en`no answer from ${peer}: ${what}${key}`, zh: zh`${peer}没有应答：${what}${key}` },
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
  if (source !== undefined) return notAProxy(verbatim(source));
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
    return {
      ...UNREACHABLE,
      what: { en: 'no connection came about in time', zh: '没有及时建立连接' },
      advice: joined([EGRESS, SLOW_LINK], SEMICOLON),
    };
  return meaning === CUT
    ? { ...UNREACHABLE, what: { en: 'the connection ended while it was made', zh: '连接还没建立就断了' } }
    : meaning;
}

/**
 * Converts an HTTP status that came without an error code of the platform.
 * @param location of a redirect; its origin goes into the message
 */
export function statusFailure(status: number, location: string | undefined): EdgeError {
  const redirect = status >= 300 && status < 400;
  const to =
    redirect && location !== undefined && URL.canParse(location) ? new URL(location).origin : undefined;
  return new EdgeError({
    class: 'passing',
    code: `http-${status}`,
    message: {
      en: `the platform answered HTTP ${status}${to === undefined ? '' : ` to ${to}`}`,
      zh: `平台应答 HTTP ${status}${to === undefined ? '' : `，跳转到 ${to}`}`,
    },
    ...(status < 500 && {
      advice: {
        en: 'the platform never answers so: look at the base URL, and at proxies and portals in between',
        zh: '微信平台不会这样应答：检查主地址，以及中间的代理和认证门户',
      },
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
  readonly what: Text;
  readonly backoff?: Backoff;
  readonly advice?: Text;
}

const EGRESS: Text = {
  en: 'check egress: firewall, NetworkPolicy, proxy',
  zh: '检查出口：防火墙、NetworkPolicy、代理',
};
const SLOW_LINK: Text = {
  en: 'where it is but slow, raise platform.timeout',
  zh: '如果只是较慢，调大 platform.timeout',
};
const AUTHORITIES: Text = {
  en: 'something stands in between, or the authorities are out of date: see WXTOKEN_CA_FILE (platform.caFile)',
  zh: '中间有别的设备，或证书颁发机构过旧：见 WXTOKEN_CA_FILE（platform.caFile）',
};

const PROXY: Text = {
  en: 'start the proxy, or correct its address: WXTOKEN_PROXY (platform.proxy), or HTTPS_PROXY of the environment',
  zh: '启动代理，或改正它的地址：WXTOKEN_PROXY（platform.proxy），或环境变量 HTTPS_PROXY',
};
const NOT_IT: Text = {
  en: 'correct host and port of the URL; or something in between answers in its place (proxy, portal)',
  zh: '改正 URL 的主机和端口；或者是中间的设备代为应答（代理、认证门户）',
};

const UNREACHABLE: Meaning = {
  code: 'unreachable',
  what: { en: 'it cannot be reached', zh: '无法连接' },
  advice: EGRESS,
};
const TIMEOUT: Meaning = {
  code: 'timeout',
  what: { en: 'it did not answer in time', zh: '没有及时应答' },
  advice: joined([EGRESS, SLOW_LINK], SEMICOLON),
};
const CUT: Meaning = {
  code: 'cut',
  what: { en: 'the connection ended before the answer did', zh: '应答还没有结束，连接就断了' },
  advice: {
    en: 'if it stays so: look at host and port of the URL, and at what stands in between (firewall, portal)',
    zh: '如果持续出现：检查 URL 的主机和端口，以及中间环节（防火墙、认证门户）',
  },
};

/** A proxy that was asked for a tunnel hung up. */
const HUNG_UP: Meaning = {
  code: 'proxy',
  what: { en: 'it hung up when it was asked to connect', zh: '收到连接请求后断开' },
  advice: {
    en: 'it must allow CONNECT to this host and port; if it is a proxy at all: check its address and http or https',
    zh: '代理必须允许对该主机和端口的 CONNECT；如果它根本不是代理：检查它的地址，以及 http 还是 https',
  },
};

const MEANINGS: Readonly<Record<Exclude<NetworkFault, DateFault>, Meaning>> = {
  dns: {
    code: 'dns',
    what: { en: 'its name cannot be resolved', zh: '域名无法解析' },
    advice: {
      en: 'check the resolver of this host or pod, and NetworkPolicies for UDP and TCP 53',
      zh: '检查主机或 Pod 的解析器，以及 NetworkPolicy 是否放行 UDP 和 TCP 53',
    },
  },
  refused: UNREACHABLE,
  unreachable: UNREACHABLE,
  slow: TIMEOUT,
  'too-late': TIMEOUT,
  cut: CUT,
  'no-tls': {
    code: 'tls',
    what: { en: 'it speaks no TLS (plain http?)', zh: '对方不使用 TLS（是 http？）' },
    backoff: SLOW,
    advice: NOT_IT,
  },
  untrusted: {
    code: 'tls',
    what: { en: 'its certificate is not trusted', zh: '证书不受信任' },
    backoff: SLOW,
    advice: AUTHORITIES,
  },
  handshake: {
    code: 'tls',
    what: { en: 'no TLS came about', zh: '没有建立 TLS' },
    backoff: SLOW,
    advice: {
      en: 'something in between may speak an older TLS, or ask for a certificate (proxy, portal)',
      zh: '中间的设备可能使用较旧的 TLS，或要求客户端证书（代理、认证门户）',
    },
  },
  'not-http': {
    code: 'not-http',
    what: { en: 'its answer is not HTTP', zh: '应答不是 HTTP' },
    backoff: SLOW,
    advice: NOT_IT,
  },
  'too-large': {
    code: 'too-large',
    what: { en: 'its answer has no end', zh: '应答没有尽头' },
    backoff: SLOW,
    advice: NOT_IT,
  },
  'endless-head': {
    code: 'too-large',
    what: { en: 'its answer has endless headers', zh: '应答头没有尽头' },
    backoff: SLOW,
    advice: NOT_IT,
  },
  'no-tunnel': { code: 'proxy', what: { en: 'the proxy opens no tunnel', zh: '代理不建立隧道' } },
  'no-proxy-url': notAProxy({ en: 'the configuration', zh: '配置' }),
  aborted: { code: 'aborted', what: { en: 'the daemon is stopping', zh: '守护进程正在停止' } },
  other: { code: 'network', what: { en: 'the request failed', zh: '请求失败' } },
};

/** @param source where the proxy is named, for example `HTTPS_PROXY` */
function notAProxy(source: Text): Meaning {
  return {
    code: 'proxy',
    what: {
      en: en`${source} names no proxy of http or https`,
      zh: zh`${source} 指定的不是 http 或 https 代理`,
    },
    backoff: SLOW,
    advice: {
      en: 'SOCKS is not supported: name an HTTP proxy like http://egress:3128 in HTTPS_PROXY, or exempt the host in NO_PROXY',
      zh: '不支持 SOCKS：在 HTTPS_PROXY 里写一个 HTTP 代理，例如 http://egress:3128，或在 NO_PROXY 里排除该主机',
    },
  };
}

/** Interprets a proxy's response to CONNECT. */
function untunnelled(status: number, proxy = '', hasLogin = false): Meaning {
  if (status === 407 && hasLogin) {
    return {
      code: 'proxy',
      what: {
        en: `the proxy ${proxy} refused the login (HTTP 407)`,
        zh: `代理 ${proxy} 拒绝登录（HTTP 407）`,
      },
      backoff: SLOW,
      advice: {
        en: 'correct user and password in the URL of the proxy: WXTOKEN_PROXY (platform.proxy) or HTTPS_PROXY',
        zh: '改正代理 URL 里的用户名和密码：WXTOKEN_PROXY（platform.proxy）或 HTTPS_PROXY',
      },
    };
  }
  return {
    code: 'proxy',
    what: { en: `the proxy ${proxy} answered HTTP ${status}`, zh: `代理 ${proxy} 应答 HTTP ${status}` },
    advice:
      status === 407
        ? {
            en: 'the proxy wants a user and a password: http://USER:PASSWORD@HOST:PORT',
            zh: '代理需要用户名和密码：http://USER:PASSWORD@HOST:PORT',
          }
        : {
            en: 'the proxy must allow CONNECT to this host and port',
            zh: '代理必须允许对该主机和端口的 CONNECT',
          },
  };
}
