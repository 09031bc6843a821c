import { type RedisOptions, type RedisServer, type Skipping, startRedis } from '../support/redis-server.ts';

/** A server whose data take as long to be loaded as a test wants. */
export interface SlowLoader extends RedisServer {
  /** Kills it and starts it again; it answers that it loads, until {@link loaded}. */
  load(): Promise<void>;
  /** Lets it load the rest at once. */
  loaded(): Promise<void>;
}

/** How many keys its dump has, and how long each of them takes, µs: longer than any test. It answers after every other one. */
const KEYS = 10_000;
const EACH = 50_000;

/** Settings of Redis's own tests: `src/config.c` of 7.0, seen 2026-11. */
const SLOW = ['rdbcompression no', 'loading-process-events-interval-bytes 1024', `key-load-delay ${EACH}`];

export async function startSlowLoader(ctx: Skipping, options: RedisOptions = {}): Promise<SlowLoader> {
  const server = await startRedis(ctx, { ...options, config: [...(options.config ?? []), ...SLOW] });
  const fill = `for i = 1, ${KEYS} do redis.call('SET', 'neighbour:' .. i, string.rep('x', 512)) end`;
  await server.cli('EVAL', fill, '0');
  await server.cli('SAVE');
  return {
    ...server,
    async load() {
      await server.kill();
      await server.restart('answering');
    },
    async loaded() {
      await server.cli('CONFIG', 'SET', 'key-load-delay', '0');
    },
  };
}
