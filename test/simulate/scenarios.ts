import { FAULTS } from './fault.ts';
import type { OfficialType, Scenario } from './simulate.ts';

const TYPES: readonly OfficialType[] = ['stable-token', 'access-token'];
const FLEETS = [1, 4, 50];

/** Every type with every number of daemons and every fault, each with dice of its own. */
export function allScenarios(days: number, seed: number): Scenario[] {
  return TYPES.flatMap((type) =>
    FLEETS.flatMap((daemons) => Object.values(FAULTS).map((fault) => ({ type, daemons, fault, days }))),
  ).map((scenario, index) => ({ ...scenario, seed: seed * 1000 + index }));
}
