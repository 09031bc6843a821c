/**
 * Why a request got no response, as far as the remedies differ.
 * - `slow`: a timeout of the library; `too-late`: a timeout of ours
 * - `not-yet-valid`, `expired`: a certificate whose dates do not fit this machine's clock
 * - `no-tls`: the peer answers TLS with something else; `handshake`: it speaks TLS, but no handshake succeeds
 */
export type NetworkFault =
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'slow'
  | 'too-late'
  | 'cut'
  | 'no-tls'
  | 'untrusted'
  | 'not-yet-valid'
  | 'expired'
  | 'handshake'
  | 'not-http'
  | 'too-large'
  | 'endless-head'
  | 'no-tunnel'
  | 'no-proxy-url'
  | 'aborted'
  | 'other';

export interface FoundFault {
  readonly fault: NetworkFault;
  /** Error code or name in Node or the library; it contains nothing that was sent or received. */
  readonly key: string;
  /** HTTP status with which a proxy refused to open a tunnel. */
  readonly status?: number;
  /** What names a proxy that is none of http or https: a variable of the environment. */
  readonly source?: string;
}

const FAULTS: Readonly<Record<string, NetworkFault>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EAFNOSUPPORT: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  UND_ERR_CONNECT_TIMEOUT: 'unreachable',
  UND_ERR_HEADERS_TIMEOUT: 'slow',
  UND_ERR_BODY_TIMEOUT: 'slow',
  TimeoutError: 'too-late',
  UND_ERR_SOCKET: 'cut',
  ECONNRESET: 'cut',
  EPIPE: 'cut',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'cut',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'too-large',
  UND_ERR_HEADERS_OVERFLOW: 'endless-head',
  HTTPParserError: 'not-http',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no-tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'no-tls',
  ERR_SSL_HTTP_REQUEST: 'no-tls',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  CERT_HAS_EXPIRED: 'expired',
  UND_ERR_PRX_TLS: 'untrusted',
  UND_ERR_INVALID_ARG: 'no-proxy-url',
  ERR_INVALID_URL: 'no-proxy-url',
  AbortError: 'aborted',
};

/** Classifies an error of Node, OpenSSL or undici. */
export function networkFault(cause: unknown): FoundFault {
  const { code, name, message, source } = cause as Readonly<Record<string, unknown>>;
  const key = typeof code === 'string' ? code : String(name);
  // A proxy that opens no tunnel answers CONNECT with a status other than 200, which undici reports only in its
  // message.
  const [, status] = /^Proxy response \((\d+)\)/.exec(String(message)) ?? [];
  if (status !== undefined) return { fault: 'no-tunnel', key, status: Number(status) };
  if (code === 'ERR_INVALID_URL' && typeof source === 'string') return { fault: 'no-proxy-url', key, source };
  return { fault: FAULTS[key] ?? FAULTS[String(name)] ?? tlsFault(key) ?? 'other', key };
}

/** Certificate errors of OpenSSL. */
const UNTRUSTED = /CERT|CRL|SELF_SIGNED|UNABLE_TO_|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH|^HOSTNAME_/;

function tlsFault(key: string): NetworkFault | undefined {
  if (/^(ERR_SSL_|EPROTO$|ERR_TLS_(?!CERT))/.test(key)) return 'handshake';
  return UNTRUSTED.test(key) ? 'untrusted' : undefined;
}
