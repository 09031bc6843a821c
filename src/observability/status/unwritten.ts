/** The words for a record that cannot be written, and for what a restart would cost meanwhile. */

import { type Failure, type Told, toldWith } from '../../core/failure.ts';
import type { View } from '../../core/plan.ts';
import { type RestartCost, unwritten } from '../../core/restart-cost.ts';
import { type Bilingual, joined, SEMICOLON, type Text } from '../../core/text.ts';
import { type Instant, SECOND } from '../../core/time.ts';

/** Why the record does not hold what the daemon knows. */
export interface StateError extends StateErrorWords, Bilingual<StateErrorWords> {
  readonly code: string;
  /** Epoch seconds. This and the next two are absent where an older version wrote the status. */
  readonly since?: number;
  readonly restart_costs?: RestartCost;
}

interface StateErrorWords extends Told {
  /** The same as `restart_costs`, as a sentence. */
  readonly restart?: string;
}

const UNSAVED = {
  code: 'unsaved',
  ...toldWith({
    message: {
      en: 'the record is not written yet: another daemon holds the lock of the account',
      zh: '记录尚未写入：另一个守护进程占着该账号的锁',
    },
  }),
};

/** What is wrong with the record of an account; undefined when nothing is. */
export function stateErrorOf(
  { unit, state }: Pick<View, 'unit' | 'state'>,
  now: Instant,
): StateError | undefined {
  const found = unwritten(state, unit, now);
  if (!found) return undefined;
  const { since, failure, restartCosts } = found;
  const {
    code,
    message,
    advice,
    zh: translated,
  }: Failure | (typeof UNSAVED & { readonly advice?: string }) = failure ?? UNSAVED;
  const isInFolder = unit.store.handOver === undefined && !unit.store.isElsewhere;
  const needsFolder = unit.policy.destructive && !unit.policy.follows && isInFolder;
  const costs = RESTARTS[restartCosts];
  const restart = failure && needsFolder ? joined([costs, MAY_NOT_START], SEMICOLON) : costs;
  return {
    ...{ code, message },
    ...(advice !== undefined && { advice }),
    since: Math.floor((now.wall - (now.monotonic - since.monotonic)) / SECOND),
    restart_costs: restartCosts,
    restart: restart.en,
    zh: { ...translated, restart: restart.zh },
  };
}

const RESTARTS: Readonly<Record<RestartCost, Text>> = {
  nothing: {
    en: 'a restart now costs no call and forgets nothing: the record holds all that this daemon knows',
    zh: '现在重启不花调用，也不会丢失任何内容：记录里有本守护进程所知道的一切',
  },
  ledger: {
    en: 'a restart now costs no call, since the token is found again, but the calls since the last write are forgotten',
    zh: '现在重启不花调用，因为能找回 token，但最后一次写入之后的调用次数会丢失',
  },
  call: {
    en:
      'a restart now costs a call, since the token is nowhere to be found again; readers keep theirs, and the calls ' +
      'since the last write are forgotten',
    zh: '现在重启要花一次调用，因为哪里都找不回 token；读取方手里的仍然有效，最后一次写入之后的调用次数会丢失',
  },
  token: {
    en:
      'a restart now costs a call and the token that readers hold, since a fetch kills it; the calls since the last ' +
      'write are forgotten',
    zh: '现在重启要花一次调用，而且会使读取方手里的 token 失效；最后一次写入之后的调用次数会丢失',
  },
  source: {
    en: 'a restart now costs no call, but the daemon is not ready before the source can be read',
    zh: '现在重启不花调用，但在来源能读取之前，守护进程未就绪',
  },
};

/** A state folder that may not be written is a mistake to whoever needs it, and the daemon ends with 78. */
const MAY_NOT_START: Text = {
  en: 'before the state folder can be written, the daemon may not start',
  zh: '在状态目录可写之前，守护进程可能无法启动',
};
