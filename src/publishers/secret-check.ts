import { toBase64 } from '../codec/encoding.ts';
import { detailsKeyOf } from '../codec/secret-layout.ts';
import { failureOf } from '../core/failure.ts';
import type { Fact, Findings } from '../core/findings.ts';
import type { Asking, Probe } from './kind.ts';
import type { SecretTarget } from './kubernetes-secret.ts';

/** Into which keys of which Secrets one credential goes. */
export function inspectSecrets(targets: readonly SecretTarget[]): Findings {
  const facts = targets.map(({ of, namespace, name, key, format }): Fact => {
    return [of, `Secret ${namespace}/${name}, key ${key}: ${format}, details in ${key}.json`];
  });
  return { facts, warnings: [] };
}

/** Reads each of the Secrets and makes as if it wrote it: that takes the same rights, and changes nothing. */
export function probeSecrets(targets: readonly SecretTarget[], asking: Asking): Promise<Probe[]> {
  const each = new Map(targets.map((target) => [`${target.namespace}/${target.name}`, target]));
  return Promise.all([...each.values()].map((target) => probe(target, asking)));
}

async function probe(
  { namespace, name, key }: SecretTarget,
  { kubernetes, clock, signal }: Asking,
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
