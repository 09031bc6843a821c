import type { RedisConnection, Reply } from '../redis/index.ts';

/**
 * Reads keys in one step: of each its value, the SHA-1 of its bytes and its life. By the hash it can be told whether it is
 * still the same, also where it is no text.
 */
const READ = {
  nature: 'reads',
  lua: `local found = {}
for i = 1, #KEYS do
  local value = redis.call('GET', KEYS[i])
  if value then
    found[i] = { value, redis.sha1hex(value), redis.call('PTTL', KEYS[i]) }
  else
    found[i] = {}
  end
end
return found`,
} as const;

/** Sets keys, each with the same end, where all of them hold what was read before; else it leaves all as they are. */
const SWAP = {
  nature: 'writes',
  lua: `for i = 1, #KEYS do
  local value = redis.call('GET', KEYS[i])
  local mark = value and redis.sha1hex(value) or ''
  if mark ~= ARGV[2 * i] then return 0 end
end
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], ARGV[2 * i + 1], 'PX', ARGV[1])
end
return 1`,
} as const;

/**
 * Removes keys where all of them hold what was read before; else it leaves all as they are. They end at once with the value
 * that they have: DEL would be one more right, which users of an ACL that publish do not have.
 */
const DROP = {
  nature: 'writes',
  lua: `for i = 1, #KEYS do
  local value = redis.call('GET', KEYS[i])
  local mark = value and redis.sha1hex(value) or ''
  if mark ~= ARGV[i] then return 0 end
end
for i = 1, #KEYS do
  local value = redis.call('GET', KEYS[i])
  if value then redis.call('SET', KEYS[i], value, 'PX', 1) end
end
return 1`,
} as const;

/** What a key holds. */
export interface Held {
  readonly value: string;
  /** The SHA-1 of its bytes. */
  readonly mark: string;
  /** ms; `endless` where it does not end. */
  readonly life: number | 'endless';
}

/** Reads keys, which in a Cluster share a slot; undefined for one that is not there. */
export async function readKeys(
  redis: RedisConnection,
  keys: readonly string[],
): Promise<readonly (Held | undefined)[]> {
  const reply = await redis.script(READ, keys, []);
  const found = Array.isArray(reply) ? (reply as readonly Reply[]) : [];
  return keys.map((_, index) => heldIn(found[index]));
}

function heldIn(reply: Reply | undefined): Held | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [value, mark, life] = reply as readonly Reply[];
  if (typeof value !== 'string' || typeof mark !== 'string') return undefined;
  return { value, mark, life: typeof life === 'number' && life >= 0 ? life : 'endless' };
}

/** One key to be set. */
export interface Swap {
  readonly key: string;
  /** What it is to hold before. */
  readonly before: Held | undefined;
  readonly value: string;
}

/** Sets all of these keys to end in so many ms, or none of them. @returns whether they were as they had been read */
export async function swapKeys(redis: RedisConnection, swaps: readonly Swap[], px: number): Promise<boolean> {
  const args = swaps.flatMap(({ before, value }) => [before?.mark ?? '', value]);
  const keys = swaps.map(({ key }) => key);
  return (await redis.script(SWAP, keys, [px, ...args])) === 1;
}

/** Removes all of these keys, or none of them. @returns whether they were as they had been read */
export async function dropKeys(
  redis: RedisConnection,
  drops: readonly Pick<Swap, 'key' | 'before'>[],
): Promise<boolean> {
  const marks = drops.map(({ before }) => before?.mark ?? '');
  const keys = drops.map(({ key }) => key);
  return (await redis.script(DROP, keys, marks)) === 1;
}
