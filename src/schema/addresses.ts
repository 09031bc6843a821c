import * as v from 'valibot';
import { isLoopbackHost, parseAddress, type SocketAddress, type TcpAddress } from '../system/net/address.ts';
import { say } from './message.ts';

/** Where a configuration says that somebody listens or is reached. */

const HOST = say({
  en: 'must be a host name, like wx.example.com, without a port',
  zh: '必须是主机名，如 wx.example.com，不带端口',
});

/** A host name without a port. */
export const HostName = v.pipe(v.string(HOST), v.regex(/^[A-Za-z0-9]([\w.-]{0,251}\w)?$/, HOST));

const LISTEN = say({
  en: 'must be host:port, like 127.0.0.1:9400, 0.0.0.0:9400 or [::1]:9400',
  zh: '必须是 host:port，如 127.0.0.1:9400、0.0.0.0:9400 或 [::1]:9400',
});

/** An address to listen on, of any interface. */
export const ListenAddress = v.pipe(
  v.string(LISTEN),
  v.check((text) => parseAddress(text) !== undefined, LISTEN),
  v.transform(readAddress),
);

const LOCAL = say({
  en: 'must be host:port on loopback, like 127.0.0.1:8867, or unix:/path: tokens are served there',
  zh: '必须是回环地址的 host:port，如 127.0.0.1:8867，或 unix:/path：那里提供 token',
});

/** Longest path of a Unix socket that the kernel accepts, in bytes. */
const LONGEST_SOCKET = 107;

/** An address that cannot be reached from another host: a port on loopback, or a Unix socket. */
export const LocalAddress = v.pipe(
  v.string(LOCAL),
  v.check((text) => isLocal(text), LOCAL),
  v.check(
    (text) => Buffer.byteLength(socketPath(text) ?? '') <= LONGEST_SOCKET,
    say({
      en: `must be a path of at most ${LONGEST_SOCKET} bytes: sockets have no longer ones`,
      zh: `路径最多 ${LONGEST_SOCKET} 字节：socket 的路径不能更长`,
    }),
  ),
  v.transform((text): TcpAddress | SocketAddress => {
    const path = socketPath(text);
    return path === undefined ? readAddress(text) : { path };
  }),
);

function isLocal(text: string): boolean {
  return socketPath(text) !== undefined || isLoopbackHost(parseAddress(text)?.host ?? '');
}

function socketPath(text: string): string | undefined {
  return /^unix:(\/[^\0]*[^/\0])$/.exec(text)?.[1];
}

/** Parses an address that has been checked. After a failed check the result is not used. */
function readAddress(text: string): TcpAddress {
  return parseAddress(text) ?? { host: '', port: 0 };
}

/** Tells whether a URL is plain HTTP to loopback, where nobody can listen in. */
export function isLoopback(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && isLoopbackHost(hostname);
}

const PLATFORM = say({
  en: 'must be a URL like https://api.weixin.qq.com',
  zh: '必须是 URL，如 https://api.weixin.qq.com',
});

/** URL of a platform, to which the AppSecret is sent: https, or http that does not leave the host. */
export const PlatformUrl = v.pipe(
  v.string(PLATFORM),
  v.check((text) => URL.canParse(text), PLATFORM),
  v.check(
    (text) => !URL.canParse(text) || new URL(text).protocol === 'https:' || isLoopback(text),
    say({
      en: 'must be https, or http to loopback only: the AppSecret travels with every request',
      zh: '必须是 https，只有回环地址可以用 http：每个请求都带着 AppSecret',
    }),
  ),
  v.check(
    isBare,
    say({
      en: 'must not carry a user, password, query or fragment',
      zh: '不能带用户名、密码、查询参数或片段（#…）',
    }),
  ),
);

const PROXY = say({
  en: 'must be a URL like http://egress:3128',
  zh: '必须是 URL，如 http://egress:3128',
});

/** URL of an HTTP proxy. */
export const ProxyUrl = v.pipe(v.string(PROXY), v.check(isHttp, PROXY));

const WEBHOOK = say({
  en: 'must be a URL like http://127.0.0.1:8080/changed',
  zh: '必须是 URL，如 http://127.0.0.1:8080/changed',
});

/** URL of a webhook, without a user or password. */
export const WebhookUrl = v.pipe(
  v.string(WEBHOOK),
  v.check(isHttp, WEBHOOK),
  v.check(
    (text) => !isHttp(text) || hasNoLogin(new URL(text)),
    say({
      en: 'must not carry a user or password, for all who may read the configuration: let the app know the daemon by its address',
      zh: '不能带用户名或密码，能读配置的人都看得到：让应用凭地址识别守护进程',
    }),
  ),
);

const SECRET_NAME = /token|secret|passw|pwd|auth|sign|cred|session|(^|[^a-z])key/i;

/** A value that looks like a secret: at least 20 characters, with both letters and digits. */
const SECRET_VALUE = /^(?=.*\d)(?=.*[a-z])[\w+/=.-]{20,}$/i;

/**
 * Returns the name of a query parameter that seems to hold a secret; undefined if there is none.
 * @throws {TypeError} if `url` is not a valid URL
 */
export function secretParameter(url: string): string | undefined {
  const found = [...new URL(url).searchParams].find(
    ([name, value]) => value !== '' && (SECRET_NAME.test(name) || SECRET_VALUE.test(value)),
  );
  return found?.[0];
}

function hasNoLogin({ username, password }: URL): boolean {
  return username === '' && password === '';
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

function isBare(text: string): boolean {
  if (!URL.canParse(text)) return true;
  const url = new URL(text);
  return hasNoLogin(url) && url.search === '' && url.hash === '';
}
