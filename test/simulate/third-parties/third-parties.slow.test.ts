import { describe, expect, it } from 'vitest';
import { DAY } from '../../../src/core/time.ts';
import { allScenarios, type Scenario } from './scenario.ts';
import { simulate } from './simulate.ts';
import { judge } from './verdict.ts';

const DAYS = 3;
const ACCOUNTS = 60;

describe(`a third party with its accounts, over ${DAYS} simulated days`, () => {
  for (const scenario of allScenarios(ACCOUNTS, DAYS, 1)) {
    it(`it stays within the proven bounds with ${scenario.accounts} accounts (${scenario.trouble.name})`, async () => {
      expect(judge(await simulate(scenario)).broken).toEqual([]);
    });
  }

  it.each([1, 2, 3, 5])(
    'many accounts of %i daemons start with at most ten calls a second',
    async (daemons) => {
      const scenario: Scenario = { daemons, accounts: 300, days: 0.01, seed: 1, trouble: { name: 'none' } };
      const { mostInASecond, mostAtOnce, perAccount, broken } = judge(await simulate(scenario));
      expect(broken).toEqual([]);
      expect(perAccount * scenario.days).toBe(1);
      expect(mostInASecond).toBe(10);
      expect(mostAtOnce).toBe(5);
    },
  );

  it('authorisations while pushes pause are healed by the readers that are refused', async () => {
    const trouble = {
      name: 'authorisations in one long pause',
      pauses: { every: DAY, longest: DAY / 2 },
      authorisations: DAY,
    };
    const verdict = judge(await simulate({ accounts: 20, days: DAYS, seed: 3, trouble }));
    expect(verdict.unavoidable).toBeGreaterThan(0);
    expect(verdict.avoidable).toBe(0);
  });
});
