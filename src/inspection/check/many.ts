import type { ManyConfig } from '../../config/config.ts';
import { createExpander } from '../../config/expand.ts';
import type { Fact, Findings } from '../../core/findings.ts';
import { en, type Text, zh } from '../../core/text.ts';
import { durationText } from '../../observability/log/duration.ts';
import type { RedisConfig } from '../../redis/connection-types.ts';
import { inspectCredential, type Surroundings } from './credential.ts';
import { mergeFindings } from './findings.ts';

/**
 * Describes an entry that stands for as many accounts as the platform lists, and what one of them would be, without
 * sending requests.
 * @param count how many accounts a daemon serves by it, as far as it has told
 */
export async function inspectMany(
  many: ManyConfig,
  count: number,
  surroundings: Surroundings,
  redis: readonly RedisConfig[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Findings> {
  const each = await createExpander().one(many, EACH, redis);
  const found = each && (await inspectCredential(each, surroundings, environment));
  return mergeFindings({ facts: factsOf(many, count), warnings: [] }, ...(found ? [found] : []));
}

/** Stands for the AppID of each account in what is said of all of them. */
const EACH = '{appId}';

function factsOf({ removeAfter, atMost }: ManyConfig, count: number): readonly Fact[] {
  const served: Text =
    count === 0
      ? { en: 'none yet that a daemon told of', zh: '还没有守护进程说明' }
      : { en: `${count} served, as a daemon told last`, zh: `守护进程上次说明：${count} 个` };
  const after = durationText(removeAfter);
  return [
    [
      { en: 'accounts', zh: '账号' },
      {
        en: en`as the platform lists them, at most ${String(atMost)}; ${served}`,
        zh: zh`以平台的列表为准，至多 ${String(atMost)} 个；${served}`,
      },
    ],
    [
      { en: 'no longer listed', zh: '不再列出的' },
      {
        en: en`served on for ${after}, then what was published for them is removed`,
        zh: zh`继续提供 ${after}，之后删除为其发布过的内容`,
      },
    ],
  ];
}
