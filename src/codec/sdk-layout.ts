/** What the layouts of SDKs' caches have in common: see `sdk-layouts.ts` for each of them. */
import { createHash } from 'node:crypto';
import type { Kind, Token } from '../core/credential.ts';
import type { PlatformFamily } from '../core/errcodes/index.ts';
import { allOf, en, type Text, zh } from '../core/text.ts';
import { epochSeconds } from './encoding.ts';
import { type Encoding, encodeValue } from './value-encodings.ts';

/** What the operator says of the app whose SDK is to find the token; the keys are those of the configuration. */
export interface LayoutOptions {
  /** What the app puts in front of its keys. Absent: what the SDK's own set-up puts there. */
  readonly prefix?: string;
  /** The placeholder that the app has as its AppSecret, for a layout whose keys hold that. Never the real one. */
  readonly keySecret?: string;
  /** AgentId of the app of a corp. */
  readonly agentId?: number;
  /** The app uses the SDK's client for mini programs, not that for official accounts. */
  readonly miniProgram?: boolean;
  /** The app has told the SDK to use stable tokens, which names the key; the token in it may be of either type. */
  readonly stableToken?: boolean;
}

/** An account as an SDK knows it, and what of it is kept. */
export interface LayoutOwner {
  readonly family: PlatformFamily;
  /** AppID or CorpID. */
  readonly id: string;
  readonly kind: Kind;
}

/** One key in which an SDK keeps something. */
export interface LayoutKey {
  readonly key: string;
  /** The value, or the end of its life in epoch seconds. */
  readonly holds: 'value' | 'end';
  readonly encoding: Encoding;
}

/** What the key of a token or ticket is made of. */
export interface KeyParts {
  readonly id: string;
  readonly secret: string;
  readonly agentId: string;
  readonly miniProgram: boolean;
  readonly stableToken: boolean;
}

/** Where an SDK keeps a token, or one of the tickets. */
export interface Slot {
  /** The options without which there is no key. */
  readonly needs?: readonly ('keySecret' | 'agentId')[];
  /** The options that change the key. */
  readonly minds?: readonly ('agentId' | 'miniProgram' | 'stableToken')[];
  /** Whether the SDK keeps it for official accounts alone. */
  readonly notForMiniPrograms?: true;
  /** The key, without the prefix. */
  key(parts: KeyParts): string;
  /**
   * The key, without the prefix, of the end of its life, where the SDK keeps that in a key of its own. It is written
   * first: an SDK that meets the new value with the old end takes it for dead and fetches.
   */
  end?(parts: KeyParts): string;
  /**
   * What every key of this account holds, whatever the version and the mode of the SDK, to look for those of an app that
   * is configured otherwise. Absent: the key itself.
   */
  trace?(parts: KeyParts): string;
}

/** A layout: the keys in which an SDK looks for its token and its tickets, and how they are encoded. */
export interface SdkLayout {
  /** The SDK, and which of its ways to use Redis. */
  readonly reader: Text;
  readonly encoding: Encoding;
  readonly prefix: {
    /** What the SDK's own set-up puts in front; absent: nobody but the operator knows. */
    readonly default?: string;
    /** Joins prefix and key. */
    join(prefix: string): string;
  };
  /** What the SDK keeps, by the family of the account and the kind. */
  readonly keeps: Readonly<Partial<Record<PlatformFamily, Readonly<Record<Kind, Slot>>>>>;
}

/** Why a layout cannot be used as it is configured. */
export interface LayoutProblem {
  /** The key of the configuration that is wrong or missing. */
  readonly option: keyof LayoutOptions | 'layout' | 'of';
  /** Completes "KEY: …". */
  readonly what: Text;
}

const FAMILIES: Readonly<Partial<Record<PlatformFamily, Text>>> = {
  official: { en: 'official accounts and mini programs', zh: '公众号和小程序' },
  wecom: { en: 'corps of WeCom', zh: '企业微信' },
};

function inWords(family: PlatformFamily): Text {
  return FAMILIES[family] ?? { en: `accounts of the family ${family}`, zh: `${family} 平台的账号` };
}

/** What no cache of an SDK takes for punctuation: PSR-6 keys may not hold `{}()/\@:`. */
const PLACEHOLDER = /^[\w.-]{1,64}$/;

/** Returns what is wrong with a layout as configured, a line each; none when {@link layoutKeys} can be called. */
export function layoutProblems(
  layout: SdkLayout,
  { family, kind }: Pick<LayoutOwner, 'family' | 'kind'>,
  options: LayoutOptions,
): readonly LayoutProblem[] {
  const slots = layout.keeps[family];
  if (!slots) {
    const [right, wrong] = [familiesOf(layout), inWords(family)];
    const what: Text = { en: en`is for ${right}, not for ${wrong}`, zh: zh`用于${right}，不用于${wrong}` };
    return [{ option: 'layout', what }];
  }
  const slot = slots[kind];
  if (!slot) {
    const kept = Object.keys(slots);
    const what: Text = {
      en: en`${layout.reader} keeps no ${kind} there, only ${kept.join(', ')}`,
      zh: zh`${layout.reader} 不在那里保存 ${kind}，只保存 ${kept.join('、')}`,
    };
    return [{ option: 'of', what }];
  }
  const problems: LayoutProblem[] = [];
  if (layout.prefix.default === undefined && options.prefix === undefined) {
    const what: Text = {
      en: 'is missing: the whole prefix of the app, which no version tells; docs/sdks.md says where to look',
      zh: '缺少它：应用的完整前缀，从版本看不出来；docs/zh-CN/sdks.md 说明到哪里找',
    };
    problems.push({ option: 'prefix', what });
  }
  for (const needed of slot.needs ?? []) {
    if (options[needed] === undefined) problems.push({ option: needed, what: MISSING[needed] });
  }
  if (options.keySecret !== undefined && !PLACEHOLDER.test(options.keySecret))
    problems.push({ option: 'keySecret', what: KEY_SECRET });
  if (options.miniProgram && slot.notForMiniPrograms) {
    const what: Text = {
      en: en`${layout.reader} keeps no ${kind} of mini programs`,
      zh: zh`${layout.reader} 不保存小程序的 ${kind}`,
    };
    problems.push({ option: 'miniProgram', what });
  }
  // What the key of the token needs may stand beside a ticket as well: it is one app.
  const used: readonly string[] = Object.values(slots).flatMap(({ needs = [], minds = [] }) => [
    ...needs,
    ...minds,
  ]);
  for (const [option, value] of Object.entries(options) as [keyof LayoutOptions, unknown][]) {
    if (value !== undefined && value !== false && option !== 'prefix' && !used.includes(option))
      problems.push({ option, what: NO_EFFECT });
  }
  return problems;
}

const KEY_SECRET: Text = {
  en: 'must be 1 to 64 of A-Z, a-z, 0-9, _, - and .',
  zh: '必须是 1 到 64 个 A-Z、a-z、0-9、_、- 和 .',
};

const NO_EFFECT: Text = {
  en: 'changes no key of this layout: leave it away',
  zh: '不影响这个 layout 的任何键：去掉它',
};

const MISSING = {
  keySecret: {
    en:
      'is missing: the key of this layout is made with the AppSecret as the app has it. Give the app a placeholder ' +
      'instead of the AppSecret, which the daemon alone needs, and write the same placeholder here',
    zh:
      '缺少它：这个 layout 的键由应用所配置的 AppSecret 生成。给应用一个占位值代替 AppSecret，' +
      '真正的只有守护进程需要，这里写同一个占位值',
  },
  agentId: {
    en: 'is missing: the AgentId of the app, which is part of the key',
    zh: '缺少它：应用的 AgentId，它是键的一部分',
  },
} as const satisfies Readonly<Record<string, Text>>;

function familiesOf({ keeps }: SdkLayout): Text {
  return allOf((Object.keys(keeps) as PlatformFamily[]).map(inWords));
}

/**
 * The keys of a token or ticket, in the order in which they are to be written where they cannot be written in one step.
 * All are to expire with the token: no SDK takes back what it has found without an end.
 * @throws {TypeError} where {@link layoutProblems} would say why there is no key
 */
export function layoutKeys(
  layout: SdkLayout,
  owner: LayoutOwner,
  options: LayoutOptions,
): readonly LayoutKey[] {
  const slot = slotOf(layout, owner);
  const { encoding } = layout;
  const parts = partsOf(owner, options);
  const prefix = layout.prefix.join(options.prefix ?? layout.prefix.default ?? '');
  const value = { key: prefix + slot.key(parts), holds: 'value', encoding } as const;
  return slot.end ? [{ key: prefix + slot.end(parts), holds: 'end', encoding }, value] : [value];
}

/** Encodes what one key of a layout holds. */
export function encodeLayoutKey({ holds, encoding }: LayoutKey, token: Token, kind: Kind): string {
  return holds === 'end' ? String(epochSeconds(token.expiresAt)) : encodeValue(encoding, token, kind);
}

/**
 * A pattern for `SCAN … MATCH` that finds the value of this account under any prefix, and, where the SDK's version, its
 * mode or the AppSecret is in the key, with any of these. Such a key may hold the AppSecret: show {@link shownKey}.
 */
export function layoutPattern(layout: SdkLayout, owner: LayoutOwner, options: LayoutOptions): string {
  const slot = slotOf(layout, owner);
  const parts = partsOf(owner, options);
  return slot.trace ? `*${escapedGlob(slot.trace(parts))}*` : `*${escapedGlob(slot.key(parts))}`;
}

/** What may follow the id in a key and is no secret: the name of what is kept, or an AgentId. */
const PLAIN_END =
  /^(_(access_token|jsapi_ticket|jsapi_card_ticket|agent_jsapi_ticket)(_expires_at)?|[:_.]\d{1,10})?$/;

/** A key that was found in Redis, as it may be shown: what follows the id may be the AppSecret of an app. */
export function shownKey(key: string, { id }: Pick<LayoutOwner, 'id'>): string {
  const end = key.indexOf(id) + id.length;
  return end < id.length || PLAIN_END.test(key.slice(end)) ? key : `${key.slice(0, end)}…`;
}

function slotOf(layout: SdkLayout, { family, kind }: LayoutOwner): Slot {
  const slot = layout.keeps[family]?.[kind];
  if (!slot) throw new TypeError(`this layout keeps no ${kind} of ${family}`);
  return slot;
}

function partsOf({ id }: LayoutOwner, options: LayoutOptions): KeyParts {
  const { keySecret: secret = '', agentId, miniProgram = false, stableToken = false } = options;
  return { id, secret, agentId: agentId === undefined ? '' : String(agentId), miniProgram, stableToken };
}

/** Escapes what means something in a pattern of Redis. */
function escapedGlob(text: string): string {
  return text.replace(/[\\*?[\]^]/g, '\\$&');
}

/**
 * Whether keys lie on one node of a Redis Cluster by themselves, so that they can change together: one key does, and
 * several with the same hash tag do. https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags,
 * seen 2026-11
 */
export function shareOneSlot(keys: readonly string[]): boolean {
  return new Set(keys.map(hashedPart)).size <= 1;
}

function hashedPart(key: string): string {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

/** MD5 in hex, with which SDKs name their keys; it protects nothing. */
export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
