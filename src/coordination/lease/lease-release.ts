import { setTimeout as delay } from 'node:timers/promises';
import { type Failure, failureOf } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import type { ObjectName } from '../../kubernetes/resources.ts';
import { withinTime } from '../../system/time/deadline.ts';
import { holdingOf, released, specOf } from './election.ts';

export interface Leaving {
  readonly client: Pick<KubernetesClient, 'get' | 'replace'>;
  readonly lease: ObjectName<'leases'>;
  /** Our own. */
  readonly identity: string;
  readonly clock: Clock;
  /** What it may take, ms. */
  readonly patience: number;
  /** When nothing of ours is under way any more. */
  readonly ended: Promise<unknown>;
  /** Whether it may be ours, asked then. */
  readonly isOurs: () => boolean;
}

/** @returns why it may be ours still; undefined where it is not */
export async function leave({ patience, ended, isOurs, ...what }: Leaving): Promise<Failure | undefined> {
  const { clock } = what;
  const began = clock.now().monotonic;
  const late = delay(Math.min(patience / 4, SECOND / 2), 'late', { ref: false });
  const isOver = (await Promise.race([ended, late])) !== 'late';
  if (isOver && !isOurs()) return undefined;
  const left = Math.max(0, patience - (clock.now().monotonic - began));
  return withinTime(left, (signal) => giveBack(what, signal)).then(
    () => undefined,
    (error: unknown) => failureOf(error, 'none'),
  );
}

/**
 * Gives a Lease back that is ours. A renewal that was under way may be obeyed at the last moment: then once more.
 * @throws {EdgeError} why it may still be ours
 */
async function giveBack(
  { client, lease, identity, clock }: Pick<Leaving, 'client' | 'lease' | 'identity' | 'clock'>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const found = await client.get(lease, { signal });
    const holding = holdingOf(found);
    if (holding?.holder !== identity) return;
    const spec = specOf(released(holding, clock.now()));
    try {
      await client.replace(lease, { ...found, spec }, { signal });
      return;
    } catch (error) {
      if (failureOf(error, 'none').code !== 'kube-conflict') throw error;
    }
  }
}
