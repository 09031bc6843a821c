import { LEFT, SKIPPED } from '../../app/skipped.ts';
import type { ManyConfig } from '../../config/config.ts';
import type { Expansion, Skipped } from '../../config/expand.ts';
import { type Fact, type Findings, MORE } from '../../core/findings.ts';
import { type Listing, listStanding, relisted } from '../../core/listing.ts';
import { en, type Text, verbatim, zh } from '../../core/text.ts';
import { durationText } from '../../observability/log/duration.ts';
import type { ListProbe, Unasked } from './probe-list.ts';

/** Most accounts that one line names. */
const MOST_NAMED = 10;

/** What a daemon would know of the list after this answer. */
export function nextListing({ known, now }: ListProbe, { removeAfter }: ManyConfig): Listing | undefined {
  return now ? relisted(known, now, now.at, removeAfter) : known;
}

/**
 * Says what an entry would serve: how many accounts, which are new, and which are not served and why.
 * @param listing see {@link nextListing}
 * @param wall now, epoch ms
 */
export function describeList(
  { known, asked, unasked, now }: ListProbe,
  listing: Listing | undefined,
  { served, gone, missing, skipped }: Expansion,
  many: ManyConfig,
  wall: number,
): Findings {
  const isAnswered = asked?.outcome.kind === 'listed';
  const facts: Fact[] = unasked ? [[LIST, UNASKED[unasked]]] : [];
  const warnings: Text[] = [];
  if (!listing) return { facts: [...facts, [isAnswered ? MORE : LIST, NEVER_READ]], warnings };
  const listed = Object.values(listing.accounts).filter((since) => since === 0).length;
  const here = String(served.length);
  const all: Text = { en: listed === 1 ? '1 account' : `${listed} accounts`, zh: `${listed} 个账号` };
  const ago = known && durationText(wall - known.at);
  facts.push(
    isAnswered
      ? [
          LIST,
          {
            en: en`the platform lists ${all}: ${here} would be served`,
            zh: zh`平台列出 ${all}：会提供 ${here} 个`,
          },
        ]
      : [
          unasked ? MORE : LIST,
          ago && known.at > 0
            ? {
                en: en`a daemon read it ${ago} ago, with ${all}: ${here} served`,
                zh: zh`守护进程在 ${ago}前读过，有 ${all}：提供 ${here} 个`,
              }
            : {
                en: en`a daemon has read ${all} of it, and not yet the whole: ${here} served`,
                zh: zh`守护进程读到过 ${all}，还没有读全：提供 ${here} 个`,
              },
        ],
  );
  const news = served.filter(({ appId }) => isAnswered && !(known && isServed(known, appId, many)));
  if (news.length > 0) facts.push([{ en: 'new', zh: '新的' }, namesOf(news.map(({ appId }) => appId))]);
  if (missing > 0) {
    const ids = served.filter(({ appId }) => (listing.accounts[appId] ?? 0) > 0).map(({ appId }) => appId);
    facts.push([
      { en: 'missing', zh: '不在列表里' },
      {
        en: en`served on although the list lacks them: ${namesOf(ids)}`,
        zh: zh`列表里没有，仍继续提供：${namesOf(ids)}`,
      },
    ]);
  }
  const ending = gone.filter(({ appId }) => known && isServed(known, appId, many)).map(({ appId }) => appId);
  if (ending.length > 0)
    facts.push([
      { en: 'gone', zh: '离开的' },
      {
        en: en`no longer served, and what was published for them is removed: ${namesOf(ending)}`,
        zh: zh`不再提供，并删除为其发布过的内容：${namesOf(ending)}`,
      },
    ]);
  for (const [why, ids] of byReason(skipped)) {
    const { message, advice } = SKIPPED[why];
    const line: Text = {
      en: en`${message}: ${namesOf(ids)}; ${advice}`,
      zh: zh`${message}：${namesOf(ids)}；${advice}`,
    };
    if (why === 'configured') facts.push([MORE, line]);
    else warnings.push(line);
  }
  const left = skipped.flatMap((one) => one.left ?? []);
  if (left.length > 0)
    warnings.push({
      en: en`${LEFT.message}: ${namesOf(left)}; ${LEFT.advice}`,
      zh: zh`${LEFT.message}：${namesOf(left)}；${LEFT.advice}`,
    });
  if (now && !now.isComplete) warnings.push(NOT_WHOLE);
  return { facts, warnings };
}

function isServed(known: Listing, id: string, { removeAfter }: ManyConfig): boolean {
  const standing = listStanding(known, id, removeAfter);
  return standing === 'listed' || standing === 'missing';
}

function byReason(skipped: Expansion['skipped']): ReadonlyMap<Skipped, readonly string[]> {
  const found = new Map<Skipped, string[]>();
  for (const { id, why } of skipped) found.set(why, [...(found.get(why) ?? []), id]);
  return found;
}

function namesOf(ids: readonly string[]): Text {
  const rest = ids.length - MOST_NAMED;
  const some = ids.slice(0, MOST_NAMED).join(', ');
  return rest > 0 ? { en: `${some} and ${rest} more`, zh: `${some}，另有 ${rest} 个` } : verbatim(some);
}

const LIST: Text = { en: 'list', zh: '列表' };

const NEVER_READ: Text = { en: 'no daemon has read it yet', zh: '还没有守护进程读过' };

const UNASKED = {
  'no-party': {
    en: 'not asked: no live token of the third party is stored here, and fetching one would end the one in use',
    zh: '没有询问：这里没有保存第三方平台的有效 token，而获取一个会使正在使用的失效',
  },
  'no-budget': {
    en: 'not asked: the budget of fetches is used up for now, and what is left of it belongs to the daemon',
    zh: '没有询问：获取的限额暂时用完了，剩下的留给守护进程',
  },
} as const satisfies Readonly<Record<Unasked, Text>>;

const NOT_WHOLE: Text = {
  en: 'the list changed while it was read, or does not have as many accounts as the platform counts: it takes nobody away, and a daemon reads it again within the hour',
  zh: '列表在读取期间有变动，或者与平台给出的账号数目不符：它不会让任何账号离开，守护进程一小时内会再读',
};
