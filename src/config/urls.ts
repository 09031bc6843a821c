import * as v from 'valibot';

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[?::1\]?)$/;

/** Whether a host is this very one, by whatever name. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Whether a URL is plain HTTP to this very host, where no one can listen in. */
export function isLoopback(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && isLoopbackHost(hostname);
}

const PLATFORM = 'must be a URL like https://api.weixin.qq.com';

/** Where the AppSecret is sent: https, or http that does not leave the host. */
export const PlatformUrl = v.pipe(
  v.string(PLATFORM),
  v.check((text) => URL.canParse(text), PLATFORM),
  v.check(
    (text) => !URL.canParse(text) || new URL(text).protocol === 'https:' || isLoopback(text),
    'must be https, or http to loopback only: the AppSecret travels with every request',
  ),
  v.check(isBare, 'must not carry a user, password, query or fragment'),
);

const PROXY = 'must be a URL like http://egress:3128';

export const ProxyUrl = v.pipe(v.string(PROXY), v.check(isHttp, PROXY));

const WEBHOOK = 'must be a URL like http://127.0.0.1:8080/changed';

export const WebhookUrl = v.pipe(
  v.string(WEBHOOK),
  v.check(isHttp, WEBHOOK),
  v.check(
    (text) => !isHttp(text) || hasNoLogin(new URL(text)),
    'must not carry a user or password, for all who may read the configuration: let the app know the daemon by its address',
  ),
);

const SECRET_NAME = /token|secret|passw|pwd|auth|sign|cred|session|(^|[^a-z])key/i;

/** Long, and of letters and digits in no order. */
const SECRET_VALUE = /^(?=.*\d)(?=.*[a-z])[\w+/=.-]{20,}$/i;

/** The name of a parameter in a URL's query that seems to hold a secret. */
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
