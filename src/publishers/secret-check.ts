import { toBase64 } from '../codec/encoding.ts';
import { detailsKeyOf } from '../codec/secret-layout.ts';
import { failureOf, textsOf } from '../core/failure.ts';
import { type Fact, type Findings, TO_DO } from '../core/findings.ts';
import { type Text, verbatim } from '../core/text.ts';
import type { Probe, ProbeTools } from './kind.ts';
import type { SecretTarget } from './secret-target.ts';

const CLUSTER: Text = { en: 'cluster', zh: '集群' };

/** Describes the keys of Secrets into which one credential is published. */
export function inspectSecrets(targets: readonly SecretTarget[]): Findings {
  const facts = targets.map(({ of, namespace, name, key, format }): Fact => {
    const place = `${namespace}/${name}`;
    return [
      verbatim(of),
      {
        en: `Secret ${place}, key ${key}: ${format}, details in ${key}.json`,
        zh: `Secret ${place} 的键 ${key}：${format}，详情在 ${key}.json`,
      },
    ];
  });
  return { facts, warnings: [] };
}

/**
 * Probes each Secret once with a read and a dry-run write. These need the same rights as publishing and change
 * nothing.
 */
export function probeSecrets(targets: readonly SecretTarget[], tools: ProbeTools): Promise<Probe[]> {
  const each = new Map(targets.map((target) => [`${target.namespace}/${target.name}`, target]));
  return Promise.all([...each.values()].map((target) => probe(target, tools)));
}

async function probe(
  { namespace, name, key }: SecretTarget,
  { kubernetes, clock, signal }: ProbeTools,
): Promise<Probe> {
  const started = clock.now().monotonic;
  const secret = { resource: 'secrets', namespace, name } as const;
  try {
    const client = await kubernetes.client();
    const { metadata } = await client.get(secret, { signal });
    // The patch is small but changes `data`, because immutable Secrets and admission policies refuse just that.
    const data = { [detailsKeyOf(key)]: toBase64('{}') };
    await client.mergePatch(secret, metadata.resourceVersion, { data }, { dryRun: true, signal });
    const took = Math.round(clock.now().monotonic - started);
    const place = `${namespace}/${name}`;
    const good: Text = {
      en: `the Secret ${place} can be read and written, in ${took} ms`,
      zh: `Secret ${place} 可以读取和写入，用时 ${took} 毫秒`,
    };
    return { facts: [[CLUSTER, good]] };
  } catch (error) {
    const failure = failureOf(error, 'none');
    const { message, advice } = textsOf(failure);
    return { failure, facts: [[CLUSTER, message], ...(advice ? [[TO_DO, advice] as const] : [])] };
  }
}
