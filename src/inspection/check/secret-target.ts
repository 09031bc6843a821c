import { toBase64 } from '../../codec/encoding.ts';
import { detailsKeyOf } from '../../codec/secret-layout.ts';
import type { Config, SecretTargetConfig, TargetConfig } from '../../config/config.ts';
import { type Failure, failureOf } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { type Explanation, verdictOnCluster } from './explanation.ts';
import type { Fact, Findings } from './findings.ts';

/** Into which keys of which Secrets one credential goes. */
export function inspectSecretTargets(targets: readonly SecretTargetConfig[]): Findings {
  const facts = targets.map(({ of, namespace, name, key, format }): Fact => {
    return [of, `Secret ${namespace}/${name}, key ${key}: ${format}, details in ${key}.json`];
  });
  return { facts, warnings: [] };
}

export function secretsAmong(targets: readonly TargetConfig[]): SecretTargetConfig[] {
  return targets.filter((target) => target.type === 'kubernetes-secret');
}

/**
 * Reads the Secrets of each credential and makes as if it wrote them: that takes the same rights, and changes nothing.
 * @param signal its reason says why it ended
 */
export async function probeAll(
  { credentials }: Pick<Config, 'credentials'>,
  kubernetes: Pick<Kubernetes, 'client'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly Explanation[]> {
  const ask = async (target: SecretTargetConfig) => probe(target, kubernetes, clock, signal);
  return Promise.all(
    credentials.map(async ({ publish }) => explain(await Promise.all(eachSecret(publish).map(ask)))),
  );
}

/** One target of each Secret. */
function eachSecret(targets: readonly TargetConfig[]): SecretTargetConfig[] {
  const named = secretsAmong(targets).map(
    (target) => [`${target.namespace}/${target.name}`, target] as const,
  );
  return [...new Map(named).values()];
}

function explain(probes: readonly Probe[]): Explanation {
  const failures = probes.flatMap(({ failure }) => (failure ? [failure] : []));
  return { verdict: verdictOnCluster(failures), facts: probes.flatMap(({ facts }) => facts), warnings: [] };
}

interface Probe {
  readonly facts: readonly Fact[];
  readonly failure?: Failure;
}

async function probe(
  { namespace, name, key }: SecretTargetConfig,
  kubernetes: Pick<Kubernetes, 'client'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Probe> {
  const started = clock.now().monotonic;
  const secret = { resource: 'secrets', namespace, name } as const;
  try {
    const client = await kubernetes.client();
    const { metadata } = await client.get(secret, { signal });
    // As small as can be, and still a change of data: that is what an immutable Secret and a policy refuse.
    const data = { [detailsKeyOf(key)]: toBase64('{}') };
    await client.mergePatch(secret, metadata.resourceVersion, { data }, { dryRun: true, signal });
    const took = Math.round(clock.now().monotonic - started);
    return { facts: [['cluster', `the Secret ${namespace}/${name} can be read and written, in ${took} ms`]] };
  } catch (error) {
    const failure = failureOf(error, 'none');
    const advice: readonly Fact[] = failure.advice === undefined ? [] : [['to do', failure.advice]];
    return { failure, facts: [['cluster', failure.message], ...advice] };
  }
}
