import { EdgeError, failureOf, PASSING } from '../../core/failure.ts';
import { en, zh } from '../../core/text.ts';
import { SECOND } from '../../core/time.ts';
import type { RedisConnection, Reply } from '../../redis/index.ts';
import { withinTime } from '../../system/time/deadline.ts';
import type { SharedServer } from './index.ts';
import type { LockAnswer, PushedAnswer, WriteAnswer } from './state-server.ts';

/** The part of a connection that the store uses. */
export type StateConnection = Pick<
  RedisConnection,
  'name' | 'where' | 'address' | 'get' | 'set' | 'script' | 'subscribe'
>;

/**
 * Time limit of a call, ms. A renewal of a lock has to have another try before its holder gives it up, and what is
 * published waits for a read no longer than this, once: then the server is known not to answer.
 */
const CALL_LIMIT = 4 * SECOND;

/** Keys of one account have one hash tag, so that a script may use them together in a Cluster. */
export function keysOf(prefix: string, account: string) {
  const base = `${prefix}{${account}}`;
  const names = {
    record: `${base}:record`,
    lock: `${base}:lock`,
    pushed: `${base}:pushed`,
    codes: `${base}:codes`,
    permanentCodes: `${base}:permanent-codes`,
  };
  return { ...names, probe: `${base}:probe`, turn: (index: number) => `${base}:turn-${index}` };
}

/** A life that servers refuse after they have looked at whether they take writes at all, ms. So nothing is written. */
const NO_LIFE = 0;

/** The channel on which writes are told. */
export function channelOf(prefix: string): string {
  return `${prefix}changes`;
}

/** KEYS: lock, record. ARGV: value, ms, value of a stale lock, beginning of an own one. */
const TAKE = `
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[3] and string.sub(held, 1, #ARGV[4]) ~= ARGV[4] then
  return {'held', held}
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local record = redis.call('GET', KEYS[2])
if record then return {'taken', record} end
return {'taken'}
`;

/** KEYS: lock. ARGV: beginning of the own value, value, ms. */
const RENEW = `
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`;

/** KEYS: lock. ARGV: beginning of the own value. */
const FREE = `
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/** KEYS: record, lock. ARGV: beginning of the own lock, what has to be there, text, ms, channel, message. */
const WRITE = `
local held = redis.call('GET', KEYS[2])
if held and string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then return 'held' end
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[2] and stored ~= ARGV[3] then return 'changed' end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 'written'
`;

/** KEYS: pushed ticket, or codes. ARGV: what has to be there, text, ms (0: for good), channel, message. */
const KEEP_PUSHED = `
local stored = redis.call('GET', KEYS[1])
if (stored or '') ~= ARGV[1] then
  if stored then return {'changed', stored} end
  return {'changed'}
end
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2])
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return {'kept'}
`;

/** KEYS: the turns. ARGV: ms. */
const TAKE_TURN = `
for _, turn in ipairs(KEYS) do
  if redis.call('SET', turn, '', 'NX', 'PX', ARGV[1]) then return 1 end
end
return 0
`;

/**
 * The records, locks and pushed tickets of accounts by one connection.
 * @param prefix begins the name of every key and of the channel
 */
export function stateServer(connection: StateConnection, prefix: string): SharedServer {
  const { where, address, get, set, script, subscribe } = connection;
  let unsubscribe = () => {};
  const bounded = <T>(work: (signal: AbortSignal) => Promise<T>) => withinTime(CALL_LIMIT, work);

  function run(lua: string, keys: readonly string[], args: readonly (string | number)[]): Promise<Reply> {
    return bounded((signal) => script({ lua, nature: 'writes' }, keys, args, signal));
  }

  /** @throws {EdgeError} for an answer that no script of ours gives */
  function odd(): never {
    throw new EdgeError({
      ...{ class: 'passing', code: 'redis-odd', effect: 'unknown', backoff: PASSING },
      message: { en: en`${where} gave an odd answer to a script`, zh: zh`${where}对脚本的应答很奇怪` },
    });
  }

  return {
    name: where.en,
    placeOf: (account, what) => `${keysOf(prefix, account)[what]} (${connection.name}, ${address})`,
    probe: () => bounded((signal) => get(`${prefix}probe`, signal)),
    async probeWrite(account) {
      const { probe } = keysOf(prefix, account);
      try {
        await bounded((signal) => set(probe, '', NO_LIFE, signal));
      } catch (error) {
        if (failureOf(error, 'none').code !== 'redis-odd-life') throw error;
      }
    },
    read: (account) => bounded((signal) => get(keysOf(prefix, account).record, signal)),
    async take({ account, value, process, stale = '', duration }): Promise<LockAnswer> {
      const { lock, record } = keysOf(prefix, account);
      const answer = await run(TAKE, [lock, record], [value, duration, stale, process]);
      if (!Array.isArray(answer)) return odd();
      const [what, text] = answer as readonly Reply[];
      if (what === 'held' && typeof text === 'string') return { isTaken: false, value: text };
      if (what !== 'taken') return odd();
      return { isTaken: true, ...(typeof text === 'string' && { record: text }) };
    },
    renew: async ({ account, lease, value, duration }) =>
      (await run(RENEW, [keysOf(prefix, account).lock], [lease, value, duration])) === 1,
    async free(account, lease) {
      await run(FREE, [keysOf(prefix, account).lock], [lease]);
    },
    async write({ account, lease, base, text, duration, message }): Promise<WriteAnswer> {
      const { lock, record } = keysOf(prefix, account);
      const args = [lease, base, text, duration, channelOf(prefix), message];
      const answer = await run(WRITE, [record, lock], args);
      if (answer === 'written' || answer === 'held' || answer === 'changed') return answer;
      return odd();
    },
    keep: (account, version, text, duration) =>
      bounded((signal) =>
        set(`${keysOf(prefix, account).record}.version-${version}`, text, duration, signal),
      ),
    readPushed: (account, what) => bounded((signal) => get(keysOf(prefix, account)[what], signal)),
    async keepPushed(what, { account, base, text, duration, message }): Promise<PushedAnswer> {
      const { [what]: key } = keysOf(prefix, account);
      const answer = await run(KEEP_PUSHED, [key], [base, text, duration, channelOf(prefix), message]);
      if (!Array.isArray(answer)) return odd();
      const [outcome, stored] = answer as readonly Reply[];
      if (outcome === 'kept') return { isKept: true };
      if (outcome !== 'changed') return odd();
      return { isKept: false, ...(typeof stored === 'string' && { stored }) };
    },
    async takeTurn(name, count, duration) {
      const { turn } = keysOf(prefix, name);
      const turns = Array.from({ length: count }, (_, index) => turn(index));
      return (await run(TAKE_TURN, turns, [duration])) === 1;
    },
    listen(told, listening) {
      unsubscribe = subscribe({ channel: channelOf(prefix), message: told, listening });
    },
    async close() {
      unsubscribe();
    },
  };
}
