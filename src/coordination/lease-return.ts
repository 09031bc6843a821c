import type { Clock } from '../core/ports.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import type { ObjectName } from '../kubernetes/resources.ts';
import { released } from './election.ts';
import { holdingOf, specOf } from './lease-spec.ts';

interface Return {
  readonly client: Pick<KubernetesClient, 'get' | 'replace'>;
  readonly lease: ObjectName<'leases'>;
  readonly identity: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Gives a Lease back that is ours. @throws {EdgeError} */
export async function giveBack({ client, lease, identity, clock, signal }: Return): Promise<void> {
  const found = await client.get(lease, { signal });
  const holding = holdingOf(found);
  if (holding?.holder !== identity) return;
  const spec = specOf(released(holding, clock.now()));
  await client.replace(lease, { ...found, spec }, { signal });
}
