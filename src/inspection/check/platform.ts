import type { PlatformConfig } from '../../config/config.ts';
import type { Findings } from '../../core/findings.ts';

/**
 * The environment variables in the order in which undici reads them: that for HTTP also applies to HTTPS if there is
 * none for HTTPS.
 */
const VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] as const;

/** Describes the hosts of the platform and the proxy. User and password of the proxy are not shown. */
export function inspectPlatform(
  { hosts, proxy, ca }: PlatformConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Findings {
  const [first, ...others] = hosts;
  const fallbacks = others.length > 0 ? `, then ${others.join(', ')}` : '';
  const trust = ca === undefined ? '' : '; trusts the certificates of its CA file alone';
  return {
    facts: [
      ['platform', `${first}${fallbacks}${trust}`],
      ['proxy', proxyInWords(hosts, proxy, environment)],
    ],
    warnings: [],
  };
}

function proxyInWords(
  hosts: readonly string[],
  proxy: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  if (hosts.every((host) => host.startsWith('http:'))) return 'none: loopback is asked directly';
  if (proxy !== undefined) return addressOf(proxy);
  const name = VARIABLES.find((variable) => environment[variable]);
  if (name === undefined) return 'none';
  const exceptions = environment['no_proxy'] ?? environment['NO_PROXY'];
  const unless = exceptions ? ', unless NO_PROXY names the host' : '';
  return `${addressOf(environment[name] ?? '')}, by ${name} of the environment${unless}`;
}

function addressOf(url: string): string {
  // Text before a colon may be a user, and text after it a password, so only valid URLs are shown.
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return 'something that is no URL of http or https';
  const { protocol, host, username, password } = new URL(url);
  const login = username === '' && password === '' ? '' : ', with a login';
  return `${protocol}//${host}${login}`;
}
