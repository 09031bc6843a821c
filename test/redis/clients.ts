import { inspect } from 'node:util';
import { failureOf } from '../../src/core/failure.ts';
import type { RedisConfig } from '../../src/redis/connection-types.ts';
import { type RedisConnection, redisOf } from '../../src/redis/index.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import type { AtEnd } from '../support/program.ts';

/** The connection of a test, which ends with it. @param limit how long a command may take, ms */
export function connectionTo(config: RedisConfig, atEnd: AtEnd, limit?: number): RedisConnection {
  const redis = redisOf([config], {
    ...{ clock: systemClock, random: () => 0 },
    ...(limit !== undefined && { limit }),
  });
  atEnd(redis.close);
  return redis.connection(config.name);
}

/** The code of a failure, with what the command may have done; or what it answered. */
export function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(String, (error: unknown) => {
    const { code, effect } = failureOf(error, 'none');
    return `${code}, ${effect}`;
  });
}

/** All that a failure says, wherever it may end up. */
export async function told(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return `${JSON.stringify(failureOf(error, 'none'))} ${inspect(error, { depth: 20, showHidden: true })}`;
}
