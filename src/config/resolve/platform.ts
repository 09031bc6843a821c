import type { CredentialKind } from '../../providers/kind.ts';
import { credentialKinds } from '../../providers/kinds.ts';
import { isLoopback } from '../../schema/values.ts';
import type { PlatformConfig } from '../config.ts';
import type { KeyPath } from '../key-path.ts';
import type { PlatformOverride, PlatformSettings } from '../schema/platform.ts';
import type { Context } from './context.ts';

/** Whether a URL may be asked for a type: a host that is another platform's own may not, of all others nothing is known. */
export function knows(url: string, { ownHosts }: CredentialKind): boolean {
  const { hostname } = new URL(url);
  return ownHosts.test(hostname) || !credentialKinds.some((kind) => kind.ownHosts.test(hostname));
}

export interface PlatformSource {
  /** For all credentials. */
  readonly general: PlatformSettings;
  /** For this one, and where it is said. */
  readonly own: PlatformOverride;
  readonly at: KeyPath;
  readonly kind: CredentialKind;
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

function hostsFor({ general, own, at, kind }: PlatformSource, context: Context) {
  const [usual] = kind.hosts;
  const elsewhere = `does not know credentials of type ${kind.type}: they are at ${usual}`;
  // A mistyped type says nothing of the hosts.
  const misses = (url: string) => !knows(url, kind) && !context.isWrong([...at.slice(0, -1), 'type']);
  if (own.baseUrl !== undefined && misses(own.baseUrl)) context.complain([...at, 'baseUrl'], elsewhere);
  for (const [index, url] of (own.fallbackUrls ?? []).entries()) {
    if (url !== undefined && misses(url)) context.complain([...at, 'fallbackUrls', index], elsewhere);
  }
  // What is said for all counts for those whose platform it can be.
  const fitting = (url: string | undefined) => url !== undefined && knows(url, kind);
  const base = own.baseUrl ?? (fitting(general.baseUrl) ? general.baseUrl : undefined);
  // Another platform's fallbacks are none for this one.
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
