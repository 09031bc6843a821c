import { decodeEntry, encodeEntry, LARGEST_TOKEN } from '../../codec/details.ts';
import { fromBase64, toBase64 } from '../../codec/encoding.ts';
import { keysOf } from '../../codec/secret-layout.ts';
import {
  type ClusterConfig,
  type Config,
  type CredentialConfig,
  isFetched,
  type MirrorConfig,
  type ObjectConfig,
} from '../../config/config.ts';
import type { Problem } from '../../config/config-error.ts';
import { failureOf } from '../../core/failure.ts';
import type { Fact, Findings } from '../../core/findings.ts';
import type { Clock } from '../../core/ports.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { objectAt } from '../../kubernetes/resources.ts';
import { inWords } from '../../observability/log/duration.ts';
import { targetKindOf } from '../../publishers/kinds.ts';
import { type Explanation, verdictOnCluster } from './explanation.ts';

/** Why the cluster that is configured cannot be asked at all; nothing where there is none. Asks nobody. */
export async function clusterProblems(
  config: Pick<Config, 'cluster' | 'credentials'>,
  kubernetes: Pick<Kubernetes, 'problems'>,
): Promise<Problem[]> {
  const where = nameOf(config);
  if (where === undefined) return [];
  return (await kubernetes.problems()).map((what) => ({ where, what }));
}

/** What needs a cluster, as the configuration and the daemon call it. */
function nameOf({ cluster, credentials }: Pick<Config, 'cluster' | 'credentials'>): string | undefined {
  if (cluster) return 'cluster';
  if (!credentials.every(isFetched)) return 'credentials';
  const targets = credentials.flatMap(({ publish }) => publish);
  return targets.map((target) => targetKindOf(target).inCluster?.(target)).find((name) => name !== undefined);
}

export function inspectCluster({ lease, secret }: ClusterConfig): Findings {
  const facts: Fact[] = [
    ['refresher', `one of all daemons, elected by the Lease ${placeOf(lease)}`],
    ['hand-over', `at once when it ends in order, after ${inWords(lease.duration)} when it does not`],
    ['state', `in the Secret ${placeOf(secret)}, which all of them watch`],
  ];
  return { facts, warnings: [] };
}

export function inspectSource({ from }: MirrorConfig): Findings {
  const text = `${from.credential} in the Secret ${placeOf(from)}, which another daemon writes`;
  return { facts: [['mirror of', text]], warnings: [] };
}

/** Whether both objects are there and may be used as they have to be. Nothing is changed. */
export async function askCluster(
  { lease, secret }: ClusterConfig,
  credentials: readonly CredentialConfig[],
  kubernetes: Kubernetes,
  signal: AbortSignal,
): Promise<Explanation> {
  const client = await kubernetes.client();
  const leaseName = objectAt('leases', lease, client);
  const secretName = objectAt('secrets', secret, client);
  const [aboutLease, aboutSecret] = await Promise.all([
    tried('Lease', 'it is there and may be read, watched and renewed', async () => {
      const found = await client.get(leaseName, { signal });
      await allowed(client.replace(leaseName, found, { signal, dryRun: true }));
      await client.watch(leaseName, 1, { signal });
      return [];
    }),
    tried('Secret', 'it is there and may be read, watched and written', async () => {
      const { metadata } = await client.get(secretName, { signal });
      // A change of data, and the largest: that is what an immutable Secret, a full one and a policy refuse.
      const data = fullestData(credentials);
      await allowed(
        client.mergePatch(secretName, metadata.resourceVersion, { data }, { signal, dryRun: true }),
      );
      await client.watch(secretName, 1, { signal });
      return [];
    }),
  ]);
  const verdicts = [aboutLease.verdict, aboutSecret.verdict];
  const worst = (['refused', 'passing'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'good';
  return { verdict: worst, facts: [...aboutLease.facts, ...aboutSecret.facts], warnings: [] };
}

/** Whether the source may be read, and what it holds. */
export async function askSource(
  { from, publish }: MirrorConfig,
  kubernetes: Kubernetes,
  clock: Clock,
  signal: AbortSignal,
): Promise<Explanation> {
  const client = await kubernetes.client();
  const name = objectAt('secrets', from, client);
  return tried('source', 'it may be read and watched', async () => {
    const { data = {} } = await client.get(name, { signal });
    await client.watch(name, 1, { signal });
    return [...new Set(publish.map(({ of }) => of))].map((kind): Fact => {
      const entry = data[keysOf(from.credential, kind).entry];
      return [kind, entry === undefined ? 'it holds none yet' : holding(entry, clock)];
    });
  });
}

function holding(entry: string, clock: Clock): string {
  try {
    const { token } = decodeEntry(fromBase64(entry));
    const left = token.expiresAt - clock.now().wall;
    return left > 0 ? `it holds one with ${inWords(left)} of life left` : 'it holds one that has ended';
  } catch (error) {
    return `it holds one that cannot be used: ${(error as Error).message}`;
  }
}

/** That a daemon was faster says that we might have. */
async function allowed(write: Promise<unknown>): Promise<void> {
  await write.catch((error: unknown) => {
    if (failureOf(error, 'none').code !== 'kube-conflict') throw error;
  });
}

async function tried(
  label: string,
  good: string,
  work: () => Promise<readonly Fact[]>,
): Promise<Explanation> {
  try {
    const more = await work();
    return { verdict: 'good', facts: [[label, good], ...more], warnings: [] };
  } catch (error) {
    const failure = failureOf(error, 'none');
    const { message, advice } = failure;
    const facts: Fact[] = [[label, message], ...(advice === undefined ? [] : [['to do', advice] as const])];
    return { verdict: verdictOnCluster([failure]), facts, warnings: [] };
  }
}

function placeOf({ namespace, name }: ObjectConfig): string {
  return namespace === undefined ? `${name} of the pod's namespace` : `${namespace}/${name}`;
}

/**
 * What the Secret of a cluster holds once each credential has been fetched, at its longest, in base64: to try whether it
 * might be written.
 */
function fullestData(credentials: readonly CredentialConfig[]): Readonly<Record<string, string>> {
  const data: Record<string, string> = {};
  for (const credential of credentials) {
    if (!isFetched(credential)) continue;
    const { name, type, appId, tickets } = credential;
    for (const kind of ['token', ...tickets] as const) {
      const { value, entry } = keysOf(name, kind);
      data[value] = toBase64(LARGEST_TOKEN.value.reveal());
      data[entry] = toBase64(encodeEntry(LARGEST_TOKEN, { name, type, appId, kind }));
    }
  }
  return data;
}
