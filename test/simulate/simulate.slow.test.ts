import { describe, expect, it } from 'vitest';
import { allScenarios } from './scenarios.ts';
import { simulate } from './simulate.ts';
import { judge } from './verdict.ts';

const DAYS = 2;

describe(`in ${DAYS} simulated days`, () => {
  for (const scenario of allScenarios(DAYS, 1)) {
    const { type, daemons, fault } = scenario;
    it(`${daemons} × ${type}, ${fault.name}: nothing is worse than the design proves`, async () => {
      expect(judge(await simulate(scenario)).broken).toEqual([]);
    });
  }
});
