import { describe, expect, it } from 'vitest';
import { allScenarios } from './scenarios.ts';
import { simulate } from './simulate.ts';
import { judge } from './verdict.ts';

const DAYS = 2;

describe(`${DAYS} simulated days`, () => {
  for (const scenario of allScenarios(DAYS, 1)) {
    const { type, daemons, state, fault } = scenario;
    it(`a fleet of ${daemons} on a ${state} for the ${type} stays within the proven bounds (fault: ${fault.name})`, async () => {
      expect(judge(await simulate(scenario)).broken).toEqual([]);
    });
  }
});
