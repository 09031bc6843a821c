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
import { failureOf, textsOf } from '../../core/failure.ts';
import { type Fact, type Findings, TO_DO } from '../../core/findings.ts';
import type { Clock } from '../../core/ports.ts';
import { en, type Text, verbatim, zh } from '../../core/text.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { objectAt } from '../../kubernetes/resources.ts';
import { durationText } from '../../observability/log/duration.ts';
import { targetKindOf } from '../../publishers/kinds.ts';
import { type Explanation, verdictOnStores } from './explanation.ts';

/** Returns why the configured cluster cannot be reached at all; empty if no cluster is configured. Sends no request. */
export async function clusterProblems(
  config: Pick<Config, 'cluster' | 'credentials'>,
  kubernetes: Pick<Kubernetes, 'problems'>,
): Promise<Problem[]> {
  const where = nameOf(config);
  if (where === undefined) return [];
  return (await kubernetes.problems()).map((what) => ({ where: verbatim(where), what }));
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
    [
      { en: 'refresher', zh: '刷新者' },
      {
        en: en`one of all daemons, elected by the Lease ${placeOf(lease)}`,
        zh: zh`所有守护进程中的一个，由 Lease ${placeOf(lease)} 选出`,
      },
    ],
    [
      { en: 'hand-over', zh: '交接' },
      {
        en: en`at once when it ends in order, after ${durationText(lease.duration)} when it does not`,
        zh: zh`正常结束时立即交接，否则在 ${durationText(lease.duration)}之后`,
      },
    ],
    [
      { en: 'state', zh: '状态' },
      {
        en: en`in the Secret ${placeOf(secret)}, which all of them watch`,
        zh: zh`在 Secret ${placeOf(secret)} 里，所有守护进程都 watch 它`,
      },
    ],
  ];
  return { facts, warnings: [] };
}

/** Describes the source of a mirror without sending requests. */
export function inspectSource({ from }: MirrorConfig): Findings {
  const text: Text = {
    en: en`${from.credential} in the Secret ${placeOf(from)}, which another daemon writes`,
    zh: zh`Secret ${placeOf(from)} 里的 ${from.credential}，由另一个守护进程写入`,
  };
  return { facts: [[{ en: 'mirror of', zh: '镜像自' }, text]], warnings: [] };
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
    checkAccess(verbatim('Lease'), MAY_RENEW, async () => {
      const found = await client.get(leaseName, { signal });
      await acceptConflict(client.replace(leaseName, found, { signal, dryRun: true }));
      await client.watch(leaseName, 1, { signal });
      return [];
    }),
    checkAccess(verbatim('Secret'), MAY_WRITE, async () => {
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
  return checkAccess({ en: 'source', zh: '来源' }, MAY_READ, async () => {
    const { data = {} } = await client.get(name, { signal });
    await client.watch(name, 1, { signal });
    return [...new Set(publish.map(({ of }) => of))].map((kind): Fact => {
      const entry = data[keysOf(from.credential, kind).entry];
      return [verbatim(kind), entry === undefined ? HOLDS_NONE : describeHeld(entry, clock)];
    });
  });
}

/** Describes the token or ticket that a source holds. */
function describeHeld(entry: string, clock: Clock): Text {
  try {
    const { token } = decodeEntry(fromBase64(entry));
    const left = token.expiresAt - clock.now().wall;
    if (left <= 0) return { en: 'it holds one that has ended', zh: '里面的已经过期' };
    const life = durationText(left);
    return { en: en`it holds one with ${life} of life left`, zh: zh`里面的剩余有效期 ${life}` };
  } catch (error) {
    const { message } = error as Error;
    return { en: `it holds one that cannot be used: ${message}`, zh: `里面的无法使用：${message}` };
  }
}

const HOLDS_NONE: Text = { en: 'it holds none yet', zh: '里面还没有' };
const MAY_RENEW: Text = {
  en: 'it is there and may be read, watched and renewed',
  zh: '存在，可以读取、watch 和续期',
};
const MAY_WRITE: Text = {
  en: 'it is there and may be read, watched and written',
  zh: '存在，可以读取、watch 和写入',
};
const MAY_READ: Text = { en: 'it may be read and watched', zh: '可以读取和 watch' };

/** Awaits a write and accepts a conflict: a daemon wrote first, so the write was permitted. */
async function acceptConflict(write: Promise<unknown>): Promise<void> {
  await write.catch((error: unknown) => {
    if (failureOf(error, 'none').code !== 'kube-conflict') throw error;
  });
}

/** Runs one check, and turns its failure into facts and a verdict. */
async function checkAccess(
  label: Text,
  good: Text,
  work: () => Promise<readonly Fact[]>,
): Promise<Explanation> {
  try {
    const more = await work();
    return { verdict: 'good', facts: [[label, good], ...more], warnings: [] };
  } catch (error) {
    const failure = failureOf(error, 'none');
    const { message, advice } = textsOf(failure);
    const facts: Fact[] = [[label, message], ...(advice ? [[TO_DO, advice] as const] : [])];
    return { verdict: verdictOnStores([failure]), facts, warnings: [] };
  }
}

function placeOf({ namespace, name }: ObjectConfig): Text {
  return namespace === undefined
    ? { en: `${name} of the pod's namespace`, zh: `${name}（Pod 所在的命名空间）` }
    : verbatim(`${namespace}/${name}`);
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
