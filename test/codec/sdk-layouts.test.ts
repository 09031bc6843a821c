import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeLayoutKey,
  type LayoutOptions,
  layoutKeys,
  layoutPattern,
  layoutProblems,
  type SdkLayout,
  shareOneSlot,
  shownKey,
} from '../../src/codec/sdk-layout.ts';
import { type LayoutName, sdkLayouts } from '../../src/codec/sdk-layouts.ts';
import { decodeValue } from '../../src/codec/value-encodings.ts';
import { englishOf } from '../config/told.ts';
import { aToken } from '../publishers/token.ts';

const A = 'wx0000000000000000';
const C = 'ww0000000000000000';
const TOKEN = aToken('76_aToken-of_WeChat');

type Row = readonly [LayoutName, 'official' | 'wecom', kind: string, LayoutOptions, ...entries: string[]];

/** What `SET` is given for each, in the order of the writes: key and bytes. */
const GOLDEN: readonly Row[] = [
  ['wxjava-mp', 'official', 'token', {}, `wx:access_token:${A}`, '76_aToken-of_WeChat'],
  [
    'wxjava-mp',
    'official',
    'token',
    { prefix: 'wx:mp:multi' },
    `wx:mp:multi:access_token:${A}`,
    '76_aToken-of_WeChat',
  ],
  ['wxjava-mp', 'official', 'token', { prefix: '' }, `:access_token:${A}`, '76_aToken-of_WeChat'],
  ['wxjava-mp', 'official', 'jsapi', {}, `wx:ticket:key:${A}:jsapi`, '76_aToken-of_WeChat'],
  ['wxjava-mp', 'official', 'wx_card', {}, `wx:ticket:key:${A}:wx_card`, '76_aToken-of_WeChat'],
  ['wxjava-miniapp', 'official', 'token', {}, `wa:access_token:${A}`, '76_aToken-of_WeChat'],
  ['wxjava-miniapp', 'official', 'wx_card', {}, `wa:ticket:key:${A}:wx_card`, '76_aToken-of_WeChat'],
  ['wxjava-miniapp', 'official', 'jsapi', {}, `wa:ticket:key:${A}:jsapi`, '76_aToken-of_WeChat'],
  [
    'wxjava-miniapp-redisson',
    'official',
    'token',
    {},
    `wa:wechat_ma_access_token_key:${A}`,
    '76_aToken-of_WeChat',
  ],
  [
    ...(['wxjava-miniapp-redisson', 'official', 'token', { prefix: '' }] as const),
    ...[`wechat_ma_access_token_key:${A}`, '76_aToken-of_WeChat'],
  ],
  [
    'wxjava-miniapp-redisson',
    'official',
    'jsapi',
    {},
    `wa:wechat_ma_jsapi_ticket_key:${A}`,
    '76_aToken-of_WeChat',
  ],
  [
    ...(['wxjava-miniapp-redisson', 'official', 'wx_card', {}] as const),
    ...[`wa:wechat_ma_card_api_ticket_key:${A}`, '76_aToken-of_WeChat'],
  ],
  [
    ...(['wxjava-cp', 'wecom', 'token', { agentId: 1000002 }] as const),
    ...[`wx:cp:wechat_cp_access_token_key:${C}:1000002`, '76_aToken-of_WeChat'],
  ],
  [
    ...(['wxjava-cp', 'wecom', 'token', { agentId: 0, prefix: 'app:' }] as const),
    ...[`app:wechat_cp_access_token_key:${C}:0`, '76_aToken-of_WeChat'],
  ],
  [
    ...(['wxjava-cp', 'wecom', 'corp_jsapi', { agentId: 1000002, prefix: ' ' }] as const),
    ...[`wechat_cp_jsapi_ticket_key:${C}:1000002`, '76_aToken-of_WeChat'],
  ],
  [
    ...(['wxjava-cp', 'wecom', 'agent_config', { agentId: 1000002 }] as const),
    ...[`wx:cp:wechat_cp_agent_jsapi_ticket_key:${C}:1000002`, '76_aToken-of_WeChat'],
  ],
  [
    ...(['easywechat-6', 'official', 'token', { keySecret: 'none' }] as const),
    ...[`easywechat:official_account.access_token.${A}.none.0`, 's:19:"76_aToken-of_WeChat";'],
  ],
  [
    ...(['easywechat-6', 'official', 'token', { keySecret: 'none', prefix: '', stableToken: true }] as const),
    ...[`official_account.access_token.${A}.none.1`, 's:19:"76_aToken-of_WeChat";'],
  ],
  [
    ...(['easywechat-6', 'official', 'token', { keySecret: 'none', miniProgram: true }] as const),
    ...[`easywechat:mini_app.access_token.${A}.none.0`, 's:19:"76_aToken-of_WeChat";'],
  ],
  [
    ...(['easywechat-6', 'official', 'jsapi', {}] as const),
    ...[`easywechat:official_account.jsapi_ticket.${A}`, 's:19:"76_aToken-of_WeChat";'],
  ],
  [
    ...(['easywechat-6', 'wecom', 'token', { keySecret: 'none' }] as const),
    ...[`easywechat:work.access_token.${C}.none`, 's:19:"76_aToken-of_WeChat";'],
  ],
  [
    ...(['easywechat-6', 'wecom', 'corp_jsapi', {}] as const),
    ...[`easywechat:work.jsapi_ticket.${C}`, 's:19:"76_aToken-of_WeChat";'],
  ],
  [
    ...(['easywechat-6', 'wecom', 'agent_config', { agentId: 1000002 }] as const),
    ...[`easywechat:work.jsapi_ticket.${C}.1000002`, 's:19:"76_aToken-of_WeChat";'],
  ],
  [
    'easywechat-6-laravel',
    'official',
    'token',
    { keySecret: 'none', prefix: 'laravel_database_laravel_cache:' },
    `laravel_database_laravel_cache:official_account.access_token.${A}.none.0`,
    's:19:"76_aToken-of_WeChat";',
  ],
  [
    ...(['easywechat-6-laravel', 'wecom', 'token', { keySecret: 'none', prefix: 'c:' }] as const),
    ...[`c:work.access_token.${C}.none`, 's:19:"76_aToken-of_WeChat";'],
  ],
  [
    'easywechat-5',
    'official',
    'token',
    { keySecret: 'testsecret' },
    // md5 of {"grant_type":"client_credential","appid":"wx0000000000000000","secret":"testsecret"}
    'easywechat.kernel.access_token.1641ca039262a0aaf3d51889f6e2156e',
    'a:2:{s:12:"access_token";s:19:"76_aToken-of_WeChat";s:10:"expires_in";i:7200;}',
  ],
  [
    'easywechat-5',
    'official',
    'jsapi',
    { prefix: 'ns' },
    `ns:easywechat.basic_service.jssdk.ticket.jsapi.${A}`,
    'a:2:{s:6:"ticket";s:19:"76_aToken-of_WeChat";s:10:"expires_in";i:7200;}',
  ],
  [
    'easywechat-5',
    'official',
    'wx_card',
    {},
    `easywechat.basic_service.jssdk.ticket.wx_card.${A}`,
    'a:2:{s:6:"ticket";s:19:"76_aToken-of_WeChat";s:10:"expires_in";i:7200;}',
  ],
  [
    'easywechat-5-laravel',
    'wecom',
    'token',
    { keySecret: 'testsecret', prefix: 'laravel-database-laravel-cache-' },
    // md5 of {"corpid":"ww0000000000000000","corpsecret":"testsecret"}
    'laravel-database-laravel-cache-easywechat.kernel.access_token.49bb47b479ac9d41f163cbbd918ce608',
    'a:2:{s:12:"access_token";s:19:"76_aToken-of_WeChat";s:10:"expires_in";i:7200;}',
  ],
  [
    'easywechat-5',
    'wecom',
    'token',
    { keySecret: 'testsecret' },
    'easywechat.kernel.access_token.49bb47b479ac9d41f163cbbd918ce608',
    'a:2:{s:12:"access_token";s:19:"76_aToken-of_WeChat";s:10:"expires_in";i:7200;}',
  ],
  [
    'easywechat-5',
    'wecom',
    'corp_jsapi',
    {},
    `easywechat.work.jssdk.ticket.config.${C}`,
    'a:2:{s:6:"ticket";s:19:"76_aToken-of_WeChat";s:10:"expires_in";i:7200;}',
  ],
  [
    'easywechat-5',
    'wecom',
    'agent_config',
    { agentId: 1000002 },
    `easywechat.work.jssdk.ticket.1000002.agent_config.${C}`,
    'a:2:{s:6:"ticket";s:19:"76_aToken-of_WeChat";s:10:"expires_in";i:7200;}',
  ],
  [
    'silenceper',
    'official',
    'token',
    {},
    `gowechat_officialaccount__access_token_${A}`,
    '76_aToken-of_WeChat',
  ],
  [
    ...(['silenceper', 'official', 'token', { stableToken: true }] as const),
    ...[`gowechat_officialaccount__stable_access_token_${A}`, '76_aToken-of_WeChat'],
  ],
  [
    ...(['silenceper', 'official', 'token', { miniProgram: true }] as const),
    ...[`gowechat_miniprogram__access_token_${A}`, '76_aToken-of_WeChat'],
  ],
  [
    'silenceper',
    'official',
    'jsapi',
    {},
    `gowechat_officialaccount__jsapi_ticket_${A}`,
    '76_aToken-of_WeChat',
  ],
  ['silenceper', 'wecom', 'token', {}, `gowechat_work__access_token_${C}`, '76_aToken-of_WeChat'],
  [
    ...(['silenceper', 'wecom', 'token', { agentId: 1000002 }] as const),
    ...[`gowechat_work__access_token_${C}_1000002`, '76_aToken-of_WeChat'],
  ],
  [
    'powerwechat',
    'official',
    'token',
    { keySecret: 'testsecret' },
    // md5 of wx0000000000000000testsecret
    'powerwechat.access_token.daa642d4ac85472ef6b15e0084da9513',
    '{"access_token":"76_aToken-of_WeChat","expires_in":7200}',
  ],
  [
    'powerwechat',
    'official',
    'jsapi',
    {},
    `powerwechat.basic_service.jssdk.ticket.jsapi.${A}`,
    '{"ticket":"76_aToken-of_WeChat","expires_in":7200}',
  ],
  [
    'powerwechat',
    'official',
    'wx_card',
    {},
    `powerwechat.basic_service.jssdk.ticket.wx_card.${A}`,
    '{"ticket":"76_aToken-of_WeChat","expires_in":7200}',
  ],
  [
    'powerwechat',
    'wecom',
    'token',
    { keySecret: 'testsecret' },
    // md5 of ww0000000000000000testsecret
    'powerwechat.access_token.395e6d5e7a52f90f1804e9c906594f5d',
    '{"access_token":"76_aToken-of_WeChat","expires_in":7200}',
  ],
  [
    'powerwechat',
    'wecom',
    'corp_jsapi',
    {},
    `powerwechat.basic_service.jssdk.ticket.jsapi.${C}`,
    '{"ticket":"76_aToken-of_WeChat","expires_in":7200}',
  ],
  [
    'wechatpy',
    'official',
    'token',
    {},
    `wechatpy:${A}_access_token_expires_at`,
    '1767232800',
    `wechatpy:${A}_access_token`,
    '"76_aToken-of_WeChat"',
  ],
  [
    'wechatpy',
    'official',
    'jsapi',
    { prefix: 'app' },
    `app:${A}_jsapi_ticket_expires_at`,
    '1767232800',
    `app:${A}_jsapi_ticket`,
    '"76_aToken-of_WeChat"',
  ],
  [
    'wechatpy',
    'official',
    'wx_card',
    {},
    `wechatpy:${A}_jsapi_card_ticket_expires_at`,
    '1767232800',
    `wechatpy:${A}_jsapi_card_ticket`,
    '"76_aToken-of_WeChat"',
  ],
  [
    'wechatpy',
    'wecom',
    'token',
    { keySecret: 'placeholder' },
    `wechatpy:${C}_access_token_expires_at`,
    '1767232800',
    `wechatpy:${C}_placeholde_access_token`,
    '"76_aToken-of_WeChat"',
  ],
  [
    'wechatpy',
    'wecom',
    'corp_jsapi',
    {},
    `wechatpy:${C}_jsapi_ticket_expires_at`,
    '1767232800',
    `wechatpy:${C}_jsapi_ticket`,
    '"76_aToken-of_WeChat"',
  ],
  [
    'wechatpy',
    'wecom',
    'agent_config',
    {},
    `wechatpy:${C}_agent_jsapi_ticket_expires_at`,
    '1767232800',
    `wechatpy:${C}_agent_jsapi_ticket`,
    '"76_aToken-of_WeChat"',
  ],
];

const ownerOf = (family: 'official' | 'wecom', kind: string) =>
  ({ family, kind, id: family === 'official' ? A : C }) as const;

const layoutOf = (name: LayoutName): SdkLayout => sdkLayouts[name];

describe('layouts of the caches of SDKs', () => {
  it.for(GOLDEN)('%s keeps, for %s, a %s with %j at %s', ([name, family, kind, options, ...entries]) => {
    const owner = ownerOf(family, kind);
    expect(layoutProblems(layoutOf(name), owner, options)).toEqual([]);
    const keys = layoutKeys(layoutOf(name), owner, options);
    expect(keys.flatMap((one) => [one.key, encodeLayoutKey(one, TOKEN, kind)])).toEqual(entries);
  });

  it('each layout, family and kind is in the table above', () => {
    const all = Object.entries<SdkLayout>(sdkLayouts).flatMap(([name, { keeps }]) =>
      Object.entries(keeps).flatMap(([family, slots]) =>
        Object.keys(slots).map((kind) => `${name} ${family} ${kind}`),
      ),
    );
    const laravel = all.filter((one) => one.includes('-laravel '));
    const rows = GOLDEN.map(([name, family, kind]) => `${name} ${family} ${kind}`);
    // The Laravel forms are the same slots under another prefix.
    expect(all.filter((one) => !rows.includes(one) && !laravel.includes(one))).toEqual([]);
  });

  it('every reader finds the value under its key, and no other key holds it', () => {
    for (const [name, family, kind, options] of GOLDEN) {
      const keys = layoutKeys(layoutOf(name), ownerOf(family, kind), options);
      const found = keys.filter((one) => decodeValue(one.encoding, encodeLayoutKey(one, TOKEN, kind), kind));
      expect(found.map(({ holds }) => holds)).toEqual(['value']);
      expect(keys.at(-1)).toBe(found[0]);
    }
  });

  it('keys of two accounts, two apps or two placeholders are never the same', () => {
    const ids = fc.stringMatching(/^wx[0-9a-f]{16}$/);
    const secrets = fc.stringMatching(/^[\w.-]{1,10}$/);
    const names = fc.constantFrom(...(Object.keys(sdkLayouts) as LayoutName[]));
    fc.assert(
      fc.property(
        names,
        fc.constantFrom('official', 'wecom'),
        ids,
        ids,
        secrets,
        secrets,
        (name, family, one, other, secret, another) => {
          const layout = layoutOf(name);
          if (!layout.keeps[family]) return;
          const keyOf = (id: string, keySecret: string) => {
            const options = { prefix: 'p', keySecret, agentId: 1 };
            return layoutKeys(layout, { family, id, kind: 'token' }, options).at(-1)?.key;
          };
          const isSecretInKey = layout.keeps[family]['token']?.needs?.includes('keySecret');
          expect(keyOf(one, secret) === keyOf(other, secret)).toBe(one === other);
          expect(keyOf(one, secret) === keyOf(one, another)).toBe(secret === another || !isSecretInKey);
        },
      ),
    );
  });

  it('a placeholder is asked for where the key is made of the AppSecret', () => {
    const asked = Object.entries<SdkLayout>(sdkLayouts).flatMap(([name, layout]) =>
      (['official', 'wecom'] as const)
        .filter((family) => layout.keeps[family])
        .filter((family) =>
          layoutProblems(layout, { family, kind: 'token' }, { prefix: 'p' }).some(
            ({ option }) => option === 'keySecret',
          ),
        )
        .map((family) => `${name} ${family}`),
    );
    expect(asked).toEqual([
      'easywechat-6 official',
      'easywechat-6 wecom',
      'easywechat-6-laravel official',
      'easywechat-6-laravel wecom',
      'easywechat-5 official',
      'easywechat-5 wecom',
      'easywechat-5-laravel official',
      'easywechat-5-laravel wecom',
      'powerwechat official',
      'powerwechat wecom',
      'wechatpy wecom',
    ]);
  });

  it.for([
    ['wxjava-cp', 'official', 'token', {}, 'layout', 'is for corps of WeCom, not for official accounts'],
    [
      'wxjava-mp',
      'wecom',
      'token',
      {},
      'layout',
      'is for official accounts and mini programs, not for corps',
    ],
    ['silenceper', 'official', 'wx_card', {}, 'of', 'keeps no wx_card there, only token, jsapi'],
    ['wxjava-cp', 'wecom', 'token', {}, 'agentId', 'is missing: the AgentId of the app'],
    ['easywechat-6-laravel', 'official', 'jsapi', {}, 'prefix', 'is missing: the whole prefix of the app'],
    ['easywechat-6', 'official', 'token', { keySecret: 'a/b' }, 'keySecret', 'must be 1 to 64 of'],
    [
      'easywechat-6',
      'official',
      'jsapi',
      { miniProgram: true },
      'miniProgram',
      'keeps no jsapi of mini programs',
    ],
    ['wxjava-mp', 'official', 'token', { keySecret: 'none' }, 'keySecret', 'changes no key of this layout'],
    ['wxjava-mp', 'official', 'token', { agentId: 1 }, 'agentId', 'changes no key of this layout'],
    [
      'easywechat-5',
      'official',
      'jsapi',
      { stableToken: true },
      'stableToken',
      'changes no key of this layout',
    ],
  ] as const)(
    '%s for %s, a %s with %j: %s is complained of',
    ([name, family, kind, options, option, what]) => {
      const problems = layoutProblems(layoutOf(name), { family, kind }, options);
      expect(problems.map((problem) => [problem.option, englishOf(problem.what)])).toEqual([
        [option, expect.stringContaining(what)],
      ]);
    },
  );

  it('what the token needs may stand beside a ticket of the same app', () => {
    const options = { keySecret: 'none', stableToken: true };
    expect(
      layoutProblems(sdkLayouts['easywechat-6'], { family: 'official', kind: 'jsapi' }, options),
    ).toEqual([]);
  });

  it.for([
    ['wxjava-mp', 'official', 'token', {}, `*access_token:${A}`],
    ['easywechat-6', 'official', 'token', { keySecret: 'none' }, `*official_account.access_token.${A}*`],
    ['wxjava-cp', 'wecom', 'token', { agentId: 1 }, `*wechat_cp_access_token_key:${C}*`],
  ] as const)(
    '%s is looked for, for %s and a %s with %j, by %s',
    ([name, family, kind, options, pattern]) => {
      expect(layoutPattern(layoutOf(name), ownerOf(family, kind), options)).toBe(pattern);
    },
  );

  it('what means something in a pattern of Redis is escaped', () => {
    const owner = { family: 'official', id: 'a*[b]?\\', kind: 'token' } as const;
    expect(layoutPattern(sdkLayouts['wxjava-mp'], owner, {})).toBe('*access_token:a\\*\\[b\\]\\?\\\\');
  });

  it.for([
    [`wx:access_token:${A}`, `wx:access_token:${A}`],
    [`wechatpy:${A}_access_token_expires_at`, `wechatpy:${A}_access_token_expires_at`],
    [`x:wechat_cp_access_token_key:${A}:1000002`, `x:wechat_cp_access_token_key:${A}:1000002`],
    [
      `ew:official_account.access_token.${A}.0123456789abcdef0123456789abcdef.0`,
      `ew:official_account.access_token.${A}…`,
    ],
    [`wechatpy:${A}_0123456789_access_token`, `wechatpy:${A}…`],
    [
      'powerwechat.access_token.4ed6a2e3bfccdf98beb48489b94cf486',
      'powerwechat.access_token.4ed6a2e3bfccdf98beb48489b94cf486',
    ],
  ] as const)('the key %s is shown as %s', ([key, shown]) => {
    expect(shownKey(key, { id: A })).toBe(shown);
  });

  it.for([
    [['a'], true],
    [['a', 'b'], false],
    [['{wx}:a', '{wx}:b'], true],
    [['{wx}:a', '{wy}:b'], false],
    [['{}:a', '{}:b'], false],
    [['{wx:a', '{wx:b'], false],
    [['x{t}1', 'y{t}{u}2', 't'], true],
  ] as const)('that keys %j lie on one node of a cluster is %s', ([keys, together]) => {
    expect(shareOneSlot(keys)).toBe(together);
  });
});
