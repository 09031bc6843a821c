import { en, type Text, zh } from '../../core/text.ts';
import type { StateConfig } from '../config.ts';
import type { Settings } from '../schema/index.ts';
import { type Context, isMissing } from './context.ts';
import type { Connections } from './targets.ts';

/** Key of the list of connections, and of the place in `state`. */
const REDIS = 'redis';

/**
 * Checks the `state` section and reports its problems.
 * @param connections the connections that there are
 * @returns where the records are kept; undefined if they are in the state folder, or a name is missing
 */
export function resolveState(
  { state, cluster }: Settings,
  { declared, isListed }: Pick<Connections, 'declared' | 'isListed'>,
  context: Context,
): StateConfig | undefined {
  if (!state) return undefined;
  const at = ['state', REDIS];
  const { redis } = state;
  const wanted: Text = { en: 'the Redis in which the records are kept', zh: '保存记录的 Redis' };
  if (isMissing(context, at, redis, wanted) || !redis) return undefined;
  if (cluster || context.isWrong(['cluster'])) {
    const other = context.name(['cluster']);
    context.complain(['state'], {
      en: `does not go with ${other}, which keeps the records in a Secret; leave one out`,
      zh: `不能与 ${other} 并用，后者把记录保存在 Secret 里：去掉一个`,
    });
  }
  const { connection, prefix } = redis;
  const isKnown = connection === undefined || declared.includes(connection) || !isListed;
  if (!isKnown) {
    const names = [...new Set(declared)];
    const none: Text = {
      en: 'is not the name of an entry of redis',
      zh: 'redis 里没有叫这个名称的一项',
    };
    const what: Text = {
      en: en`${none}; there are: ${names.join(', ')}`,
      zh: zh`${none}；有：${names.join('、')}`,
    };
    context.complain([...at, 'connection'], names.length > 0 ? what : none);
  }
  const which: Text = { en: 'the name of an entry of redis', zh: 'redis 里一项的名称' };
  if (isMissing(context, [...at, 'connection'], connection, which) || connection === undefined)
    return undefined;
  return { redis: { connection, prefix } };
}
