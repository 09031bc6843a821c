import type { ClusterEvent, Loss } from '../../core/events/cluster.ts';
import { type Failure, failureOf } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { type ObjectName, objectLabel } from '../../kubernetes/resources.ts';
import { withinTime } from '../../system/time/deadline.ts';
import { createPause } from '../../system/time/pause.ts';
import { abstain, decide, type ElectionTimes, isHeld, specOf } from './election.ts';
import { leave } from './lease-release.ts';
import { watchLease } from './lease-watch.ts';

/** Takes part in the election that a Lease stands for, until it is closed. */
export interface Elector {
  /** Whether this daemon may act as the one that was elected, at this very moment. */
  leads(): boolean;
  /** Who was seen to hold the Lease last; undefined where nobody was. */
  holder(): string | undefined;
  /** Why nobody can be elected, as far as can be seen from here; undefined while somebody is, or is about to be. */
  trouble(): Failure | undefined;
  /** Gives the Lease back, and does not stand for so many ms. */
  abstain(ms: number): void;
  /**
   * Gives the Lease back, so that another one need not wait for it to run out.
   * @param patience what that may take, ms
   */
  close(patience?: number): Promise<void>;
}

export interface ElectorOptions {
  readonly client: KubernetesClient;
  readonly lease: ObjectName<'leases'>;
  /** Of this process and no other. */
  readonly identity: string;
  readonly times: ElectionTimes;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: ClusterEvent) => void;
  /** Told when this daemon is elected. */
  readonly elected: () => void;
}

/** With a watch that is open, the Lease is read as often, in case it is deaf; ms. */
const NET = 30 * SECOND;

export function startElector(options: ElectorOptions): Elector {
  const { client, lease, identity, times, clock, random, report, elected } = options;
  const ending = new AbortController();
  const pause = createPause();
  let failure: Failure | undefined;
  /** What came of it is not known yet, or never will be. */
  let isWriting = false;
  /** Monotonic ms. */
  let abstainsUntil = Number.NEGATIVE_INFINITY;

  const abstention = () => Math.max(0, abstainsUntil - clock.now().monotonic);
  const tenure = createTenure({ lease: `${lease.namespace}/${lease.name}`, times, clock, report, elected });
  const moved = pause.end;
  const sight = watchLease({ client, lease, identity, clock, random, signal: ending.signal, report, moved });

  /** One look, and what follows from it. @returns ms until the next one */
  async function attempt(): Promise<number> {
    const patience = Math.min(5 * SECOND, times.renewDeadline / 2);
    const bounded = <T>(work: (signal: AbortSignal) => Promise<T>) =>
      withinTime(patience, work, ending.signal);
    const found = await bounded((signal) => client.get(lease, { signal }));
    const seen = sight.saw(found);
    isWriting = false;
    const sent = clock.now();
    const left = abstention();
    const decision = left > 0 ? abstain(seen, identity, left, sent) : decide(seen, identity, times, sent);
    if (decision.kind === 'wait') {
      tenure.lost('taken');
      return untilNext(decision.ms);
    }
    const whole = { ...found, spec: specOf(decision.holding) };
    isWriting = true;
    sight.saw(await bounded((signal) => client.replace(lease, whole, { signal })));
    isWriting = false;
    if (decision.kind === 'release') return abstention();
    if (!ending.signal.aborted && abstention() === 0) tenure.renewed(sent);
    return times.retryPeriod;
  }

  function untilNext(left: number): number {
    // Not all at once, when the holder is gone.
    const expiry = left + (random() * times.retryPeriod) / 5;
    return Math.min(expiry, sight.state().open ? NET : times.retryPeriod * (1 + 1.2 * random()));
  }

  function noted(error: unknown): number {
    const met = failureOf(error, 'none');
    // Somebody else was faster, or our own answer was lost: the next look tells.
    if (met.code === 'kube-conflict') return (times.retryPeriod * random()) / 10;
    failure = met;
    if (met.code === 'kube-missing') {
      sight.forget();
      tenure.lost('gone');
    }
    if (!ending.signal.aborted) report({ type: 'trouble', object: objectLabel(lease), failure: met });
    return times.retryPeriod * (0.5 + random() / 2);
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      const wait = await attempt().then((ms) => {
        if (failure) {
          report({ type: 'well', object: objectLabel(lease) });
          sight.reopen();
        }
        failure = undefined;
        return ms;
      }, noted);
      if (ending.signal.aborted) return;
      if (!tenure.lasts()) tenure.lost('late');
      await pause.for(wait);
    }
  }

  const running = run();

  return {
    leads: tenure.lasts,
    holder: sight.holder,
    trouble() {
      if (!failure || tenure.lasts()) return undefined;
      const seen = sight.now();
      const isTaken = seen && decide(seen, identity, times, clock.now()).kind === 'wait';
      return isTaken ? undefined : failure;
    },
    abstain(ms) {
      abstainsUntil = clock.now().monotonic + ms;
      tenure.lost('resigned');
      pause.end();
    },
    async close(patience = 2 * SECOND) {
      tenure.end();
      ending.abort();
      pause.end();
      // Where it is another one's, nothing of ours is under way that could change that.
      const isOurs = () => isWriting || sight.holder() === identity;
      const ended = Promise.all([running, sight.ended]);
      const failure = await leave({ client, lease, identity, clock, patience, ended, isOurs });
      tenure.lost(failure ? 'kept' : 'released', failure);
    },
  };
}

/** Our own time as the one that was elected: it ends by itself unless it is renewed. */
export interface Tenure {
  /** Whether it lasts, at this very moment. */
  lasts(): boolean;
  /** @param at when the renewal was sent: the others count from when they see it, which is later */
  renewed(at: Instant): void;
  lost(why: Loss, failure?: Failure): void;
  /** It is over, and what becomes of the Lease will be told by {@link lost}. */
  end(): void;
}

export interface TenureOptions {
  /** `NAMESPACE/NAME` */
  readonly lease: string;
  readonly times: ElectionTimes;
  readonly clock: Clock;
  readonly report: (event: ClusterEvent) => void;
  /** Told when it begins. */
  readonly elected: () => void;
}

export function createTenure({ lease, times, clock, report, elected }: TenureOptions): Tenure {
  let renewal: Instant | undefined;
  let told = false;
  let lapse: NodeJS.Timeout | undefined;

  const lasts = () => renewal !== undefined && isHeld(renewal, times, clock.now());

  function end(): void {
    clearTimeout(lapse);
    renewal = undefined;
  }

  function lost(why: Loss, failure?: Failure): void {
    end();
    if (!told) return;
    told = false;
    report({ type: 'follows', lease, why, ...(failure && { failure }) });
  }

  return {
    lasts,
    lost,
    end,
    renewed(at) {
      renewal = at;
      clearTimeout(lapse);
      lapse = setTimeout(() => {
        if (!lasts()) lost('late');
      }, times.renewDeadline + 1);
      if (told) return;
      told = true;
      report({ type: 'leads', lease });
      elected();
    },
  };
}
