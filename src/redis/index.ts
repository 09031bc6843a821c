import type { Text } from '../core/text.ts';
import { addressOf, whereOf } from './address.ts';
import type { RedisConfig } from './connection-types.ts';
import type { Reply } from './driver.ts';
import { createLink, type LinkOptions, type Nature } from './link.ts';
import { createSubscriber, type Subscription } from './subscriber.ts';

export type { RedisConfig } from './connection-types.ts';
export type { Reply } from './driver.ts';
export type { Subscription } from './subscriber.ts';

/** A script that a server runs in one step: nobody sees, or writes, anything in between. */
export interface Script {
  /** Lua. It is sent with every call: a server that was restarted, or has taken over, knows none. */
  readonly lua: string;
  /** Whether it writes: what is said of one whose answer does not come depends on it. */
  readonly nature: Nature;
}

/**
 * One entry of `redis` in the configuration, and the connection that all its users share. Every command is bounded in time
 * (`CALL_LIMIT`), sent at most once and never kept for later; all of them throw an `EdgeError` that says in plain
 * words what became of it, without keys' values. `effect` is `unsent`, `none` or, for a write whose answer did not come,
 * `unknown`.
 */
export interface RedisConnection {
  readonly name: string;
  /** Names the connection in messages, with its address. */
  readonly where: Text;
  readonly address: string;
  readonly database: number;
  /** Whether keys that change together need a common hash tag. */
  readonly isCluster: boolean;
  /** Sends any command. */
  call(nature: Nature, command: readonly (string | number)[], signal?: AbortSignal): Promise<Reply>;
  /** @returns undefined where there is no such key */
  get(key: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Sets a key that ends by itself. @param px life, ms: at least 1 */
  set(key: string, value: string, px: number, signal?: AbortSignal): Promise<void>;
  /** @returns the life that a key has left, ms; `endless` where it has no end, undefined where there is no such key */
  pttl(key: string, signal?: AbortSignal): Promise<number | 'endless' | undefined>;
  /** @returns how many of the keys there were; in a Cluster they share a hash tag */
  del(keys: readonly string[], signal?: AbortSignal): Promise<number>;
  /** Runs a script on keys; in a Cluster they share a hash tag. */
  script(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
    signal?: AbortSignal,
  ): Promise<Reply>;
  /** @returns how many heard it, of those that listen at the same node */
  publish(channel: string, text: string, signal?: AbortSignal): Promise<number>;
  /**
   * Listens to a channel, on a connection of its own that is made again whenever it is lost.
   * @returns ends the subscription
   */
  subscribe(subscription: Subscription): () => void;
  /**
   * The channel on which a server tells of changes of a key, where its `notify-keyspace-events` has K and g$xe (or A).
   * Undefined in a Cluster, where a node tells of its own keys alone, to those who listen at it.
   */
  keyspaceChannel(key: string): string | undefined;
}

/** Access to the Redis connections of a configuration. Nothing is loaded, read or connected before the first use. */
export interface Redis {
  /** @throws {TypeError} for a name that the configuration does not have, which it reports itself */
  connection(name: string): RedisConnection;
  /** Ends all connections; commands under way and later ones fail. */
  close(): Promise<void>;
}

/** Creates the access to the connections; each connects only when it is first used. */
export function redisOf(configs: readonly RedisConfig[], options: LinkOptions): Redis {
  const open = new Map<string, { readonly connection: RedisConnection; close(): Promise<void> }>();
  return {
    connection(name) {
      const known = open.get(name);
      if (known) return known.connection;
      const config = configs.find((one) => one.name === name);
      if (!config) throw new TypeError(`there is no Redis connection called ${name}`);
      const made = createConnection(config, options);
      open.set(name, made);
      return made.connection;
    },
    async close() {
      await Promise.all([...open.values()].map((one) => one.close()));
    },
  };
}

function createConnection(config: RedisConfig, options: LinkOptions) {
  const link = createLink(config, options);
  const subscriber = createSubscriber(config, options);
  const { send } = link;
  const isCluster = config.endpoint.kind === 'cluster';

  const connection: RedisConnection = {
    name: config.name,
    where: whereOf(config),
    address: addressOf(config),
    database: config.database,
    isCluster,
    call: send,
    async get(key, signal) {
      const value = await send('reads', ['GET', key], signal);
      return typeof value === 'string' ? value : undefined;
    },
    async set(key, value, px, signal) {
      await send('writes', ['SET', key, value, 'PX', px], signal);
    },
    async pttl(key, signal) {
      const left = await send('reads', ['PTTL', key], signal);
      if (left === -1) return 'endless';
      return typeof left === 'number' && left >= 0 ? left : undefined;
    },
    del: async (keys, signal) => Number(await send('writes', ['DEL', ...keys], signal)),
    script: ({ lua, nature }, keys, args, signal) =>
      send(nature, ['EVAL', lua, keys.length, ...keys, ...args], signal),
    publish: async (channel, text, signal) =>
      Number(await send('writes', ['PUBLISH', channel, text], signal)),
    subscribe: subscriber.subscribe,
    keyspaceChannel: (key) => (isCluster ? undefined : `__keyspace@${config.database}__:${key}`),
  };
  return {
    connection,
    async close() {
      await Promise.all([link.close(), subscriber.close()]);
    },
  };
}
