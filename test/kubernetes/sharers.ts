import { openSecret, type SecretCache } from '../../src/coordination/cluster/secret-cache.ts';
import { secretStore } from '../../src/coordination/cluster/secret-store.ts';
import type { ClusterEvent } from '../../src/core/events/cluster.ts';
import type { AccountStore } from '../../src/core/ports.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import { kubernetesOf } from '../../src/kubernetes/index.ts';
import { collectionPath, objectPath } from '../../src/kubernetes/resources.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { WRITER } from '../support/kubernetes/role.ts';
import { eventually } from '../support/wait.ts';
import { openCluster, type Somebody } from './cluster.ts';

type AtEnd = Parameters<typeof openCluster>[0];

export const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
const SUBJECT = { name: 'shop', type: 'stable-token', appId: 'wx0000000000000000', kind: 'token' } as const;

/** One of the daemons that share a Secret, as far as it reads and writes it. */
export interface Sharer {
  readonly store: AccountStore;
  readonly cache: SecretCache;
  readonly events: readonly ClusterEvent[];
  readonly warnings: readonly string[];
  /** Whether it is the one that may fetch. */
  leads: boolean;
}

/** A Secret without data, and those who share it by the rights of the manifests. */
export async function sharers(atEnd: AtEnd, options: Parameters<typeof openCluster>[1] = {}) {
  const cluster = await openCluster(atEnd, options);
  const { admin, secret } = cluster;
  const path = objectPath(secret);
  const create = () => admin.ask('POST', collectionPath(secret), { metadata: { name: 'wx-token' } });
  await create();
  const somebody = await cluster.account(WRITER);
  await eventually(async () => (await somebody.ask('GET', path)).status === 200);

  function join(subject: Partial<typeof SUBJECT> | { readonly name: string } = {}, who: Somebody = somebody) {
    const kubernetes = kubernetesOf({
      clock: systemClock,
      environment: { KUBECONFIG: who.kubeconfig },
      timeouts: { call: 3_000 },
    });
    atEnd(kubernetes.close);
    const [events, warnings]: [ClusterEvent[], string[]] = [[], []];
    const cache = openSecret({
      ...{ kubernetes, object: secret, clock: systemClock, random: Math.random },
      report: (event) => events.push(event),
      changed: () => {},
      recovered: () => {},
    });
    atEnd(cache.close);
    const state = { leads: true };
    const store = secretStore({
      ...{ account: ACCOUNT, subject: { ...SUBJECT, ...subject }, cache, kubernetes },
      election: {
        leads: () => state.leads,
        enter: () => (state.leads ? () => {} : undefined),
        holder: () => 'another',
        trouble: () => undefined,
      },
      warn: (message) => warnings.push(message),
    });
    return Object.assign(state, { store, cache, events, warnings }) satisfies Sharer;
  }

  return { ...cluster, path, create, join };
}

/** What is known of an account after so many writes. */
export function recordOf(generation: number, value?: string): AccountRecord {
  const at = Date.UTC(2026, 0, 1);
  return {
    account: ACCOUNT,
    generation,
    ledger: { fetches: [{ hour: 490896, calls: generation }], forced: [], lastFetch: at, since: at },
    secrets: ['f'.repeat(32)],
    ...(value !== undefined && {
      token: {
        ...{ value: new Secret(value), expiresIn: 7200, generation, platformDate: at },
        ...{ issuedAt: at + 123, expiresAt: at + 7_200_123 },
      },
    }),
  };
}
