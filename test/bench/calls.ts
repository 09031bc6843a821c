import { FAULTS } from '../simulate/fault.ts';
import { allScenarios } from '../simulate/scenarios.ts';
import { simulate } from '../simulate/simulate.ts';
import { judge, type Verdict } from '../simulate/verdict.ts';
import type { Measure } from './row.ts';

/** Long enough that the call at the very start does not count for much. */
const DAYS = 10;
const SEED = 1;

/** Two hours a token: less is not possible. */
const MINIMUM = 12;

/** The real planner and loop against the sandbox's platform, in simulated time: the only way to see days in seconds. */
export const measureCalls: Measure = async ({ say }) => {
  const calm: Verdict[] = [];
  const faulty: Verdict[] = [];
  for (const scenario of allScenarios(DAYS, SEED)) {
    const isCalm = scenario.fault === FAULTS.none;
    const verdict = judge(await simulate(isCalm ? scenario : { ...scenario, days: 2 }));
    (isCalm ? calm : faulty).push(verdict);
  }
  say(`  ${calm.length + faulty.length} scenarios`);
  const most = Math.max(...calm.map(({ callsPerDay }) => callsPerDay));
  const ratio = most / MINIMUM;
  const reads = faulty.reduce((sum, verdict) => sum + verdict.reads, 0);
  const broken = [...calm, ...faulty].filter((verdict) => verdict.broken.length > 0);
  const bad = calm.reduce((sum, verdict) => sum + verdict.bad, 0);
  return [
    {
      what: `platform calls per account and day, 1, 4 and 50 daemons, ${DAYS} simulated days`,
      ours: `${most.toFixed(2)} at the most`,
      bare: `the platform's minimum: ${MINIMUM}`,
      figure: ratio.toFixed(2),
      budget: '≤ 1.10',
      met: ratio <= 1.1,
    },
    {
      what: 'bad reads without a fault; beyond what the platform itself makes unavoidable with one',
      ours: `${bad}; ${broken.length} of ${faulty.length} scenarios, ${reads} reads`,
      bare: '',
      figure: `${bad}; ${broken.length}`,
      budget: '0',
      met: bad === 0 && broken.length === 0,
    },
  ];
};
