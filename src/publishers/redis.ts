import * as v from 'valibot';
import { type Details, decodeEntry, encodeEntry, type Subject } from '../codec/details.ts';
import { sha256 } from '../codec/encoding.ts';
import { encodeLayoutKey } from '../codec/sdk-layout.ts';
import { type LayoutName, sdkLayouts } from '../codec/sdk-layouts.ts';
import { decodeValue, ENCODINGS } from '../codec/value-encodings.ts';
import { readAnswer, type Token } from '../core/credential.ts';
import { EdgeError, PASSING } from '../core/failure.ts';
import type { Clock, Disturbance, Judge, Publisher } from '../core/ports.ts';
import type { Published } from '../core/published.ts';
import { en, type Text as Words, zh } from '../core/text.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { RedisConnection } from '../redis/index.ts';
import { key, mustBeOneOf } from '../schema/blocks.ts';
import { say } from '../schema/message.ts';
import { Flag, Name, Text } from '../schema/values.ts';
import { WHOLE_LIFE } from './fields.ts';
import { targetKind } from './kind.ts';
import { publishedOf } from './published-file.ts';
import { companionOf } from './redis-keys.ts';
import { dropKeys, type Held, readKeys, swapKeys } from './redis-scripts.ts';
import { type RedisTarget, valueKeyOf } from './redis-target.ts';

/** How long the first look at a key may hold up what comes after it, ms. */
const PATIENCE = 2 * SECOND;

/** How often a key is read again whose content has changed between the look and the write. */
const ROUNDS = 5;

/** How many values a process remembers as its own earlier ones. */
const REMEMBERED = 4;

/** What a key may live longer than its token, and shorter, before its life is set again, ms. */
const TOO_LONG = 5 * SECOND;
const TOO_SHORT = MINUTE;

/** What a target holds: its keys, in their order, and the details beside the value. */
interface Sight {
  readonly keys: readonly (Held | undefined)[];
  readonly beside: Held | undefined;
}

/** What is to be done about what a target holds: nothing, write, or leave the newer token that is there. */
type Verdict = 'same' | 'write' | Published;

/**
 * Creates a publisher that writes keys of Redis, with an end, by compare-and-set on the server.
 *
 * A value that an SDK reads tells nothing of its age. So the details of the token lie in a key beside it, which changes with
 * it in one step: they tell for which value they are (see docs/decisions/0016-details-beside-a-key.md). A value that they
 * are not for was written by somebody else: nobody knows how old it is, and the platform is asked which is the newest.
 */
function redisPublisher(
  target: Omit<RedisTarget, 'of'>,
  subject: Subject,
  { redis, clock }: { readonly redis: RedisConnection; readonly clock: Clock },
): Publisher {
  const value = valueKeyOf(target);
  const beside = companionOf(value);
  const names = [...target.keys.map((one) => one.key), beside];
  const valueAt = target.keys.findIndex(({ holds }) => holds === 'value');
  const { encoding } = target.keys[valueAt] ?? { encoding: 'raw' as const };
  /** The details that this process wrote last: whatever it publishes later is newer, whatever clocks say. */
  let written: string | undefined;
  /** The details whose write had an unknown outcome. If they are found later, that write succeeded. */
  let attempted: string | undefined;
  /** When the token that was written last ends, epoch ms: a key that is gone by then has just ended. */
  let end = 0;
  /** Fingerprints of the values that this process has published: where one of them comes back, it is an old one. */
  let own: readonly string[] = [];
  /** The value of somebody else that was seen last, and since when, epoch ms. */
  let stranger: { readonly mark: string; readonly since: number } | undefined;
  /** The disturbance that was told last. */
  let told: string | undefined;

  const contentOf = (token: Token) => target.keys.map((one) => encodeLayoutKey(one, token, subject.kind));

  async function look(): Promise<Sight> {
    const found = await readKeys(redis, names);
    return { keys: found.slice(0, -1), beside: found.at(-1) };
  }

  /** The token of this account that the details describe; undefined where they are damaged or of another account. */
  function detailsIn({ beside: held }: Sight): Published | undefined {
    const stored = held && decodeStored(held.value);
    return stored && publishedOf(stored, subject);
  }

  const found = ({ keys }: Sight) => keys[valueAt];

  /** What the key at this place among the names holds: the details are the last. */
  const heldBy = ({ keys, beside: held }: Sight, index: number) => (index < keys.length ? keys[index] : held);

  /** Whether the value is that of the token, in whatever fields beside it. */
  function holds(sight: Sight, token: Token): boolean {
    const text = found(sight)?.value;
    return text !== undefined && decodeValue(encoding, text, subject.kind) === token.value.reveal();
  }

  /** The value that somebody else wrote, as a token of which nothing else is known. */
  function valueAlone(sight: Sight): Published | undefined {
    const held = found(sight);
    const text = held && decodeValue(encoding, held.value, subject.kind);
    if (!held || text === undefined || own.includes(sha256(text))) return undefined;
    try {
      const answer = readAnswer({ access_token: text, expires_in: WHOLE_LIFE }, 'access_token');
      if (stranger?.mark !== held.mark) stranger = { mark: held.mark, since: clock.now().wall };
      const { since } = stranger;
      const token = { ...answer, issuedAt: since, expiresAt: since + WHOLE_LIFE * SECOND, generation: 0 };
      return { token, isBare: true };
    } catch {
      return undefined;
    }
  }

  function hasItsLife(sight: Sight, token: Token): boolean {
    const left = token.expiresAt - clock.now().wall;
    return [...sight.keys, sight.beside].every(
      (held) =>
        held && held.life !== 'endless' && held.life <= left + TOO_LONG && held.life >= left - TOO_SHORT,
    );
  }

  function isSame({ keys }: Sight, contents: readonly string[]): boolean {
    return contents.every((content, index) => keys[index]?.value === content);
  }

  function compare(sight: Sight, token: Token, entry: string, judge: Judge): Verdict {
    const contents = contentOf(token);
    if (isSame(sight, contents) && sight.beside?.value === entry)
      return hasItsLife(sight, token) ? 'same' : 'write';
    const known = detailsIn(sight);
    if (known && sight.beside?.value !== written) {
      const precedence = judge.weigh(known);
      if (precedence === 'newer') return known;
      // The same token with the times of another daemon, whose clock differs from ours, is left alone: otherwise two
      // daemons would overwrite each other for ever.
      const isWhole = isSame(sight, contentOf(known.token)) && hasItsLife(sight, known.token);
      if (precedence === 'same' && isWhole) return 'same';
    }
    if ((known && holds(sight, known.token)) || holds(sight, token)) return 'write';
    const alone = valueAlone(sight);
    return alone && judge.weigh(alone) === 'newer' ? alone : 'write';
  }

  /** What somebody else has done to keys that this program had written. */
  function disturbance(sight: Sight, token: Token): Disturbance | undefined {
    const isOurs = written !== undefined || detailsIn(sight) !== undefined;
    if (!isOurs) return undefined;
    const held = found(sight);
    if (held) {
      const known = detailsIn(sight);
      return holds(sight, token) || (known && holds(sight, known.token)) ? undefined : 'replaced';
    }
    if (sight.beside) return 'removed';
    return clock.now().wall < end ? 'lost' : undefined;
  }

  function tell(sight: Sight, token: Token, judge: Judge): void {
    const what = disturbance(sight, token);
    const seen = what && `${what} ${found(sight)?.mark ?? ''}`;
    if (what && seen !== told) judge.disturbed(what);
    told = seen;
  }

  function settle(token: Token, entry: string): void {
    written = entry;
    attempted = undefined;
    end = token.expiresAt;
    const mark = sha256(token.value.reveal());
    own = [...own.filter((one) => one !== mark), mark].slice(-REMEMBERED);
  }

  return {
    id: idOf(target),
    prepare: async () => [],
    tellsAll: true,

    async retire() {
      for (let round = 0; round < ROUNDS; round += 1) {
        const sight = await look();
        const known = detailsIn(sight);
        const isOthers = found(sight) && known && !holds(sight, known.token);
        if (!known || known.isBare || isOthers) return [];
        const drops = names.map((key, index) => ({ key, before: heldBy(sight, index) }));
        if (!(await dropKeys(redis, drops))) continue;
        written = undefined;
        // Whoever finds nothing there now need not wonder.
        end = 0;
        return drops.filter(({ before }) => before).map(({ key }) => wordsOf(key, target).en);
      }
      throw contended(redis.where, value);
    },

    async published() {
      // A server that hangs must not hold up the first fetch: then the comparison comes with the first write.
      const late = new Promise<undefined>((resolve) =>
        setTimeout(() => resolve(undefined), PATIENCE).unref(),
      );
      const sight = await Promise.race([look().catch(() => undefined), late]);
      if (!sight) return undefined;
      const known = detailsIn(sight);
      if (!found(sight) || (known && holds(sight, known.token))) return known;
      return valueAlone(sight);
    },

    async publish(token, judge) {
      const entry = encodeEntry(token, subject);
      const contents = contentOf(token);
      for (let round = 0; round < ROUNDS; round += 1) {
        const sight = await look();
        tell(sight, token, judge);
        const verdict = compare(sight, token, entry, judge);
        const isNews = found(sight)?.value !== contents[valueAt];
        if (verdict === 'same') {
          const isOurs = attempted === entry;
          settle(token, entry);
          return isOurs ? 'written' : 'unchanged';
        }
        if (!(await judge.isNewest())) return 'superseded';
        if (verdict !== 'write') return verdict;
        const px = Math.floor(token.expiresAt - clock.now().wall);
        // Without a life it would never end.
        if (px < 1) return 'unchanged';
        attempted = entry;
        const swaps = names.map((name, index) => ({
          key: name,
          before: heldBy(sight, index),
          value: contents[index] ?? entry,
        }));
        if (!(await swapKeys(redis, swaps, px))) continue;
        settle(token, entry);
        return isNews ? 'written' : 'mended';
      }
      throw contended(redis.where, value);
    },

    watch(changed) {
      const channels = names.slice(0, -1).map((name) => redis.keyspaceChannel(name));
      const ends = channels.flatMap((channel) =>
        channel === undefined ? [] : [redis.subscribe({ channel, message: changed, listening: changed })],
      );
      return () => {
        for (const stop of ends) stop();
      };
    },
  };
}

function decodeStored(entry: string): Details | undefined {
  try {
    return decodeEntry(entry);
  } catch {
    return undefined;
  }
}

function contended(where: Words, name: string): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'redis-contended',
    message: {
      en: en`${where} has a key that somebody else keeps changing: ${name}`,
      zh: zh`${where}有一个键不断被别人改动：${name}`,
    },
    advice: {
      en: 'find who writes it (MONITOR, for a moment); two writers of one key undo each other',
      zh: '找出是谁在写它（短时间用 MONITOR）；同一个键的两个写入者会互相抵消',
    },
    effect: 'none',
    backoff: PASSING,
  });
}

/** Names a key for people. */
function wordsOf(name: string, { server }: Pick<RedisTarget, 'server'>): Words {
  return { en: `the key ${name} of Redis at ${server}`, zh: `Redis ${server} 的键 ${name}` };
}

/** Returns the name of a target in logs, metrics and state. */
function idOf(target: Pick<RedisTarget, 'connection' | 'keys'>): string {
  return `redis/${target.connection}/${valueKeyOf(target)}`;
}

const layoutNames = Object.keys(sdkLayouts) as LayoutName[];

const KEY = say({
  en: 'must be the name of a key without blanks, like "wx:access_token:{appId}"',
  zh: '必须是不含空白的键名，如 "wx:access_token:{appId}"',
});

const AGENT = say({
  en: 'must be the number of an app of a corp, like 1000002',
  zh: '必须是企业应用的编号（AgentId），如 1000002',
});

const options = {
  connection: key(Name, 'Name of an entry of redis.'),
  key: key(
    v.pipe(
      v.string(KEY),
      v.regex(/^\S{1,1024}$/, KEY),
      v.check((text) => !/\p{Cc}/u.test(text), KEY),
    ),
    'Name of the key, of which {appId}, {corpId} and {name} are filled in, and {{…}} stands for {…}; or say layout.',
  ),
  encoding: key(
    v.picklist(ENCODINGS, mustBeOneOf(ENCODINGS)),
    'How the value is written; goes with key. Default: raw.',
  ),
  layout: key(
    v.picklist(layoutNames, mustBeOneOf(layoutNames)),
    'The SDK that is to find it: key and encoding are those that it looks for.',
  ),
  prefix: key(Text, 'What the app puts in front of its keys; goes with layout. Default: that of the SDK.'),
  keySecret: key(
    Text,
    'The placeholder that the app has as its AppSecret, for layouts whose keys hold that. Never the real one, nor 8 characters in a row of it.',
  ),
  agentId: key(
    v.pipe(v.number(AGENT), v.integer(AGENT), v.minValue(1, AGENT)),
    'AgentId of the app of a corp, for layouts whose keys hold it.',
  ),
  miniProgram: key(Flag, "The app uses the SDK's client for mini programs, where that changes the key."),
  stableToken: key(Flag, 'The app has told the SDK to use stable tokens, where that changes the key.'),
};

/** The kind of target that is a key of Redis, where an unchanged SDK looks for its token. */
export const redisKind = targetKind<typeof options, RedisTarget>({
  type: 'redis',
  description: 'A key of Redis, in which an unchanged SDK finds the token.',
  options,
  required: ['connection'],
  hasFormat: false,
  writesFiles: false,
  resolve: async (settings, tools) =>
    (await import('./redis-resolve.ts')).resolveRedisTarget(settings, tools),
  idOf,
  places: ({ keys, server }) => {
    const value = valueKeyOf({ keys });
    const all = [value, companionOf(value), ...keys.map((one) => one.key).filter((name) => name !== value)];
    return all.map((name) => ({
      words: { en: `the key ${name} of Redis at ${server}`, zh: `Redis ${server} 的键 ${name}` },
    }));
  },
  open:
    ({ redis, clock }) =>
    (target, subject) =>
      redisPublisher(target, subject, { redis: redis.connection(target.connection), clock }),
  inspect: async (targets) => (await import('./redis-check.ts')).inspectRedis(targets),
  probed: 'Redis',
  probe: async (targets, tools) => (await import('./redis-check.ts')).probeRedis(targets, tools),
});
