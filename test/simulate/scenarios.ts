import { FAULTS, REDIS_FAULTS } from './fault.ts';
import type { OfficialType, Scenario } from './simulate.ts';

const TYPES: readonly OfficialType[] = ['stable-token', 'access-token'];
const FLEETS = [1, 4, 50];
const ON_REDIS = 3;

/**
 * Every type with every number of daemons on a state folder and every fault, and with three daemons on Redis, each with
 * dice of its own.
 */
export function allScenarios(days: number, seed: number): Scenario[] {
  const onFolder = TYPES.flatMap((type) =>
    FLEETS.flatMap((daemons) =>
      Object.values(FAULTS).map((fault) => ({ type, daemons, state: 'folder' as const, fault, days })),
    ),
  );
  return [...onFolder, ...redisScenarios(days)].map((scenario, index) => ({
    ...scenario,
    seed: seed * 1000 + index,
  }));
}

/** Three daemons on one Redis. */
function redisScenarios(days: number): Omit<Scenario, 'seed'>[] {
  const faults = [...Object.values(FAULTS), ...Object.values(REDIS_FAULTS)];
  return TYPES.flatMap((type) =>
    faults.map((fault) => ({ type, daemons: ON_REDIS, state: 'redis' as const, fault, days })),
  );
}
