import { basename } from 'node:path';
import { kindOf } from '../../providers/kinds.ts';
import { nameLookedFor } from '../../publishers/formats.ts';
import { fileOf } from '../../publishers/kinds.ts';
import { secretParameter } from '../../schema/values.ts';
import { type CredentialConfig, type FetchedConfig, isFetched, type NotifierConfig } from '../config.ts';

/**
 * Smallest daily budget without a warning. A token that lives two hours takes twelve fetches a day; restarts and
 * retries take more.
 */
const FEWEST_FETCHES = 30;

/** Returns warnings about valid settings of a credential that the operator may regret, one line each. */
export function warningsOf(credential: CredentialConfig): string[] {
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

function aboutId({ type, appId }: FetchedConfig): string[] {
  const { id, idWarning } = kindOf(type);
  const odd = idWarning?.(appId);
  return odd === undefined ? [] : [`the ${id.label} ${appId} may be wrong: ${odd}`];
}

function aboutBudget({ budget: { fetchesPerDay } }: FetchedConfig): string[] {
  if (fetchesPerDay >= FEWEST_FETCHES) return [];
  return [
    `a budget of ${fetchesPerDay} fetches a day may be too small to keep a token alive: ` +
      `12 are needed when nothing goes wrong, ${FEWEST_FETCHES} are a reasonable least`,
  ];
}

/** An SDK that does not find its file fetches a token of its own. */
function aboutFileNames({ appId, publish }: FetchedConfig): string[] {
  return publish.flatMap((target) => {
    const path = fileOf(target);
    const wanted = nameLookedFor(target.format, { appId, kind: target.of });
    if (path === undefined || wanted === undefined || basename(path) === wanted) return [];
    return [
      `whoever reads format ${target.format} looks for a file called ${wanted} and nothing else: ` +
        `it will not find ${path}, and fetch for itself`,
    ];
  });
}

function aboutNotifier(notifier: NotifierConfig): string[] {
  const name = notifier.type === 'webhook' ? secretParameter(notifier.url) : undefined;
  if (notifier.type !== 'webhook' || name === undefined) return [];
  return [
    `the URL of the webhook at ${new URL(notifier.url).origin} seems to carry a secret (${name}=…), ` +
      'for all who may read the configuration: let it be known there by its address or path alone',
  ];
}
