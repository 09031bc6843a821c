/**
 * Where SDKs look for a cached token, and what they expect there: the presets of Redis targets. Each was read in the
 * SDK's source or seen by running it; docs/sdks.md says which, and which versions.
 */
import type { Kind } from '../core/credential.ts';
import { verbatim } from '../core/text.ts';
import { phpJsonString } from './php-serialize.ts';
import { type KeyParts, md5, type SdkLayout, type Slot } from './sdk-layout.ts';

/** The prefix, then a colon, also after an empty prefix: Java's format `%s:…`. */
const withColon = (prefix: string) => `${prefix}:`;

/** The prefix, then a colon; nothing for no prefix. */
const withColonIfAny = (prefix: string) => (prefix === '' ? '' : `${prefix}:`);

/** The prefix as it is. */
const asItIs = (prefix: string) => prefix;

/** A colon, unless the prefix has one at its end; nothing for a blank one. */
function withOneColon(prefix: string): string {
  if (prefix.trim() === '') return '';
  return prefix.endsWith(':') ? prefix : `${prefix}:`;
}

// WxJava 4.6.5 and 4.7.2: WxMpRedisConfigImpl, WxMaRedisBetterConfigImpl, WxMaRedissonConfigImpl,
// AbstractWxCpInRedisConfigImpl. https://github.com/Wechat-Group/WxJava
const WXJAVA: Readonly<Record<Kind, Slot>> = {
  token: { key: ({ id }) => `access_token:${id}` },
  jsapi: { key: ({ id }) => `ticket:key:${id}:jsapi` },
  wx_card: { key: ({ id }) => `ticket:key:${id}:wx_card` },
};

const WXJAVA_REDISSON: Readonly<Record<Kind, Slot>> = {
  token: { key: ({ id }) => `wechat_ma_access_token_key:${id}` },
  jsapi: { key: ({ id }) => `wechat_ma_jsapi_ticket_key:${id}` },
  wx_card: { key: ({ id }) => `wechat_ma_card_api_ticket_key:${id}` },
};

/** An app of WxJava without an AgentId has keys without it as well; such a key is to be configured as a template. */
const corpSlot = (name: string): Slot => ({
  needs: ['agentId'],
  key: ({ id, agentId }) => `${name}:${id}:${agentId}`,
  trace: ({ id }) => `${name}:${id}`,
});

const WXJAVA_CORP: Readonly<Record<Kind, Slot>> = {
  token: corpSlot('wechat_cp_access_token_key'),
  corp_jsapi: corpSlot('wechat_cp_jsapi_ticket_key'),
  agent_config: corpSlot('wechat_cp_agent_jsapi_ticket_key'),
};

// EasyWeChat 6.15.1 to 6.19.1: OfficialAccount, MiniApp and Work, AccessToken::getKey and JsApiTicket::getKey.
// https://github.com/w7corp/easywechat
const EASYWECHAT_6: SdkLayout['keeps'] = {
  official: {
    token: {
      needs: ['keySecret'],
      minds: ['miniProgram', 'stableToken'],
      key: ({ id, secret, miniProgram, stableToken }) =>
        `${miniProgram ? 'mini_app' : 'official_account'}.access_token.${id}.${secret}.${stableToken ? 1 : 0}`,
      trace: ({ id, miniProgram }) => `${miniProgram ? 'mini_app' : 'official_account'}.access_token.${id}`,
    },
    jsapi: { notForMiniPrograms: true, key: ({ id }) => `official_account.jsapi_ticket.${id}` },
  },
  wecom: {
    token: {
      needs: ['keySecret'],
      key: ({ id, secret }) => `work.access_token.${id}.${secret}`,
      trace: ({ id }) => `work.access_token.${id}.`,
    },
    corp_jsapi: { key: ({ id }) => `work.jsapi_ticket.${id}` },
    agent_config: { needs: ['agentId'], key: ({ id, agentId }) => `work.jsapi_ticket.${id}.${agentId}` },
  },
};

// EasyWeChat 4.9.0 and 5.36.4: Kernel\AccessToken::getCacheKey, BasicService\Jssdk\Client::getTicket, Work\Jssdk\Client.
const EASYWECHAT_5: SdkLayout['keeps'] = {
  official: {
    token: {
      needs: ['keySecret'],
      key: ({ id, secret }) =>
        hashedCredentials([
          ['grant_type', 'client_credential'],
          ['appid', id],
          ['secret', secret],
        ]),
    },
    jsapi: { key: ({ id }) => `easywechat.basic_service.jssdk.ticket.jsapi.${id}` },
    wx_card: { key: ({ id }) => `easywechat.basic_service.jssdk.ticket.wx_card.${id}` },
  },
  wecom: {
    token: {
      needs: ['keySecret'],
      key: ({ id, secret }) =>
        hashedCredentials([
          ['corpid', id],
          ['corpsecret', secret],
        ]),
    },
    corp_jsapi: { key: ({ id }) => `easywechat.work.jssdk.ticket.config.${id}` },
    agent_config: {
      needs: ['agentId'],
      key: ({ id, agentId }) => `easywechat.work.jssdk.ticket.${agentId}.agent_config.${id}`,
    },
  },
};

function hashedCredentials(fields: readonly (readonly [string, string])[]): string {
  const members = fields.map(([name, value]) => `${phpJsonString(name)}:${phpJsonString(value)}`);
  return `easywechat.kernel.access_token.${md5(`{${members.join(',')}}`)}`;
}

// silenceper/wechat v2.1.6 and later: credential/default_access_token.go, default_js_ticket.go.
// https://github.com/silenceper/wechat
const SILENCEPER: SdkLayout['keeps'] = {
  official: {
    token: {
      minds: ['miniProgram', 'stableToken'],
      key: ({ id, miniProgram, stableToken }) =>
        `gowechat_${miniProgram ? 'miniprogram' : 'officialaccount'}__${stableToken ? 'stable_' : ''}access_token_${id}`,
      trace: ({ id }) => `access_token_${id}`,
    },
    jsapi: { notForMiniPrograms: true, key: ({ id }) => `gowechat_officialaccount__jsapi_ticket_${id}` },
  },
  wecom: {
    token: {
      minds: ['agentId'],
      key: ({ id, agentId }) => `gowechat_work__access_token_${id}${agentId === '' ? '' : `_${agentId}`}`,
      trace: ({ id }) => `gowechat_work__access_token_${id}`,
    },
  },
};

// PowerWeChat v3.2.9: kernel/accessToken.go, basicService/jssdk/client.go, work/jssdk/client.go.
// https://github.com/ArtisanCloud/PowerWeChat
const hashedPair = ({ id, secret }: KeyParts) => `powerwechat.access_token.${md5(id + secret)}`;

const POWERWECHAT: SdkLayout['keeps'] = {
  official: {
    token: { needs: ['keySecret'], key: hashedPair },
    jsapi: { key: ({ id }) => `powerwechat.basic_service.jssdk.ticket.jsapi.${id}` },
    wx_card: { key: ({ id }) => `powerwechat.basic_service.jssdk.ticket.wx_card.${id}` },
  },
  wecom: {
    token: { needs: ['keySecret'], key: hashedPair },
    corp_jsapi: { key: ({ id }) => `powerwechat.basic_service.jssdk.ticket.jsapi.${id}` },
  },
};

/**
 * wechatpy 1.8.18 and 2.0.0 alpha: client/base.py, client/api/jsapi.py, work/client/. Of a token, 1.8.18 does not look
 * at the key of the end, and 2.0 takes none for "does not end". An own fetch of the SDK writes it **without** a TTL: so
 * it is always written, or the old one would stay and make the token look dead.
 */
function wechatpy(
  value: (parts: KeyParts) => string,
  end = (parts: KeyParts) => `${value(parts)}_expires_at`,
) {
  return { key: value, end };
}

const WECHATPY: SdkLayout['keeps'] = {
  official: {
    token: wechatpy(({ id }) => `${id}_access_token`),
    jsapi: wechatpy(({ id }) => `${id}_jsapi_ticket`),
    wx_card: wechatpy(({ id }) => `${id}_jsapi_card_ticket`),
  },
  wecom: {
    token: {
      needs: ['keySecret'],
      ...wechatpy(
        ({ id, secret }) => `${id}_${secret.slice(0, 10)}_access_token`,
        // It lacks the secret: all apps of a corp share it.
        ({ id }) => `${id}_access_token_expires_at`,
      ),
      trace: ({ id }) => `${id}_`,
    },
    corp_jsapi: wechatpy(({ id }) => `${id}_jsapi_ticket`),
    agent_config: wechatpy(({ id }) => `${id}_agent_jsapi_ticket`),
  },
};

/** The layouts, by their names in the configuration. */
export const sdkLayouts = {
  'wxjava-mp': {
    reader: {
      en: 'WxJava for official accounts, with Jedis or RedisTemplate',
      zh: 'WxJava 公众号（Jedis 或 RedisTemplate）',
    },
    encoding: 'raw',
    prefix: { default: 'wx', join: withColon },
    keeps: { official: WXJAVA },
  },
  'wxjava-miniapp': {
    reader: {
      en: 'WxJava for mini programs, with Jedis or RedisTemplate',
      zh: 'WxJava 小程序（Jedis 或 RedisTemplate）',
    },
    encoding: 'raw',
    prefix: { default: 'wa', join: withColon },
    keeps: { official: WXJAVA },
  },
  'wxjava-miniapp-redisson': {
    reader: {
      en: 'WxJava for mini programs, with Redisson and its StringCodec',
      zh: 'WxJava 小程序（Redisson 与 StringCodec）',
    },
    encoding: 'raw',
    prefix: { default: 'wa', join: withColonIfAny },
    keeps: { official: WXJAVA_REDISSON },
  },
  'wxjava-cp': {
    reader: {
      en: 'WxJava for WeCom, with Jedis or RedisTemplate',
      zh: 'WxJava 企业微信（Jedis 或 RedisTemplate）',
    },
    encoding: 'raw',
    prefix: { default: 'wx:cp', join: withOneColon },
    keeps: { wecom: WXJAVA_CORP },
  },
  'easywechat-6': {
    reader: {
      en: "EasyWeChat 6.15.1 or later, with Symfony's RedisAdapter",
      zh: 'EasyWeChat 6.15.1 及以上（Symfony 的 RedisAdapter）',
    },
    encoding: 'php-string',
    prefix: { default: 'easywechat', join: withColonIfAny },
    keeps: EASYWECHAT_6,
  },
  'easywechat-6-laravel': {
    reader: {
      en: "EasyWeChat 6.15.1 or later, with Laravel's cache, or another one that puts its prefix in front as it is",
      zh: 'EasyWeChat 6.15.1 及以上（Laravel 的缓存，或把前缀原样放在前面的其他缓存）',
    },
    encoding: 'php-string',
    prefix: { join: asItIs },
    keeps: EASYWECHAT_6,
  },
  'easywechat-5': {
    reader: {
      en: "EasyWeChat 4 or 5, with Symfony's RedisAdapter",
      zh: 'EasyWeChat 4 或 5（Symfony 的 RedisAdapter）',
    },
    encoding: 'php-array',
    prefix: { default: '', join: withColonIfAny },
    keeps: EASYWECHAT_5,
  },
  'easywechat-5-laravel': {
    reader: {
      en: "EasyWeChat 4 or 5, with Laravel's cache, or another one that puts its prefix in front as it is",
      zh: 'EasyWeChat 4 或 5（Laravel 的缓存，或把前缀原样放在前面的其他缓存）',
    },
    encoding: 'php-array',
    prefix: { join: asItIs },
    keeps: EASYWECHAT_5,
  },
  silenceper: {
    reader: verbatim('silenceper/wechat v2'),
    encoding: 'raw',
    prefix: { default: '', join: asItIs },
    keeps: SILENCEPER,
  },
  powerwechat: {
    reader: verbatim('PowerWeChat v3'),
    encoding: 'json-object',
    prefix: { default: '', join: asItIs },
    keeps: POWERWECHAT,
  },
  wechatpy: {
    reader: {
      en: 'wechatpy with RedisStorage',
      zh: 'wechatpy（RedisStorage）',
    },
    encoding: 'json-string',
    prefix: { default: 'wechatpy', join: withColon },
    keeps: WECHATPY,
  },
} as const satisfies Readonly<Record<string, SdkLayout>>;

/** Name of a layout in the configuration. */
export type LayoutName = keyof typeof sdkLayouts;
