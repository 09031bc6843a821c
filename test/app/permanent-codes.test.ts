import { describe, expect, it } from 'vitest';
import { createPermanentCodes } from '../../src/app/permanent-codes.ts';
import { EdgeError } from '../../src/core/failure.ts';
import type { PermanentCode } from '../../src/core/permanent-code.ts';
import type { Unit } from '../../src/core/ports.ts';
import { Secret } from '../../src/core/secret.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { eventually } from '../support/wait.ts';

const CODE = { corpId: 'wpAbCdEf', value: new Secret('permanent-code-of-a-corp'), mark: 'a'.repeat(64) };
const UNIT = { name: 'suite', account: 'weixin/wecom-suite/ww1' } as unknown as Unit;

/** A suite whose state cannot be written so many times. @param isInFile whether the file of the corp can */
function suiteThatFails(times: number, isInFile: boolean) {
  const said: string[] = [];
  const kept: string[] = [];
  const placed: (readonly string[])[] = [];
  let left = times;
  const tell = (level: string) => (message: string, fields?: object) =>
    void said.push(`${level}: ${message} ${JSON.stringify(fields)}`);
  const suite = {
    unit: UNIT,
    store: {
      read: async () => [] as readonly PermanentCode[],
      checkRoom: async () => {},
      async put({ corpId }: Pick<PermanentCode, 'corpId'>) {
        left -= 1;
        if (left >= 0)
          throw new EdgeError({
            ...{ class: 'passing', code: 'ENOSPC', effect: 'none' },
            message: { en: 'no space is left', zh: '没有空间' },
            backoff: { first: 1, growth: 1, cap: 1, jitter: 'full' },
          });
        kept.push(corpId);
      },
    },
    files: {
      prepare: async () => {},
      async place(codes: readonly Pick<PermanentCode, 'corpId'>[]) {
        placed.push(codes.map(({ corpId }) => corpId));
        return isInFile;
      },
    },
  };
  const codes = createPermanentCodes({
    ...{ clock: systemClock, suites: () => [suite], random: () => 0 },
    logger: { info: tell('info'), warn: tell('warn'), error: tell('error') },
  });
  return { suite, said, kept, placed, codes };
}

describe('a permanent code that has been got', () => {
  it('it is tried again until it is kept, and is in the file of the corp meanwhile', async () => {
    const { suite, said, kept, placed, codes } = suiteThatFails(2, true);
    await codes.keep(suite, CODE, new AbortController().signal);
    expect(kept).toEqual(['wpAbCdEf']);
    expect(placed.slice(0, 2)).toEqual([['wpAbCdEf'], ['wpAbCdEf']]);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^error: the permanent code of a corp is not kept yet: no space is left/);
    expect(said[0]).toContain("it is in the corp's file");
    expect(said.join()).not.toContain('permanent-code-of');
  });

  it.each([
    [true, []],
    [false, ['error: the permanent code of a corp was lost: it could not be kept']],
  ])(
    'where the daemon has to end before it is kept, that is told as a loss unless it is in the file (%s)',
    async (isInFile, lost) => {
      const { suite, said, codes } = suiteThatFails(Number.POSITIVE_INFINITY, isInFile);
      const end = new AbortController();
      const keeping = codes.keep(suite, CODE, end.signal);
      const outcome = expect(keeping).rejects.toThrow('no space is left');
      await eventually(() => said.length > 0);
      end.abort();
      await outcome;
      expect(said.slice(1).map((line) => line.slice(0, line.indexOf(' {')))).toEqual(lost);
    },
  );

  it('what is kept of a suite is looked at when something has changed, and otherwise now and then', async () => {
    const { placed, codes } = suiteThatFails(0, true);
    await codes.look();
    await codes.look();
    expect(placed).toHaveLength(1);
    await codes.look('another account');
    await codes.look(UNIT.account);
    expect(placed).toHaveLength(2);
  });
});
