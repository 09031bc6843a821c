import {
  type LayoutKey,
  type LayoutOptions,
  layoutKeys,
  layoutProblems,
  type SdkLayout,
  shareOneSlot,
} from '../codec/sdk-layout.ts';
import { type LayoutName, sdkLayouts } from '../codec/sdk-layouts.ts';
import type { Encoding } from '../codec/value-encodings.ts';
import { en, type Text, zh } from '../core/text.ts';
import { addressOf, isExposed } from '../redis/address.ts';
import type { ResolveTools, TargetConfig, TargetOwner } from './kind.ts';
import { betrays, companionOf } from './redis-keys.ts';
import { type RedisTarget, valueKeyOf } from './redis-target.ts';
import { filledIn, fillingsOf, placeholdersIn } from './templates.ts';

/** The settings of a target of Redis, each valid by itself. */
export interface RedisTargetSettings extends TargetConfig, RedisLayoutSettings {
  readonly connection?: string | undefined;
  readonly key?: string | undefined;
  readonly encoding?: Encoding | undefined;
  readonly layout?: LayoutName | undefined;
}

type RedisLayoutSettings = { readonly [K in keyof LayoutOptions]?: LayoutOptions[K] | undefined };

const OF_LAYOUT = ['prefix', 'keySecret', 'agentId', 'miniProgram', 'stableToken'] as const;

/** Turns settings into a target, and reports what is wrong with them. */
export function resolveRedisTarget(
  settings: RedisTargetSettings,
  tools: ResolveTools,
): RedisTarget | undefined {
  const { at, complain, isMissing, connectionOf, owner } = tools;
  const { type, of, connection, layout } = settings;
  isMissing([...at, 'connection'], connection, {
    en: 'the name of an entry of redis',
    zh: 'redis 里一项的名称',
  });
  const config = connectionOf(connection, [...at, 'connection']);
  const keys = layout === undefined ? templateKeys(settings, tools) : presetKeys(layout, settings, tools);
  if (!keys || !config) return undefined;
  const target = {
    ...({ type, of, format: 'raw', connection: config.name, server: addressOf(config), keys } as const),
    isExposed: isExposed(config),
    ...(owner && owner.appId !== '' && { owner: { family: owner.family, id: owner.appId } }),
  };
  const value = valueKeyOf(target);
  const isTogether = shareOneSlot([...keys.map(({ key }) => key), companionOf(value)]);
  if (config.endpoint.kind === 'cluster' && !isTogether) {
    const what: Text = {
      en:
        'has keys that change together, and in a Redis Cluster these need a common hash tag: ' +
        'put the same {…} into them, as with prefix: "{wx}"',
      zh:
        '有几个键要一起改变，在 Redis Cluster 里它们需要共同的 hash tag：' +
        '在键里写上相同的 {…}，比如 prefix: "{wx}"',
    };
    complain(layout === undefined ? [...at, 'key'] : [...at, 'prefix'], what);
  }
  return {
    ...target,
    ...(layout !== undefined && { layout: { name: layout, options: optionsOf(settings) } }),
  };
}

function optionsOf(settings: RedisLayoutSettings): LayoutOptions {
  return Object.fromEntries(
    OF_LAYOUT.map((name) => [name, settings[name]]).filter(([, value]) => value !== undefined),
  );
}

function templateKeys(settings: RedisTargetSettings, tools: ResolveTools): readonly LayoutKey[] | undefined {
  const { at, complain, isMissing, isWrong, owner } = tools;
  if (isWrong([...at, 'layout'])) return undefined;
  const { key: template, encoding = 'raw' } = settings;
  for (const name of OF_LAYOUT) {
    if (settings[name] !== undefined && !isGiven(settings, 'layout')) {
      complain([...at, name], {
        en: 'belongs to layout, and says nothing of a key of your own',
        zh: '只用于 layout，对自己写的 key 不起作用',
      });
    }
  }
  const wanted: Text = {
    en: 'the name of the key, or layout with the SDK that looks for it',
    zh: '键名；或者用 layout 写明查找它的 SDK',
  };
  if (isMissing([...at, 'key'], template, wanted)) return undefined;
  const { key, problem } = filledIn(template ?? '', fillingsOf(tools));
  if (problem !== undefined) complain([...at, 'key'], problem);
  if (key === undefined) return undefined;
  if (isBetrayed(owner, key)) {
    complain([...at, 'key'], TAKE_ANOTHER);
    return undefined;
  }
  return [{ key, holds: 'value', encoding }];
}

/** @param text as it is configured, to which the id of the account is not yet added */
function isBetrayed(owner: TargetOwner | undefined, text: string): boolean {
  const secret = owner?.secret?.reveal();
  // What is no secret may look like one.
  const own = owner && owner.appId !== '' ? text.replaceAll(owner.appId, ' ') : text;
  return secret !== undefined && betrays(own, secret);
}

const HELD: Text = {
  en: 'holds the AppSecret, or a part of it, which whoever may list the keys would see (SCAN, MONITOR, SLOWLOG)',
  zh: '里有 AppSecret 或它的一部分，能列出键的人都会看到（SCAN、MONITOR、SLOWLOG）',
};

const TAKE_ANOTHER: Text = { en: en`${HELD}: take something else`, zh: zh`${HELD}：换成别的` };

function isGiven(settings: RedisTargetSettings, name: 'key' | 'layout'): boolean {
  return settings[name] !== undefined;
}

function presetKeys(
  name: LayoutName,
  settings: RedisTargetSettings,
  { at, complain, owner }: ResolveTools,
): readonly LayoutKey[] | undefined {
  const layout: SdkLayout = sdkLayouts[name];
  if (isGiven(settings, 'key')) {
    complain([...at, 'key'], {
      en: 'cannot stand beside layout: say one of them',
      zh: '不能与 layout 并用：只写一个',
    });
  }
  if (settings.encoding !== undefined) {
    complain([...at, 'encoding'], {
      en: `belongs to key: the encoding of layout ${name} is ${layout.encoding}`,
      zh: `只用于 key：layout ${name} 的 encoding 是 ${layout.encoding}`,
    });
  }
  if (!owner?.family) {
    complain([...at, 'layout'], {
      en: 'needs to know the account, which a mirror does not: say key in its place',
      zh: '需要知道账号，而 mirror 不知道：改用 key',
    });
    return undefined;
  }
  const { family, appId } = owner;
  if (appId === '') return undefined;
  const options = optionsOf(settings);
  const problems = layoutProblems(layout, { family, kind: settings.of }, options);
  for (const { option, what } of problems) complain([...at, option], what);
  if (isBetrayed(owner, options.keySecret ?? '')) {
    complain([...at, 'keySecret'], {
      en: en`${HELD}: give the app a placeholder as its AppSecret, and write the same placeholder here`,
      zh: zh`${HELD}：给应用一个占位值作为它的 AppSecret，这里写同一个占位值`,
    });
    return undefined;
  }
  if (isBetrayed(owner, options.prefix ?? '')) {
    complain([...at, 'prefix'], TAKE_ANOTHER);
    return undefined;
  }
  const [unfilled] = placeholdersIn(options.prefix ?? '');
  if (unfilled !== undefined) {
    complain([...at, 'prefix'], {
      en: `has ${unfilled}, which is filled in in key alone: write out what the app has`,
      zh: `里有 ${unfilled}，只有 key 里的才会替换：直接写出应用里的前缀`,
    });
    return undefined;
  }
  if (problems.length > 0) return undefined;
  return layoutKeys(layout, { family, id: appId, kind: settings.of }, options);
}
