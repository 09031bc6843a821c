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
  isMissing([...at, 'connection'], connection, 'the name of an entry of redis');
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
    const what =
      `has keys that change together, and in a Redis Cluster these need a common hash tag: ` +
      'put the same {…} into them, as with prefix: "{wx}"';
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
    if (settings[name] !== undefined && !isGiven(settings, 'layout'))
      complain([...at, name], 'belongs to layout, and says nothing of a key of your own');
  }
  if (isMissing([...at, 'key'], template, 'the name of the key, or layout with the SDK that looks for it'))
    return undefined;
  const { key, problem } = filledIn(template ?? '', fillingsOf(tools));
  if (problem !== undefined) complain([...at, 'key'], problem);
  if (key === undefined) return undefined;
  if (isBetrayed(owner, key)) {
    complain([...at, 'key'], `${HELD}: take something else`);
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

const SEEN = 'whoever may list the keys would see (SCAN, MONITOR, SLOWLOG)';

const HELD = `holds the AppSecret, or a part of it, which ${SEEN}`;

function isGiven(settings: RedisTargetSettings, name: 'key' | 'layout'): boolean {
  return settings[name] !== undefined;
}

function presetKeys(
  name: LayoutName,
  settings: RedisTargetSettings,
  { at, complain, owner }: ResolveTools,
): readonly LayoutKey[] | undefined {
  const layout: SdkLayout = sdkLayouts[name];
  if (isGiven(settings, 'key')) complain([...at, 'key'], 'cannot stand beside layout: say one of them');
  if (settings.encoding !== undefined)
    complain([...at, 'encoding'], `belongs to key: the encoding of layout ${name} is ${layout.encoding}`);
  if (!owner?.family) {
    complain([...at, 'layout'], 'needs to know the account, which a mirror does not: say key in its place');
    return undefined;
  }
  const { family, appId } = owner;
  if (appId === '') return undefined;
  const options = optionsOf(settings);
  const problems = layoutProblems(layout, { family, kind: settings.of }, options);
  for (const { option, what } of problems) complain([...at, option], what);
  if (isBetrayed(owner, options.keySecret ?? '')) {
    const what = `${HELD}: give the app a placeholder as its AppSecret, and write the same placeholder here`;
    complain([...at, 'keySecret'], what);
    return undefined;
  }
  if (isBetrayed(owner, options.prefix ?? '')) {
    complain([...at, 'prefix'], `${HELD}: take something else`);
    return undefined;
  }
  const [unfilled] = placeholdersIn(options.prefix ?? '');
  if (unfilled !== undefined) {
    complain(
      [...at, 'prefix'],
      `has ${unfilled}, which is filled in in key alone: write out what the app has`,
    );
    return undefined;
  }
  if (problems.length > 0) return undefined;
  return layoutKeys(layout, { family, id: appId, kind: settings.of }, options);
}
