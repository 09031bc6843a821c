import type { CredentialType } from '../../core/credential.ts';
import type { PlatformConfig } from '../config.ts';
import type { KeyPath } from '../key-path.ts';
import type { PlatformOverride, PlatformSettings } from '../schema/platform.ts';
import { isLoopback } from '../schema/values.ts';
import type { Context } from './context.ts';

/** The official accounts' nearest entry, and the one for disaster recovery; WeCom has but one. */
const OFFICIAL_HOSTS = ['https://api.weixin.qq.com', 'https://api2.weixin.qq.com'];
const WECOM_HOSTS = ['https://qyapi.weixin.qq.com'];

/** The entries of the platform that knows a type of credential, the preferred one first. */
function platformHosts(type: CredentialType): readonly string[] {
  return type === 'wecom' ? WECOM_HOSTS : OFFICIAL_HOSTS;
}

/** Whether a URL may be asked for a type: WeChat's own hosts know either official accounts or WeCom, others are not known. */
export function knows(url: string, type: CredentialType): boolean {
  const { hostname } = new URL(url);
  if (hostname === 'qyapi.weixin.qq.com') return type === 'wecom';
  return type !== 'wecom' || !/^(.+\.)?api2?\.weixin\.qq\.com$/.test(hostname);
}

export interface PlatformSource {
  /** For all credentials. */
  readonly general: PlatformSettings;
  /** For this one, and where it is said. */
  readonly own: PlatformOverride;
  readonly at: KeyPath;
  readonly type: CredentialType;
}

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

function hostsFor({ general, own, at, type }: PlatformSource, context: Context) {
  const [usual = ''] = platformHosts(type);
  const elsewhere = `does not know credentials of type ${type}: they are at ${usual}`;
  // A mistyped type says nothing of the hosts.
  const misses = (url: string) => !knows(url, type) && !context.isWrong([...at.slice(0, -1), 'type']);
  if (own.baseUrl !== undefined && misses(own.baseUrl)) context.complain([...at, 'baseUrl'], elsewhere);
  for (const [index, url] of (own.fallbackUrls ?? []).entries()) {
    if (url !== undefined && misses(url)) context.complain([...at, 'fallbackUrls', index], elsewhere);
  }
  // What is said for all counts for those whose platform it can be.
  const fitting = (url: string | undefined) => url !== undefined && knows(url, type);
  const base = own.baseUrl ?? (fitting(general.baseUrl) ? general.baseUrl : undefined);
  // Another platform's fallbacks are none for this one.
  const inherited = own.baseUrl === undefined ? general.fallbackUrls?.filter(fitting) : [];
  const fallbacks = (own.fallbackUrls ?? inherited ?? []).filter((url) => url !== undefined);
  const hosts =
    base === undefined && fallbacks.length === 0 ? platformHosts(type) : [base ?? usual, ...fallbacks];
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
