import type { Config } from '../../config/config.ts';
import type { Probe, ProbeTools } from '../../publishers/kind.ts';
import { byKind } from '../../publishers/kinds.ts';
import { type Explanation, verdictOnCluster } from './explanation.ts';

/** Probes whether the targets of each credential could be written, as far as their kinds can. Changes nothing. */
export async function probeTargets(
  { credentials }: Pick<Config, 'credentials'>,
  tools: ProbeTools,
): Promise<readonly Explanation[]> {
  return Promise.all(
    credentials.map(async ({ publish }) => {
      const asked = byKind(publish).map(async ([kind, targets]) => kind.probe?.(targets, tools) ?? []);
      return explain((await Promise.all(asked)).flat());
    }),
  );
}

function explain(probes: readonly Probe[]): Explanation {
  const failures = probes.flatMap(({ failure }) => (failure ? [failure] : []));
  return {
    verdict: verdictOnCluster(failures),
    facts: probes.flatMap(({ facts }) => facts),
    warnings: probes.flatMap(({ warnings = [] }) => warnings),
  };
}
