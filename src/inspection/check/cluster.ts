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

/** Returns why the configured cluster cannot be reached at all; empty if no cluster is configured. Sends no request. */
export async function clusterProblems(
  config: Pick<Config, 'cluster' | 'credentials'>,
  kubernetes: Pick<Kubernetes, 'problems'>,
): Promise<Problem[]> {
  const where = nameOf(config);
  if (where === undefined) return [];
  return (await kubernetes.problems()).map((what) => ({ where, what }));
}

/**
 * Returns the name of the first setting or target that needs a cluster, as configuration and daemon call it;
 * undefined if there is none.
 */
function nameOf({ cluster, credentials }: Pick<Config, 'cluster' | 'credentials'>): string | undefined {
  if (cluster) return 'cluster';
  if (!credentials.every(isFetched)) return 'credentials';
  const targets = credentials.flatMap(({ publish }) => publish);
  return targets.map((target) => targetKindOf(target).inCluster?.(target)).find((name) => name !== undefined);
}

/** Describes the configured cluster without sending requests. */
export function inspectCluster({ lease, secret }: ClusterConfig): Findings {
  const facts: Fact[] = [
    ['refresher', `one of all daemons, elected by the Lease ${placeOf(lease)}`],
    ['hand-over', `at once when it ends in order, after ${inWords(lease.duration)} when it does not`],
    ['state', `in the Secret ${placeOf(secret)}, which all of them watch`],
  ];
  return { facts, warnings: [] };
}

/** Describes the source of a mirror without sending requests. */
export function inspectSource({ from }: MirrorConfig): Findings {
  const text = `${from.credential} in the Secret ${placeOf(from)}, which another daemon writes`;
  return { facts: [['mirror of', text]], warnings: [] };
}

/**
 * Checks that the Lease and the Secret of the cluster exist and that this identity has the needed rights. Writes are
 * dry runs, so nothing changes.
 * @param signal ends the requests
 */
export async function probeCluster(
  { lease, secret }: ClusterConfig,
  credentials: readonly CredentialConfig[],
  kubernetes: Kubernetes,
  signal: AbortSignal,
): Promise<Explanation> {
  const client = await kubernetes.client();
  const leaseName = objectAt('leases', lease, client);
  const secretName = objectAt('secrets', secret, client);
  const [aboutLease, aboutSecret] = await Promise.all([
    checkAccess('Lease', 'it is there and may be read, watched and renewed', async () => {
      const found = await client.get(leaseName, { signal });
      await acceptConflict(client.replace(leaseName, found, { signal, dryRun: true }));
      await client.watch(leaseName, 1, { signal });
      return [];
    }),
    checkAccess('Secret', 'it is there and may be read, watched and written', async () => {
      const { metadata } = await client.get(secretName, { signal });
      // The dry run writes the largest possible data, because immutable Secrets, full Secrets and admission policies
      // refuse just that.
      const data = largestData(credentials);
      await acceptConflict(
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

/**
 * Checks that the source of a mirror can be read and watched, and reports what it holds.
 * @param signal ends the requests
 */
export async function probeSource(
  { from, publish }: MirrorConfig,
  kubernetes: Kubernetes,
  clock: Clock,
  signal: AbortSignal,
): Promise<Explanation> {
  const client = await kubernetes.client();
  const name = objectAt('secrets', from, client);
  return checkAccess('source', 'it may be read and watched', async () => {
    const { data = {} } = await client.get(name, { signal });
    await client.watch(name, 1, { signal });
    return [...new Set(publish.map(({ of }) => of))].map((kind): Fact => {
      const entry = data[keysOf(from.credential, kind).entry];
      return [kind, entry === undefined ? 'it holds none yet' : describeHeld(entry, clock)];
    });
  });
}

/** Describes the token or ticket that a source holds. */
function describeHeld(entry: string, clock: Clock): string {
  try {
    const { token } = decodeEntry(fromBase64(entry));
    const left = token.expiresAt - clock.now().wall;
    return left > 0 ? `it holds one with ${inWords(left)} of life left` : 'it holds one that has ended';
  } catch (error) {
    return `it holds one that cannot be used: ${(error as Error).message}`;
  }
}

/** Awaits a write and accepts a conflict: a daemon wrote first, so the write was permitted. */
async function acceptConflict(write: Promise<unknown>): Promise<void> {
  await write.catch((error: unknown) => {
    if (failureOf(error, 'none').code !== 'kube-conflict') throw error;
  });
}

/** Runs one check, and turns its failure into facts and a verdict. */
async function checkAccess(
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
 * Returns the largest data that the Secret of a cluster can hold, in base64, once each credential has been fetched.
 * It serves to try whether that could be written.
 */
function largestData(credentials: readonly CredentialConfig[]): Readonly<Record<string, string>> {
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
