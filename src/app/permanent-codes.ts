import { setTimeout as delay } from 'node:timers/promises';
import { backoffDelay, failureOf, PASSING, textsOf } from '../core/failure.ts';
import type { Clock, Unit } from '../core/ports.ts';
import type { Text } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import type { Logger } from '../observability/log/logger.ts';
import type { ServedSuite } from './joined.ts';
import type { KeepPermanentCode } from './suite-codes.ts';

export interface PermanentCodesOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** The suites whose permanent codes are kept here. */
  readonly suites: () => readonly ServedSuite[];
  /** In [0, 1). */
  readonly random: () => number;
}

/** What sees to it that the file of each corp holds the permanent code that is kept. */
export interface PermanentCodes {
  /** Looks at what is kept of all suites, or of the one with that account: a code may have been got here or elsewhere. */
  look(account?: string): Promise<void>;
  readonly keep: KeepPermanentCode;
}

/** What is kept, and the files, are looked at this often, ms, where nobody tells of a change: a file may be removed. */
const LOOK_EVERY = 30 * SECOND;

export function createPermanentCodes({
  clock,
  logger,
  suites,
  random,
}: PermanentCodesOptions): PermanentCodes {
  /** When each suite was looked at last, monotonic ms. */
  const looked = new WeakMap<Unit, number>();
  /** One look after the other at each: two could write one file. */
  const turns = new WeakMap<Unit, Promise<void>>();
  let complained: string | undefined;

  async function placeAll({ unit, store, files }: ServedSuite): Promise<void> {
    looked.set(unit, clock.now().monotonic);
    try {
      await files.place(await store.read());
      complained = undefined;
    } catch (error) {
      const { message } = failureOf(error, 'none');
      if (message !== complained)
        logger.warn(`the permanent codes of corps cannot be read: ${message}`, { credential: unit.name });
      complained = message;
    }
  }

  function place(suite: ServedSuite): Promise<void> {
    const { unit } = suite;
    const turn = (turns.get(unit) ?? Promise.resolve()).then(() => placeAll(suite));
    turns.set(unit, turn);
    return turn;
  }

  return {
    async look(account) {
      const now = clock.now().monotonic;
      const concerned = suites().filter(({ unit }) =>
        account === undefined
          ? now - (looked.get(unit) ?? Number.NEGATIVE_INFINITY) >= LOOK_EVERY
          : unit.account === account,
      );
      await Promise.all(concerned.map(place));
    },
    async keep(suite, code, signal) {
      const { unit, store, files } = suite;
      const fields = { credential: unit.name, corp_id: code.corpId };
      for (let failures = 1; ; failures += 1) {
        try {
          await store.put(code);
          void place(suite);
          return;
        } catch (error) {
          const { message } = textsOf(failureOf(error, 'none'));
          // In the file of the corp it would at least outlast this process.
          const own = { ...code, exchangedAt: clock.now().wall, former: [] };
          const isInFile = await files.place([own]);
          if (failures === 1)
            logger.error(`the permanent code of a corp is not kept yet: ${message.en}`, {
              ...{ ...fields, advice: isInFile ? IN_FILE : IN_MEMORY, meaning: { zh: ZH_UNKEPT } },
            });
          const wait = backoffDelay(PASSING, Math.min(failures, 3), random());
          await delay(wait, undefined, { signal, ref: false }).catch(() => {});
          if (!signal.aborted) continue;
          if (!isInFile) logger.error('the permanent code of a corp was lost: it could not be kept', fields);
          throw error;
        }
      }
    },
  };
}

const ZH_UNKEPT = '企业的永久授权码还没有保存下来';
const IN_FILE: Text = {
  en: "it is in the corp's file; it is kept for the other daemons as soon as the state can be written",
  zh: '它已写入该企业的文件；状态一旦可以写入，就会为其他守护进程保存',
};
const IN_MEMORY: Text = {
  en: 'only this process has it, and it cannot be got again: let the daemon run, and make room or mend the store',
  zh: '只有本进程持有它，而且无法再次取得：请让守护进程继续运行，并腾出空间或修复存储',
};
