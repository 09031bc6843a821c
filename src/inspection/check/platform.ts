import type { PlatformConfig } from '../../config/config.ts';
import type { Findings } from '../../core/findings.ts';
import { en, joined, SEMICOLON, type Text, verbatim, zh } from '../../core/text.ts';
import { type Environment, environmentProxy } from '../../system/net/environment-proxy.ts';

/** Describes the hosts of the platform and the proxy. User and password of the proxy are not shown. */
export function inspectPlatform({ hosts, proxy, ca }: PlatformConfig, environment: Environment): Findings {
  const [first, ...others] = hosts;
  const fallbacks: Text =
    others.length > 0
      ? { en: `, then ${others.join(', ')}`, zh: `，然后 ${others.join('、')}` }
      : verbatim('');
  const trust: Text =
    ca === undefined
      ? verbatim('')
      : { en: '; trusts the certificates of its CA file alone', zh: '；只信任 CA 文件里的证书' };
  return {
    facts: [
      [
        { en: 'platform', zh: '平台' },
        { en: en`${first ?? ''}${fallbacks}${trust}`, zh: zh`${first ?? ''}${fallbacks}${trust}` },
      ],
      [{ en: 'proxy', zh: '代理' }, proxyInWords(hosts, proxy, environment)],
    ],
    warnings: proxy === undefined ? uselessProxies(hosts, environment) : [],
  };
}

/** Warns of variables that name no proxy that could be asked: then no request goes out, and none goes past them. */
function uselessProxies(hosts: readonly string[], environment: Environment): readonly Text[] {
  const useless = hosts
    .filter((host) => !host.startsWith('http:'))
    .map((host) => environmentProxy(new URL(host), environment))
    .flatMap(({ variable, proxy }) => (variable !== undefined && !proxy ? [variable] : []));
  return [...new Set(useless)].map((variable) => ({
    en: `every request fails: ${variable} of the environment names no proxy of http or https; correct it, exempt the platform in NO_PROXY, or set WXTOKEN_PROXY`,
    zh: `每个请求都会失败：环境变量 ${variable} 写的不是 http 或 https 的代理；请改正它，在 NO_PROXY 里排除平台，或设置 WXTOKEN_PROXY`,
  }));
}

const NONE: Text = { en: 'none', zh: '无' };

function proxyInWords(hosts: readonly string[], proxy: string | undefined, environment: Environment): Text {
  if (hosts.every((host) => host.startsWith('http:')))
    return { en: 'none: loopback is asked directly', zh: '无：直接访问回环地址' };
  if (proxy !== undefined) return addressOf(new URL(proxy));
  const ways = hosts.map((host) => ({ host, way: wayTo(new URL(host), environment) }));
  const [first] = ways;
  if (ways.every(({ way }) => way.en === first?.way.en)) return first?.way ?? NONE;
  const each = ways.map(({ host, way }): Text => {
    const { host: name } = new URL(host);
    return { en: en`${name}: ${way}`, zh: zh`${name}：${way}` };
  });
  return joined(each, SEMICOLON);
}

function wayTo(host: URL, environment: Environment): Text {
  const { variable, proxy, exemptBy } = environmentProxy(host, environment);
  if (exemptBy !== undefined)
    return { en: `none, by ${exemptBy} of the environment`, zh: `无，由环境变量 ${exemptBy} 排除` };
  if (variable === undefined) return NONE;
  const address: Text = proxy
    ? addressOf(proxy)
    : { en: 'something that is no URL of http or https', zh: '不是 http 或 https 的 URL' };
  return {
    en: en`${address}, by ${variable} of the environment`,
    zh: zh`${address}，来自环境变量 ${variable}`,
  };
}

/** Origin of a proxy, without user and password. */
function addressOf({ protocol, host, username, password }: URL): Text {
  const address = `${protocol}//${host}`;
  if (username === '' && password === '') return verbatim(address);
  return { en: `${address}, with a login`, zh: `${address}，带登录信息` };
}
