import { basename } from 'node:path';
import { en, type Text, zh } from '../../core/text.ts';
import { kindOf } from '../../providers/kinds.ts';
import { nameLookedFor } from '../../publishers/formats.ts';
import { fileOf } from '../../publishers/kinds.ts';
import { secretParameter } from '../../schema/addresses.ts';
import { type CredentialConfig, type FetchedConfig, isFetched, type NotifierConfig } from '../config.ts';

/**
 * Smallest daily budget without a warning. A token that lives two hours takes twelve fetches a day; restarts and
 * retries take more.
 */
const FEWEST_FETCHES = 30;

/** Returns warnings about valid settings of a credential that the operator may regret, one line each. */
export function warningsOf(credential: CredentialConfig): Text[] {
  const fetching = isFetched(credential)
    ? [
        ...aboutId(credential),
        ...(kindOf(credential.type).warnings?.(credential.options) ?? []),
        ...aboutBudget(credential),
        ...aboutFileNames(credential),
      ]
    : [];
  return [...fetching, ...credential.notify.flatMap(aboutNotifier)];
}

function aboutId({ type, appId, listedBy }: FetchedConfig): Text[] {
  // The platform has written it, nobody by hand.
  if (listedBy !== undefined) return [];
  const { id, idWarning } = kindOf(type);
  const odd = idWarning?.(appId);
  if (!odd) return [];
  return [
    {
      en: en`the ${id.label} ${appId} may be wrong: ${odd}`,
      zh: zh`${id.label} ${appId} 可能写错了：${odd}`,
    },
  ];
}

function aboutBudget({ budget: { fetchesPerDay } }: FetchedConfig): Text[] {
  if (fetchesPerDay >= FEWEST_FETCHES) return [];
  return [
    {
      en:
        `a budget of ${fetchesPerDay} fetches a day may be too small to keep a token alive: ` +
        `12 are needed when nothing goes wrong, ${FEWEST_FETCHES} are a reasonable least`,
      zh: `每天 ${fetchesPerDay} 次获取的限额可能不足以让 token 一直有效：一切正常时需要 12 次，至少 ${FEWEST_FETCHES} 次比较稳妥`,
    },
  ];
}

/** An SDK that does not find its file fetches a token of its own. */
function aboutFileNames({ appId, publish }: FetchedConfig): Text[] {
  return publish.flatMap((target) => {
    const path = fileOf(target);
    const wanted = nameLookedFor(target.format, { appId, kind: target.of });
    if (path === undefined || wanted === undefined || basename(path) === wanted) return [];
    return [
      {
        en:
          `whoever reads format ${target.format} looks for a file called ${wanted} and nothing else: ` +
          `it will not find ${path}, and fetch for itself`,
        zh: `读取 ${target.format} 格式的程序只找名为 ${wanted} 的文件：它找不到 ${path}，就会自己去获取`,
      },
    ];
  });
}

function aboutNotifier(notifier: NotifierConfig): Text[] {
  const name = notifier.type === 'webhook' ? secretParameter(notifier.url) : undefined;
  if (notifier.type !== 'webhook' || name === undefined) return [];
  const { origin } = new URL(notifier.url);
  return [
    {
      en:
        `the URL of the webhook at ${origin} seems to carry a secret (${name}=…), ` +
        'for all who may read the configuration: let it be known there by its address or path alone',
      zh: `webhook ${origin} 的 URL 里似乎有机密（${name}=…），能读配置的人都看得到：让对方只凭地址或路径识别它`,
    },
  ];
}
