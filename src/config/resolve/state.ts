import type { StateConfig } from '../config.ts';
import type { Settings } from '../schema/index.ts';
import { type Context, isMissing } from './context.ts';

/** Key of the list of connections, and of the place in `state`. */
const REDIS = 'redis';

/**
 * Checks the `state` section and reports its problems.
 * @param connections names of the connections that there are
 * @returns where the records are kept; undefined if they are in the state folder, or a name is missing
 */
export function resolveState(
  { state, cluster }: Settings,
  connections: readonly string[],
  context: Context,
): StateConfig | undefined {
  if (!state) return undefined;
  const at = ['state', REDIS];
  const { redis } = state;
  if (isMissing(context, at, redis, 'the Redis in which the records are kept') || !redis) return undefined;
  if (cluster || context.isWrong(['cluster'])) {
    const what = `does not go with ${context.name(['cluster'])}, which keeps the records in a Secret: leave one out`;
    context.complain(['state'], what);
  }
  const { connection, prefix } = redis;
  const isKnown = connection === undefined || connections.includes(connection) || context.isWrong([REDIS]);
  if (!isKnown) {
    const names = [...new Set(connections)];
    const known = names.length > 0 ? `; there are: ${names.join(', ')}` : '';
    context.complain([...at, 'connection'], `is not the name of an entry of redis${known}`);
  }
  const which = 'the name of an entry of redis';
  if (isMissing(context, [...at, 'connection'], connection, which) || connection === undefined)
    return undefined;
  return { redis: { connection, prefix } };
}
