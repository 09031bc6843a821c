import type { PlatformConfig } from '../../config/config.ts';
import type { Findings } from '../../core/findings.ts';
import { type Environment, environmentProxy } from '../../system/net/environment-proxy.ts';

/** Describes the hosts of the platform and the proxy. User and password of the proxy are not shown. */
export function inspectPlatform({ hosts, proxy, ca }: PlatformConfig, environment: Environment): Findings {
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

function proxyInWords(hosts: readonly string[], proxy: string | undefined, environment: Environment): string {
  if (hosts.every((host) => host.startsWith('http:'))) return 'none: loopback is asked directly';
  if (proxy !== undefined) return addressOf(new URL(proxy));
  const ways = hosts.map((host) => ({ host, way: wayTo(new URL(host), environment) }));
  const [first] = ways;
  if (ways.every(({ way }) => way === first?.way)) return first?.way ?? 'none';
  return ways.map(({ host, way }) => `${new URL(host).host}: ${way}`).join('; ');
}

function wayTo(host: URL, environment: Environment): string {
  const { variable, proxy, exemptBy } = environmentProxy(host, environment);
  if (exemptBy !== undefined) return `none, by ${exemptBy} of the environment`;
  if (variable === undefined) return 'none';
  const address = proxy ? addressOf(proxy) : 'something that is no URL of http or https';
  return `${address}, by ${variable} of the environment`;
}

/** Origin of a proxy, without user and password. */
function addressOf({ protocol, host, username, password }: URL): string {
  const login = username === '' && password === '' ? '' : ', with a login';
  return `${protocol}//${host}${login}`;
}
