import { accountOf } from '../../app/app-secret.ts';
import { decodeRecord } from '../../codec/record.ts';
import { type Config, type CredentialConfig, isFetched, type StateConfig } from '../../config/config.ts';
import { LOCK_TIMES } from '../../coordination/redis/account-lock.ts';
import { channelOf, keysOf } from '../../coordination/redis/scripts.ts';
import { holderIn } from '../../coordination/redis/state-server.ts';
import { EdgeError, failureOf, textsOf } from '../../core/failure.ts';
import { type Fact, type Findings, TO_DO } from '../../core/findings.ts';
import type { Clock } from '../../core/ports.ts';
import { en, type Text, verbatim, zh } from '../../core/text.ts';
import { durationText } from '../../observability/log/duration.ts';
import type { RedisConnection } from '../../redis/index.ts';
import { rejectOnAbort } from '../../system/time/deadline.ts';
import { type Explanation, verdictOnStores } from './explanation.ts';

/** Describes the shared state in Redis without sending requests. */
export function inspectRedisState({ redis: { connection, prefix } }: StateConfig): Findings {
  const lock = durationText(LOCK_TIMES.duration);
  const facts: Fact[] = [
    [
      { en: 'refresher', zh: '刷新者' },
      {
        en: 'whichever daemon takes the lock of an account when it has something to fetch',
        zh: '需要获取时拿到该账号的锁的那个守护进程',
      },
    ],
    [
      { en: 'hand-over', zh: '交接' },
      {
        en: en`nothing to hand over; after ${lock} when one dies while it fetches`,
        zh: zh`无需交接；如果一个守护进程在获取时死去，${lock}后由别的接手`,
      },
    ],
    [
      { en: 'state', zh: '状态' },
      {
        en: `in Redis, by the connection ${connection}, in keys that begin with ${prefix}`,
        zh: `在 Redis，连接 ${connection}，键以 ${prefix} 开头`,
      },
    ],
    [
      { en: 'local', zh: '本地' },
      {
        en: 'requests of refresh and what status reads, in the state folder',
        zh: 'refresh 的请求和 status 读取的内容，在状态目录',
      },
    ],
  ];
  return { facts, warnings: [] };
}

type Connection = Pick<RedisConnection, 'where' | 'get' | 'script' | 'subscribe'>;

/**
 * Reads the records of all accounts, and tries the rights that need no write: to read, to run scripts, to listen.
 * @param signal ends the requests
 */
export async function probeRedisState(
  { redis: { prefix } }: StateConfig,
  { credentials }: Pick<Config, 'credentials'>,
  connection: Connection,
  clock: Clock,
  signal: AbortSignal,
): Promise<Explanation> {
  try {
    const facts: Fact[] = [];
    for (const credential of credentials)
      facts.push(...(await describe(credential, prefix, connection, clock, signal)));
    await listens(connection, channelOf(prefix), signal);
    return {
      verdict: 'good',
      facts: [
        [
          { en: 'answer', zh: '应答' },
          {
            en: en`${connection.where} may be read and listened to`,
            zh: zh`${connection.where} 可以读取和订阅`,
          },
        ],
        ...facts,
      ],
      warnings: [],
    };
  } catch (error) {
    const failure = failureOf(error, 'none');
    const { message, advice } = textsOf(failure);
    const todo: readonly Fact[] = advice === undefined ? [] : [[TO_DO, advice]];
    const none: Text = { en: 'no answer', zh: '无应答' };
    return { verdict: verdictOnStores([failure]), facts: [[none, message], ...todo], warnings: [] };
  }
}

/** By a script, as the daemon does it: a user may be allowed one thing and not the other. */
const LOOK = `return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])}`;

async function describe(
  credential: CredentialConfig,
  prefix: string,
  { script }: Connection,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly Fact[]> {
  if (!isFetched(credential)) return [];
  const { account } = await accountOf(credential);
  const { record, lock } = keysOf(prefix, account);
  const found = await script({ lua: LOOK, nature: 'reads' }, [record, lock], [], signal);
  const [text, held] = Array.isArray(found) ? (found as readonly unknown[]) : [];
  const holder = typeof held === 'string' ? heldBy(holderIn(held)) : verbatim('');
  const what = typeof text === 'string' ? inRecord(text, account, clock) : NO_RECORD;
  return [[verbatim(credential.name), { en: en`${what}${holder}`, zh: zh`${what}${holder}` }]];
}

const NO_RECORD: Text = { en: 'no record yet', zh: '还没有记录' };

function heldBy(holder: string | undefined): Text {
  const who: Text = holder === undefined ? { en: 'another program', zh: '别的程序' } : verbatim(holder);
  return { en: en`; ${who} has its lock`, zh: zh`；${who} 持有它的锁` };
}

function inRecord(text: string, account: string, clock: Clock): Text {
  try {
    const { token } = decodeRecord(text, account);
    if (!token) return { en: 'a record without a token', zh: '记录里没有 token' };
    const left = token.expiresAt - clock.now().wall;
    if (left <= 0) return { en: 'a token that has ended', zh: 'token 已过期' };
    const life = durationText(left);
    return { en: en`a token with ${life} of life left`, zh: zh`token 还有 ${life}有效` };
  } catch (error) {
    const { message } = error as Error;
    return { en: `a record that cannot be used: ${message}`, zh: `记录不能用：${message}` };
  }
}

async function listens({ subscribe }: Connection, channel: string, signal: AbortSignal): Promise<void> {
  let unsubscribe = () => {};
  const heard = new Promise<void>((resolve, reject) => {
    unsubscribe = subscribe({
      channel,
      message: () => {},
      listening: resolve,
      deaf: (failure) => reject(new EdgeError(failure)),
    });
  });
  try {
    await Promise.race([heard, rejectOnAbort(signal)]);
  } finally {
    unsubscribe();
  }
}
