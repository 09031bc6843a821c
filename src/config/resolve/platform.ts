import type { Text } from '../../core/text.ts';
import type { CredentialKind } from '../../providers/kind.ts';
import { credentialKinds } from '../../providers/kinds.ts';
import { isLoopback } from '../../schema/addresses.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import type { PlatformConfig } from '../config.ts';
import type { PlatformOverride, PlatformSettings } from '../schema/platform.ts';
import type { Context } from './context.ts';

/**
 * Tells whether a URL may serve a type of credential. Only hosts that belong to another platform are rejected;
 * nothing is known of unlisted hosts, so they are accepted. See docs/wechat-facts.md, Transport.
 */
export function mayServe(url: string, { ownHosts }: CredentialKind): boolean {
  const { hostname } = new URL(url);
  return ownHosts.test(hostname) || !credentialKinds.some((kind) => kind.ownHosts.test(hostname));
}

/** The settings that the platform of one credential is made from. */
export interface PlatformSource {
  /** The settings for all credentials. */
  readonly general: PlatformSettings;
  /** The settings of this credential alone, and their path. */
  readonly own: PlatformOverride;
  readonly at: KeyPath;
  readonly kind: CredentialKind;
}

/**
 * Combines general and own settings into the platform of one credential, and reports hosts of another platform and
 * unusable CA files.
 */
export async function resolvePlatform(source: PlatformSource, context: Context): Promise<PlatformConfig> {
  const { general, own } = source;
  const proxy = own.proxy ?? general.proxy;
  const ca = await authorities(source, context);
  const { base, hosts } = hostsFor(source, context);
  return {
    id: base !== undefined && isLoopback(base) ? new URL(base).host : 'weixin',
    hosts,
    timeout: own.timeout ?? general.timeout,
    ipv4First: own.ipv4First ?? general.ipv4First,
    ...(proxy !== undefined && { proxy }),
    ...(ca !== undefined && { ca }),
  };
}

function hostsFor({ general, own, at, kind }: PlatformSource, context: Context) {
  const [usual] = kind.hosts;
  const elsewhere: Text = {
    en: `does not know credentials of type ${kind.type}: they are at ${usual}`,
    zh: `不认识 ${kind.type} 类型的凭据：它们在 ${usual}`,
  };
  // An invalid type does not tell which hosts are right.
  const misses = (url: string) => !mayServe(url, kind) && !context.isWrong([...at.slice(0, -1), 'type']);
  if (own.baseUrl !== undefined && misses(own.baseUrl)) context.complain([...at, 'baseUrl'], elsewhere);
  for (const [index, url] of (own.fallbackUrls ?? []).entries()) {
    if (url !== undefined && misses(url)) context.complain([...at, 'fallbackUrls', index], elsewhere);
  }
  // The general base URL applies only to credentials whose platform it can be.
  const fitting = (url: string | undefined) => url !== undefined && mayServe(url, kind);
  const base = own.baseUrl ?? (fitting(general.baseUrl) ? general.baseUrl : undefined);
  // Fallback URLs of another platform are of no use here.
  const inherited = own.baseUrl === undefined ? general.fallbackUrls?.filter(fitting) : [];
  const fallbacks = (own.fallbackUrls ?? inherited ?? []).filter((url) => url !== undefined);
  const hosts = base === undefined && fallbacks.length === 0 ? kind.hosts : [base ?? usual, ...fallbacks];
  return { base, hosts };
}

async function authorities(
  { general, own, at }: PlatformSource,
  context: Context,
): Promise<string | undefined> {
  const path = own.caFile ?? general.caFile;
  if (path === undefined) return undefined;
  const { pem, problem } = await context.readAuthorities(path);
  if (problem !== undefined) {
    context.complain([...(own.caFile === undefined ? ['platform'] : at), 'caFile'], problem);
  }
  return pem;
}
