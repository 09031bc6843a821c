import { HOUR } from '../../core/time.ts';
import type { CredentialConfig, FetchedConfig, NotifierConfig } from '../config.ts';
import { secretParameter } from '../schema/values.ts';

/** WeChat gives a token so long, and reserves to give it less. */
const LIFE = 2 * HOUR;

/** A token of two hours costs twelve fetches a day; beyond that it takes some for restarts and retries. */
const FEWEST_FETCHES = 30;

/** What is no mistake, and may be regretted all the same: a line each. */
export function misgivings(credential: CredentialConfig): string[] {
  const fetching =
    credential.type === 'mirror' ? [] : [...aboutWindow(credential), ...aboutBudget(credential)];
  return [...fetching, ...credential.notify.flatMap(aboutNotifier)];
}

function aboutWindow({ type, window }: FetchedConfig): string[] {
  // A token that comes back until it ends has no window of its own.
  if (window < LIFE || type === 'wecom') return [];
  return type === 'access-token'
    ? [
        'WXTOKEN_AHEAD (ahead) is not shorter than the 2 h that a token lives: it counts as a third of the life; ' +
          '10m is usual',
      ]
    : [
        'WXTOKEN_ROTATION_WINDOW (rotationWindow) is not shorter than the 2 h that a token lives: it is asked for ' +
          'again and again, though WeChat hands out the next one only in the last 5 min; 5m is usual',
      ];
}

function aboutBudget({ budget: { fetchesPerDay } }: FetchedConfig): string[] {
  if (fetchesPerDay >= FEWEST_FETCHES) return [];
  return [
    `a budget of ${fetchesPerDay} fetches a day may be too small to keep a token alive: ` +
      `12 are needed when nothing goes wrong, ${FEWEST_FETCHES} are a reasonable least`,
  ];
}

function aboutNotifier(notifier: NotifierConfig): string[] {
  const name = notifier.type === 'webhook' ? secretParameter(notifier.url) : undefined;
  if (notifier.type !== 'webhook' || name === undefined) return [];
  return [
    `the URL of the webhook at ${new URL(notifier.url).origin} seems to carry a secret (${name}=…), ` +
      'for all who may read the configuration: let it be known there by its address or path alone',
  ];
}
