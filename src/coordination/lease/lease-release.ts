import { setTimeout as delay } from 'node:timers/promises';
import { type Failure, failureOf } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import type { ObjectName } from '../../kubernetes/resources.ts';
import { withinTime } from '../../system/time/deadline.ts';
import { holdingOf, released, specOf } from './election.ts';

export interface ReleaseOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'replace'>;
  readonly lease: ObjectName<'leases'>;
  /** Identity of this daemon. */
  readonly identity: string;
  readonly clock: Clock;
  /** How long the release may take, ms. */
  readonly patience: number;
  /** Resolves when this daemon has no request of the election in flight any more. */
  readonly ended: Promise<unknown>;
  /** Whether this daemon may hold the Lease; called after `ended`. */
  readonly isOurs: () => boolean;
}

/**
 * Releases the Lease if this daemon holds it. It waits for requests in flight for a quarter of `patience`, at most
 * half a second, and releases anyway when they take longer. Never rejects.
 * @returns why this daemon may still hold the Lease; undefined when it does not
 */
export async function releaseLease({
  patience,
  ended,
  isOurs,
  ...what
}: ReleaseOptions): Promise<Failure | undefined> {
  const { clock } = what;
  const began = clock.now().monotonic;
  const late = delay(Math.min(patience / 4, SECOND / 2), 'late', { ref: false });
  const isOver = (await Promise.race([ended, late])) !== 'late';
  if (isOver && !isOurs()) return undefined;
  const left = Math.max(0, patience - (clock.now().monotonic - began));
  return withinTime(left, (signal) => release(what, signal)).then(
    () => undefined,
    (error: unknown) => failureOf(error, 'none'),
  );
}

/**
 * Conflicts in a row after which the release is given up. One renewal can be in flight; an object that conflicts again
 * and again is not changed by us.
 */
const MOST_TRIES = 5;

/**
 * Releases the Lease if this daemon holds it. The API server may still apply a renewal that was in flight; the replace
 * then fails with a conflict and is tried again.
 * @throws {EdgeError} saying why this daemon may still hold the Lease
 */
async function release(
  { client, lease, identity, clock }: Pick<ReleaseOptions, 'client' | 'lease' | 'identity' | 'clock'>,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const found = await client.get(lease, { signal });
    const holding = holdingOf(found);
    if (holding?.holder !== identity) return;
    const spec = specOf(released(holding, clock.now()));
    try {
      await client.replace(lease, { ...found, spec }, { signal });
      return;
    } catch (error) {
      if (failureOf(error, 'none').code !== 'kube-conflict' || tries >= MOST_TRIES) throw error;
    }
  }
}
