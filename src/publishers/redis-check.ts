import { type LayoutOwner, layoutPattern, type SdkLayout, shownKey } from '../codec/sdk-layout.ts';
import { sdkLayouts } from '../codec/sdk-layouts.ts';
import { recogniseEncoding } from '../codec/value-encodings.ts';
import { type Failure, failureOf, textsOf } from '../core/failure.ts';
import { type Fact, type Findings, TO_DO } from '../core/findings.ts';
import { COMMA, en, joined, type Text, verbatim, zh } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import type { RedisConnection, Reply } from '../redis/index.ts';
import type { Probe, ProbeTools } from './kind.ts';
import { companionOf } from './redis-keys.ts';
import { readKeys } from './redis-scripts.ts';
import { type RedisTarget, valueKeyOf } from './redis-target.ts';

/** Describes the keys into which one credential is published. */
export function inspectRedis(targets: readonly RedisTarget[]): Findings {
  const facts: Fact[] = [];
  const warnings: Text[] = [];
  for (const target of targets) {
    const { of, keys, server, layout } = target;
    const value = valueKeyOf(target);
    const [first] = keys;
    const encoding = keys.find(({ holds }) => holds === 'value')?.encoding ?? first?.encoding;
    const sdk = layout && sdkLayouts[layout.name].reader;
    const reader: Text = sdk === undefined ? NOTHING : { en: en` for ${sdk}`, zh: zh`，供 ${sdk} 读取` };
    const others = keys.filter(({ key }) => key !== value).map(({ key }) => key);
    const ends = joined(others.map(verbatim), COMMA);
    const more: Text =
      others.length > 0 ? { en: en`, its end in ${ends}`, zh: zh`，到期时间在 ${ends}` } : NOTHING;
    const details = companionOf(value);
    facts.push([
      verbatim(of),
      {
        en: en`${value} of Redis at ${server}: ${encoding ?? ''}${reader}${more}; details in ${details}`,
        zh: zh`Redis（${server}）的 ${value}：${encoding ?? ''}${reader}${more}；详细信息在 ${details}`,
      },
    ]);
    if (target.isExposed)
      warnings.push({
        en: `the tokens travel to Redis at ${server} unencrypted: use rediss:, or a server on this host`,
        zh: `token 发往 Redis（${server}）时没有加密：请用 rediss:，或本机的服务器`,
      });
  }
  if (targets.some(({ of }) => of === 'token')) {
    warnings.push({
      en:
        'an SDK that does not find its key in Redis fetches a token by itself, and so does one whose call is refused (40001): ' +
        'give the app a placeholder as its AppSecret, which the daemon alone needs, and start the daemon first',
      zh:
        'SDK 在 Redis 里找不到它的键，或调用被拒绝（40001）时，会自己去获取 token：' +
        '请让应用使用占位的 AppSecret（真的只有守护进程需要），并先启动守护进程',
    });
  }
  return { facts, warnings };
}

/** Probes each server once, with requests that change nothing, and the keys of each target. */
export function probeRedis(targets: readonly RedisTarget[], tools: ProbeTools): Promise<Probe[]> {
  const byConnection = new Map<string, RedisTarget[]>();
  for (const target of targets) {
    const { connection } = target;
    byConnection.set(connection, [...(byConnection.get(connection) ?? []), target]);
  }
  // Of all connections: two of them may lead to one server, as by its port and by its socket.
  const ours = new Set(targets.flatMap(namesOf));
  return Promise.all(
    [...byConnection].map(([name, those]) => probe(tools.redis.connection(name), those, ours, tools)),
  );
}

async function probe(
  redis: RedisConnection,
  targets: readonly RedisTarget[],
  ours: ReadonlySet<string>,
  tools: ProbeTools,
): Promise<Probe> {
  const { clock, signal } = tools;
  const started = clock.now().monotonic;
  try {
    await redis.call('reads', ['PING'], signal);
    const took = Math.round(clock.now().monotonic - started);
    const server = await serverFacts(redis, signal);
    const missing = await missingRights(redis, targets, signal);
    const listening = await keyspaceFact(redis, targets, signal);
    const own = await Promise.all(targets.map((target) => keyWarnings(redis, target)));
    const elsewhere = await Promise.all(
      targets.map((target) => findElsewhere(redis, target, ours, clock, signal)),
    );
    const doubles = await sameElsewhere(redis, targets, tools);
    const [first, ...others] = missing;
    return {
      ...(first && { failure: first }),
      facts: [
        [
          REDIS,
          {
            en: en`${redis.name} (${redis.address}) answers in ${took} ms: ${server.what}`,
            zh: zh`${redis.name}（${redis.address}）在 ${took} ms 内应答：${server.what}`,
          },
        ],
        ...server.facts,
        ...listening,
        ...(first ? failureFacts(first) : [further(WRITABLE)]),
        ...others.flatMap(failureFacts),
      ],
      warnings: [...server.warnings, ...doubles, ...own.flat(), ...elsewhere.flat()],
    };
  } catch (error) {
    const failure = failureOf(error, 'none');
    return { failure, facts: failureFacts(failure) };
  }
}

const NOTHING = verbatim('');
const REDIS = verbatim('redis');
const WRITABLE: Text = { en: 'its keys can be read and written', zh: '它的键可读可写' };

/** A fact that goes on with the one above it. */
function further(text: Text): Fact {
  return [NOTHING, text];
}

function failureFacts(failure: Failure): readonly Fact[] {
  const { message, advice } = textsOf(failure);
  return [[REDIS, message], ...(advice === undefined ? [] : [[TO_DO, advice] as const])];
}

/** Answers a question that its user may not have the right to ask, or that a version does not know. */
async function ifAllowed<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const { code } = failureOf(error, 'none');
    if (code === 'redis-forbidden' || code === 'redis-unsupported' || code === 'redis-refused')
      return undefined;
    throw error;
  }
}

interface ServerFacts extends Findings {
  /** Version, role and user, as far as they are told. */
  readonly what: Text;
}

async function serverFacts(redis: RedisConnection, signal: AbortSignal): Promise<ServerFacts> {
  const user = await ifAllowed(redis.call('reads', ['ACL', 'WHOAMI'], signal));
  const text = await ifAllowed(redis.call('reads', ['INFO'], signal));
  const as: Text =
    typeof user === 'string'
      ? { en: `as user ${user}`, zh: `用户 ${user}` }
      : { en: 'as a user whose name it does not tell', zh: '用户名未知' };
  if (typeof text !== 'string') {
    const what = {
      en: en`${as}, who may not ask for its version (INFO)`,
      zh: zh`${as}，无权查询版本（INFO）`,
    };
    return { what, facts: [], warnings: [] };
  }
  const info = infoOf(text);
  const version = info.get('valkey_version') ?? info.get('redis_version') ?? 'unknown';
  const name = info.has('valkey_version') ? 'Valkey' : 'Redis';
  const warnings: Text[] = [];
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  if (policy !== 'noeviction' && info.get('maxmemory') !== '0' && policy !== 'unknown') {
    warnings.push({
      en: en`${redis.where} evicts keys when its memory is full (${policy}): an evicted token is set again within a second where keyspace events are on, else within a minute, and until then SDKs fetch`,
      zh: zh`${redis.where} 内存满时会淘汰键（${policy}）：被淘汰的 token 在开启键空间通知时一秒内重新写入，否则一分钟内，在此之前 SDK 会自己获取`,
    });
  }
  if (info.get('role') === 'slave')
    warnings.push({
      en: en`${redis.where} leads to a replica, which takes no writes`,
      zh: zh`${redis.where} 连到的是从库，不接受写入`,
    });
  const isKept = info.get('aof_enabled') === '1' || info.get('rdb_last_save_time') !== undefined;
  const persistence =
    info.get('aof_enabled') === '1'
      ? PERSISTENCE.append
      : isKept
        ? PERSISTENCE.snapshots
        : PERSISTENCE.unknown;
  return {
    what: { en: en`${name} ${version}, ${as}`, zh: zh`${name} ${version}，${as}` },
    facts: [
      further({
        en: en`eviction ${policy}, persistence: ${persistence}`,
        zh: zh`淘汰策略 ${policy}，持久化：${persistence}`,
      }),
    ],
    warnings,
  };
}

const PERSISTENCE = {
  append: { en: 'append-only file', zh: 'AOF' },
  snapshots: { en: 'snapshots, if any', zh: '快照（如果有）' },
  unknown: { en: 'unknown', zh: '未知' },
} as const satisfies Readonly<Record<string, Text>>;

function infoOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).map((line) => /^([a-z0-9_]+):(.*)$/.exec(line));
  return new Map(lines.flatMap((line) => (line ? [[line[1] ?? '', line[2] ?? ''] as const] : [])));
}

/** What the user of the connection may not do with the keys of the targets, each refusal once. */
async function missingRights(
  redis: RedisConnection,
  targets: readonly RedisTarget[],
  signal: AbortSignal,
): Promise<readonly Failure[]> {
  const found = new Map<string, Failure>();
  for (const target of targets) {
    const names = namesOf(target);
    const questions = [
      readKeys(redis, names),
      // A life of nothing is refused, after the rights have been looked at, and so is whatever else forbids to write.
      ...names.map((name) => redis.call('writes', ['SET', name, '', 'PX', 0], signal)),
    ];
    for (const outcome of await Promise.allSettled(questions)) {
      if (outcome.status === 'fulfilled') continue;
      const failure = failureOf(outcome.reason, 'none');
      if (failure.code !== 'redis-odd-life') found.set(failure.message, failure);
    }
  }
  return [...found.values()];
}

function namesOf(target: RedisTarget): readonly string[] {
  return [...target.keys.map(({ key }) => key), companionOf(valueKeyOf(target))];
}

/** How long the answer to a subscription may take, ms. */
const PATIENCE = 3 * SECOND;

/**
 * Finds targets that write the same keys by a connection with another address, which leads to the same server all the same:
 * the configuration knows servers by their names alone.
 */
async function sameElsewhere(
  redis: RedisConnection,
  targets: readonly RedisTarget[],
  { all, redis: connections, signal }: ProbeTools,
): Promise<readonly Text[]> {
  const ours = new Set(targets.flatMap(namesOf));
  const shared = new Map<string, string>();
  for (const other of all as readonly RedisTarget[]) {
    const key = other.connection === redis.name ? undefined : namesOf(other).find((name) => ours.has(name));
    if (key !== undefined) shared.set(other.connection, key);
  }
  if (shared.size === 0) return [];
  const here = await identityOf(redis, signal);
  const found: Text[] = [];
  for (const [name, key] of shared) {
    const other = connections.connection(name);
    // Whether that one can be reached at all is told where its own targets are.
    const there = await identityOf(other, signal).catch(() => undefined);
    if (here === undefined || there !== here) continue;
    found.push({
      en: en`${redis.where} and ${other.where} lead to one server, and targets of both write ${key}: let all of them name one connection`,
      zh: zh`${redis.where} 和 ${other.where} 通向同一台服务器，而两者的目标都写 ${key}：请让它们都用同一个连接`,
    });
  }
  return found;
}

/** What tells a server, and its database, from all others; undefined where it is not told. */
async function identityOf(redis: RedisConnection, signal: AbortSignal): Promise<string | undefined> {
  // A Cluster has a server for each part of its keys.
  if (redis.isCluster) return undefined;
  const text = await ifAllowed(redis.call('reads', ['INFO'], signal));
  const run = typeof text === 'string' ? infoOf(text).get('run_id') : undefined;
  return run === undefined ? undefined : `${run} ${redis.database}`;
}

/** Says whether changes of the keys are seen at once. */
async function keyspaceFact(
  redis: RedisConnection,
  [target]: readonly RedisTarget[],
  signal: AbortSignal,
): Promise<readonly Fact[]> {
  const channel = target && redis.keyspaceChannel(valueKeyOf(target));
  if (channel === undefined) return [further(IN_CLUSTER)];
  const heard = await new Promise<'yes' | Failure | 'late'>((resolve) => {
    const timer = setTimeout(() => resolve('late'), PATIENCE);
    signal.addEventListener('abort', () => resolve('late'), { once: true });
    const end = redis.subscribe({
      channel,
      message: () => {},
      listening: () => done('yes'),
      deaf: (failure) => done(failure),
    });
    function done(what: 'yes' | Failure): void {
      clearTimeout(timer);
      resolve(what);
      queueMicrotask(end);
    }
  });
  if (typeof heard === 'object') return failureFacts(heard);
  const reply = await ifAllowed(redis.call('reads', ['CONFIG', 'GET', 'notify-keyspace-events'], signal));
  const events = Array.isArray(reply) ? String((reply as readonly Reply[])[1] ?? '') : undefined;
  if (events === undefined) return [further(UNTOLD)];
  const isOn = events.includes('K') && (events.includes('A') || /(?=.*g)(?=.*\$)/.test(events));
  if (isOn) {
    // x is of keys that end, and e of those that are evicted.
    const rest: Text = /[Ae]/.test(events)
      ? NOTHING
      : {
          en: ', evictions within a minute: within a second with e as well',
          zh: '，淘汰一分钟内：再加上 e 后一秒内',
        };
    return [
      further({
        en: en`changes by others are seen within a second (notify-keyspace-events ${events})${rest}`,
        zh: zh`别人的改动一秒内就能看到（notify-keyspace-events ${events}）${rest}`,
      }),
    ];
  }
  const now: Text = events === '' ? { en: 'empty', zh: '为空' } : verbatim(events);
  return [
    further({
      en: en`changes by others are seen within a minute: within a second with notify-keyspace-events Kg$xe (now ${now})`,
      zh: zh`别人的改动一分钟内才能看到：设置 notify-keyspace-events Kg$xe 后一秒内（现在 ${now}）`,
    }),
  ];
}

const IN_CLUSTER: Text = {
  en: 'changes by others are seen within a minute (Redis Cluster)',
  zh: '别人的改动一分钟内能看到（Redis Cluster）',
};
const UNTOLD: Text = {
  en: 'changes by others are seen within a second if notify-keyspace-events has Kg$xe, else within a minute',
  zh: '如果 notify-keyspace-events 含有 Kg$xe，别人的改动一秒内能看到，否则一分钟内',
};

/** What lies at the key and is not what its reader expects. */
async function keyWarnings(redis: RedisConnection, target: RedisTarget): Promise<readonly Text[]> {
  const value = target.keys.find(({ holds }) => holds === 'value');
  if (!value) return [];
  const [held] = (await readKeys(redis, [value.key]).catch(() => [])) ?? [];
  if (!held) return [];
  const encoding = recogniseEncoding(Buffer.from(held.value), target.of);
  if (encoding === value.encoding) return [];
  const how: Text =
    encoding === undefined
      ? { en: 'in no way that is known here', zh: '用未知的编码' }
      : { en: `as ${encoding}`, zh: `用 ${encoding}` };
  return [
    {
      en: en`${value.key} of ${redis.where} holds a value that is written ${how}, and this target writes ${value.encoding}: if the app wrote it, its SDK would not understand ours`,
      zh: zh`${redis.where} 的 ${value.key} 里的值${how}写成，而这个目标写的是 ${value.encoding}：如果是应用写的，它的 SDK 读不懂我们写的值`,
    },
  ];
}

/** The most keys that are asked for, and for how long, ms. */
const ROUNDS = 500;
const SCANNING = 3 * SECOND;

/** Looks for a key of the account under another name than ours: the app may be configured otherwise. */
async function findElsewhere(
  redis: RedisConnection,
  target: RedisTarget,
  ours: ReadonlySet<string>,
  clock: ProbeTools['clock'],
  signal: AbortSignal,
): Promise<readonly Text[]> {
  const { owner, of } = target;
  // In a Cluster a node tells of its own keys alone.
  if (!owner || redis.isCluster) return [];
  const whose: LayoutOwner = { ...owner, kind: of };
  const pattern = patternOf(target, whose);
  const until = clock.now().monotonic + SCANNING;
  const found = new Set<string>();
  let cursor = '0';
  for (let round = 0; round < ROUNDS && clock.now().monotonic < until; round += 1) {
    const reply = await ifAllowed(
      redis.call('reads', ['SCAN', cursor, 'MATCH', pattern, 'COUNT', 1000], signal),
    );
    if (!Array.isArray(reply)) return [];
    const [next, keys] = reply as readonly Reply[];
    for (const key of Array.isArray(keys) ? (keys as readonly Reply[]) : []) {
      const name = String(key);
      if (!ours.has(name) && !name.endsWith(BESIDE)) found.add(name);
    }
    cursor = String(next);
    if (cursor === '0') break;
  }
  return [...found].slice(0, MOST_TOLD).map((name) => {
    const [there, here] = [shownKey(name, whose), valueKeyOf(target)];
    return {
      en: en`${redis.where} has a key of this account elsewhere: ${there}. If its app is to find ours (${here}), its prefix or its layout is another one`,
      zh: zh`${redis.where} 在别处有该账号的键：${there}。如果应用要找到我们的键（${here}），它的前缀或布局设置得不同`,
    };
  });
}

const BESIDE = ':wx-token-sidecar';
const MOST_TOLD = 5;

function patternOf({ layout, of }: RedisTarget, owner: LayoutOwner): string {
  const preset: SdkLayout | undefined = layout && sdkLayouts[layout.name];
  if (preset && layout) return layoutPattern(preset, owner, layout.options);
  return `*${of === 'token' ? 'access_token' : 'ticket'}*${owner.id}*`;
}
