import { decodePushedCodes, encodePushedCodes } from '../../codec/pushed-codes.ts';
import { EdgeError, failureOf, PASSING } from '../../core/failure.ts';
import type { Clock, CodeStore } from '../../core/ports.ts';
import {
  isRemembered,
  MOST_CODES,
  type PushedCode,
  tooManyCodes,
  withCode,
  withoutValue,
} from '../../core/pushed-code.ts';
import { en, zh } from '../../core/text.ts';
import { HOUR } from '../../core/time.ts';
import type { AccountReach } from './reach.ts';
import type { CodeServer } from './state-server.ts';

export interface RedisCodesOptions {
  /** Of the third party. */
  readonly account: string;
  readonly server: CodeServer;
  readonly clock: Clock;
  /** Every call goes through it, so that nobody waits for a server that is known not to answer. */
  readonly reach: AccountReach;
  /** The name of the place, for people. */
  readonly where: string;
  /** What others are told when this process has written. */
  readonly message: string;
  /** Called once for each reason why what is kept cannot be used; it then counts as absent. */
  readonly warn: (message: string) => void;
}

/** The codes stay so long after they were last written, ms: a code is remembered for less than that. */
const EXPIRY = HOUR;

/** Attempts of one write: whoever else writes at the same moment has been pushed a code as well. */
const MOST_TRIES = 20;

/** Keeps the codes under one key, by compare-and-set. What the server has lost, this process writes again. */
export function redisCodeStore(options: RedisCodesOptions): CodeStore {
  const { account, server, clock, reach, where, message, warn } = options;
  /** What this process has kept or read, should the server lose it. */
  let ours: readonly PushedCode[] = [];
  let complained: string | undefined;

  function codesIn(text: string | undefined): readonly PushedCode[] {
    if (text === undefined) return [];
    try {
      const now = clock.now().wall;
      const codes = decodePushedCodes(text, account).filter((code) => isRemembered(code, now));
      complained = undefined;
      return codes;
    } catch (error) {
      const reason = (error as Error).message;
      if (reason !== complained) warn(`ignoring ${where}: ${reason}`);
      complained = reason;
      return [];
    }
  }

  /** What is stored, with what this process knows beyond that. A code that something has come of stays so. */
  function joined(stored: readonly PushedCode[]): readonly PushedCode[] {
    const now = clock.now().wall;
    const known = new Map(ours.filter((code) => isRemembered(code, now)).map((code) => [code.mark, code]));
    for (const code of stored)
      if (known.get(code.mark)?.value || !known.has(code.mark)) known.set(code.mark, code);
    return [...known.values()].slice(-2 * MOST_CODES);
  }

  async function change<Left>(
    decide: (known: readonly PushedCode[]) => readonly PushedCode[] | { readonly leave: Left },
  ): Promise<Left | undefined> {
    let base = await reach.reads(() => server.readCodes(account));
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const wanted = decide(joined(codesIn(base)));
      if ('leave' in wanted) return wanted.leave;
      const text = encodePushedCodes(wanted, account);
      const write = { account, base: base ?? '', text, duration: EXPIRY, message };
      const answer = await reach.writes(() => server.keepCodes(write));
      if (answer.isKept) {
        ours = wanted;
        return undefined;
      }
      base = answer.stored;
    }
    throw new EdgeError({
      ...{ class: 'passing', code: 'redis-contended', effect: 'none', backoff: PASSING },
      message: {
        en: en`${where} changes faster than it can be written`,
        zh: zh`${where} 变化太快，无法写入`,
      },
    });
  }

  /** A write of which no answer came is found to be made already. */
  async function surely<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (failureOf(error, 'none').effect !== 'unknown') throw error;
      return work();
    }
  }

  return {
    async read() {
      try {
        ours = joined(codesIn(await reach.reads(() => server.readCodes(account))));
      } catch (error) {
        if (ours.length === 0) throw error;
      }
      return ours;
    },
    put: (code) =>
      surely(async () => {
        const left = await change<'known'>((known) => {
          const next = withCode(known, code);
          if (next === 'full') throw tooManyCodes(where);
          return next ?? { leave: 'known' };
        });
        return left ?? 'kept';
      }),
    settle: (mark) =>
      surely(async () => {
        await change<'settled'>((known) => withoutValue(known, mark) ?? { leave: 'settled' });
      }),
  };
}
