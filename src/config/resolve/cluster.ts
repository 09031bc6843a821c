import type { Text } from '../../core/text.ts';
import { type ClusterConfig, MIRROR } from '../config.ts';
import type { ClusterSettings } from '../schema/cluster.ts';
import { type CredentialSettings, LISTED } from '../schema/credential.ts';
import type { Settings } from '../schema/index.ts';
import { type Context, isMissing } from './context.ts';
import { manyKindOf } from './many.ts';

/**
 * Largest number of tokens and tickets that always fit into one Secret. Each takes up to 2.5 KiB of annotations (256
 * KiB at most) and 8.5 KiB of data (1 MiB at most).
 */
const MAX_KEPT = 100;

/** Margin for a late renewal: the retry period times this factor must be shorter than the renew deadline. */
const LATE_MARGIN = 1.2;

/**
 * Checks the `cluster` section and reports its problems.
 * @returns the cluster; undefined if none is configured or one of the required names is missing
 */
export function resolveCluster(
  { cluster, credentials = [] }: Settings,
  context: Context,
): ClusterConfig | undefined {
  if (!cluster) return undefined;
  const { lease, secret } = cluster;
  const at = ['cluster'];
  isMissing(context, [...at, 'lease'], lease, {
    en: 'the Lease that elects the refresher',
    zh: '选出刷新者的 Lease',
  });
  isMissing(context, [...at, 'secret'], secret, {
    en: 'the Secret in which it keeps the credentials',
    zh: '保存凭据的 Secret',
  });
  if (lease) {
    const what: Text = { en: 'the name of the Lease', zh: 'Lease 的名称' };
    isMissing(context, [...at, 'lease', 'name'], lease.name, what);
  }
  if (secret) {
    const what: Text = { en: 'the name of the Secret', zh: 'Secret 的名称' };
    isMissing(context, [...at, 'secret', 'name'], secret.name, what);
  }
  if (lease) refuseUnsafeTimes(lease, context);

  const fetched = credentials.filter((credential) => credential && credential.type !== MIRROR);
  if (credentials.length > 0 && credentials.every((credential) => credential?.type === MIRROR)) {
    context.complain(at, {
      en: 'has nothing to refresh: every credential is a mirror, which needs no Lease. Leave it out',
      zh: '没有要刷新的：所有凭据都是 mirror，不需要 Lease。去掉它',
    });
  }
  const kept = fetched.reduce((sum, credential) => sum + leastKept(credential), 0);
  if (kept > MAX_KEPT) {
    context.complain([...at, 'secret'], {
      en: `holds ${MAX_KEPT} tokens and tickets, and these are ${kept}: let some be served by daemons with another Secret`,
      zh: `最多保存 ${MAX_KEPT} 个 token 和 ticket，而这里有 ${kept} 个：让使用另一个 Secret 的守护进程负责一部分`,
    });
  }
  if (lease?.name === undefined || secret?.name === undefined) return undefined;
  const { duration, renewDeadline, retryPeriod } = lease;
  return {
    lease: { ...placeOf(lease.namespace, lease.name), duration, renewDeadline, retryPeriod },
    secret: placeOf(secret.namespace, secret.name),
  };
}

type Kept = Pick<CredentialSettings, 'type' | 'tickets' | 'accounts'>;

/** How many tokens, tickets and lists a Secret keeps of an entry at least: of one by a list, the list and one account. */
function leastKept(entry: Kept | undefined): number {
  if (!entry) return 1;
  const { tickets, accounts } = entry;
  const each = 1 + tickets.length;
  if (isByList(entry)) return 1 + each;
  return (Array.isArray(accounts) ? accounts.length : 1) * each;
}

function isByList({ type, accounts = LISTED }: Kept): boolean {
  return manyKindOf({ type }) !== undefined && accounts === LISTED;
}

/**
 * How many accounts one Secret has room for of an entry by a list. Each of several has the same share, whatever the others
 * come to: an account that is served must not lose its place to one of another list.
 */
export function roomFor(
  { tickets }: { readonly tickets: readonly unknown[] },
  credentials: readonly (Kept | undefined)[],
): number {
  const fetched = credentials.filter((entry) => entry?.type !== MIRROR);
  const lists = fetched.filter((entry) => entry && isByList(entry)).length;
  const named = fetched.filter((entry) => !entry || !isByList(entry));
  const room = MAX_KEPT - lists - named.reduce((sum, entry) => sum + leastKept(entry), 0);
  return Math.max(1, Math.floor(room / Math.max(1, lists) / (1 + tickets.length)));
}

function placeOf(namespace: string | undefined, name: string) {
  return namespace === undefined ? { name } : { namespace, name };
}

/** Reports Lease times with which two daemons could lead at the same time, or none could lead for long. */
function refuseUnsafeTimes(lease: NonNullable<ClusterSettings['lease']>, context: Context): void {
  const { duration, renewDeadline, retryPeriod } = lease;
  const at = (name: string) => ['cluster', 'lease', name];
  if (duration % 1000 !== 0) {
    context.complain(at('duration'), {
      en: 'must be whole seconds: a Lease counts those',
      zh: '必须是整秒：Lease 以秒计',
    });
  }
  if (renewDeadline >= duration) {
    context.complain(at('renewDeadline'), {
      en: 'must be shorter than duration: a holder stops before another begins',
      zh: '必须比 duration 短：持有者要在别人接手之前停下',
    });
  }
  if (retryPeriod * LATE_MARGIN >= renewDeadline) {
    context.complain(at('retryPeriod'), {
      en: 'must be much shorter than renewDeadline: several tries go into it',
      zh: '必须比 renewDeadline 短得多：其中要能尝试几次',
    });
  }
}
