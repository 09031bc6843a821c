import type * as v from 'valibot';
import { PlatformUrl, ProxyUrl } from '../../schema/addresses.ts';
import { key, list, mapping, preset } from '../../schema/blocks.ts';
import { AbsolutePath, Duration, Flag } from '../../schema/values.ts';

const TIMEOUT = 'How long a call may take, from connecting to the last byte of the answer.';
const IPV4_FIRST =
  "Try IPv4 addresses first, since WeChat's IP whitelist mostly holds those; false begins with the resolver's first, and IPv4 and IPv6 take turns.";

const shared = {
  baseUrl: key(
    PlatformUrl,
    'Where the platform is reached: https, or http to loopback. Default: its own address for the type of credential.',
  ),
  fallbackUrls: key(
    list(PlatformUrl, { en: 'must be a list of URLs', zh: '必须是 URL 的列表' }),
    'Asked in this order when the base URL does not answer. Default: https://api2.weixin.qq.com for official accounts, unless baseUrl is given.',
  ),
  proxy: key(
    ProxyUrl,
    'An HTTP proxy for all calls, like http://egress:3128. Default: HTTPS_PROXY and NO_PROXY of the environment.',
  ),
  caFile: key(AbsolutePath, 'Certificates (PEM) of authorities that are trusted in place of the usual ones.'),
};

/** Schema of the general `platform`: how the daemon reaches it. */
export const Platform = mapping({
  ...shared,
  timeout: preset(Duration, TIMEOUT, '10s'),
  ipv4First: preset(Flag, IPV4_FIRST, true),
});

/** Schema of the `platform` of one credential: what differs from the general one. */
export const PlatformOverrides = mapping({
  ...shared,
  timeout: key(Duration, TIMEOUT),
  ipv4First: key(Flag, IPV4_FIRST),
});

/** The valid values of the general `platform`; `timeout` in ms. */
export type PlatformSettings = v.InferOutput<typeof Platform>;
/** The valid values of the `platform` of one credential; `timeout` in ms. */
export type PlatformOverride = v.InferOutput<typeof PlatformOverrides>;
