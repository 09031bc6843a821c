import type { Config } from '../../config/config.ts';
import type { Probe, ProbedStore, ProbeTools } from '../../publishers/kind.ts';
import { byKind } from '../../publishers/kinds.ts';
import { type Explanation, verdictOnStores } from './explanation.ts';

/** What is found about the targets of one credential that are written to one system. */
export interface TargetExplanation extends Explanation {
  readonly store: ProbedStore;
}

/** Probes whether the targets of each credential could be written, as far as their kinds can. Changes nothing. */
export async function probeTargets(
  { credentials }: Pick<Config, 'credentials'>,
  tools: Omit<ProbeTools, 'all'>,
): Promise<readonly (readonly TargetExplanation[])[]> {
  const everywhere = new Map(byKind(credentials.flatMap(({ publish }) => publish)));
  return Promise.all(
    credentials.map(async ({ publish }) => {
      const asked = byKind(publish).map(async ([kind, targets]) => {
        const { probe, probed } = kind;
        if (!probe || !probed) return [];
        const all = everywhere.get(kind) ?? targets;
        return [{ store: probed, ...explain(await probe(targets, { ...tools, all })) }];
      });
      return (await Promise.all(asked)).flat();
    }),
  );
}

function explain(probes: readonly Probe[]): Explanation {
  const failures = probes.flatMap(({ failure }) => (failure ? [failure] : []));
  return {
    verdict: verdictOnStores(failures),
    facts: probes.flatMap(({ facts }) => facts),
    warnings: probes.flatMap(({ warnings = [] }) => warnings),
  };
}
