import { isExempt } from './no-proxy.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says of the proxy for a URL. */
export type EnvironmentProxy =
  /** None; `exemptBy` is the variable that exempts the host, if one does. */
  | { readonly proxy?: never; readonly variable?: never; readonly exemptBy?: string }
  /** `proxy` is absent when the value of the variable names no proxy of http or https. */
  | { readonly proxy?: URL; readonly variable: string; readonly exemptBy?: never };

/**
 * The variables in the order in which they are read for https, as curl does
 * (https://curl.se/docs/manpage.html#ENVIRONMENT, 2026-11-28). curl ignores the last two for https; they stand in as
 * they do in undici, since who sets them alone mostly has no other way out.
 */
const VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY', 'http_proxy', 'HTTP_PROXY'];

/**
 * Finds the proxy for a URL. An empty variable counts as absent. Only the variable that applies is looked at, and
 * none where `NO_PROXY` exempts the host: what the others hold, a SOCKS proxy for example, does no harm.
 *
 * No library reads all of this: undici's `EnvHttpProxyAgent` rejects every request when one of the variables is unusable,
 * and neither it nor `proxy-from-env` knows prefix lengths in `NO_PROXY` (docs/decisions/0013-connections-and-proxies.md).
 */
export function environmentProxy(url: URL, environment: Environment): EnvironmentProxy {
  // Plain HTTP never uses a proxy: it stays on this host or in the cluster, and would otherwise leave it unencrypted.
  if (url.protocol !== 'https:') return {};
  const variable = VARIABLES.find((name) => environment[name]);
  if (variable === undefined) return {};
  const exemptBy = ['no_proxy', 'NO_PROXY'].find((name) => environment[name]);
  if (exemptBy !== undefined && isExempt(url, environment[exemptBy] ?? '')) return { exemptBy };
  const proxy = parseProxy(environment[variable] ?? '');
  return { variable, ...(proxy && { proxy }) };
}

/** Parses the URL of a proxy; without a scheme it is one of http, as in curl. */
export function parseProxy(value: string): URL | undefined {
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) ? url : undefined;
}
