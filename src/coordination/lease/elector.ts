import type { ClusterEvent, Loss } from '../../core/events/cluster.ts';
import { type Failure, failureOf } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { type ObjectName, objectLabel } from '../../kubernetes/resources.ts';
import { withinTime } from '../../system/time/deadline.ts';
import { createPause } from '../../system/time/pause.ts';
import { abstain, decide, type ElectionTimes, isHeld, specOf } from './election.ts';
import { releaseLease } from './lease-release.ts';
import { watchLease } from './lease-watch.ts';

/** Takes part in leader election by a Lease until it is closed. */
export interface Elector {
  /** Whether this daemon may act as the leader at this moment. */
  leads(): boolean;
  /** Identity of the daemon that was last seen to hold the Lease; undefined when no daemon held it. */
  holder(): string | undefined;
  /** Why no daemon can be elected, as far as this one can tell; undefined while a daemon leads or is about to. */
  trouble(): Failure | undefined;
  /** Releases the Lease, and does not stand for election for `ms`. */
  abstain(ms: number): void;
  /**
   * Leaves the election and releases the Lease, so that the next leader need not wait for it to expire.
   * @param patience how long the release may take, ms
   */
  close(patience?: number): Promise<void>;
}

export interface ElectorOptions {
  readonly client: KubernetesClient;
  readonly lease: ObjectName<'leases'>;
  /** Identity of this process; no other process has the same. */
  readonly identity: string;
  readonly times: ElectionTimes;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: ClusterEvent) => void;
  /** Called when this daemon is elected. */
  readonly elected: () => void;
}

/** Re-read interval (ms) while a watch is open, in case it silently stopped delivering events. */
const REREAD_INTERVAL = 30 * SECOND;

/** Time limit (ms) of a call: on a link with a round trip of two seconds the first one, which connects, takes six. */
const LONGEST_CALL = 8 * SECOND;

/**
 * Share of `renewDeadline` that one call may take. A leader needs time for a second attempt, by a new connection; a
 * candidate has nothing to lose.
 */
const LEADERS_SHARE = 0.5;
const CANDIDATES_SHARE = 0.8;

/**
 * Conflicts in a row that are no coincidence: they are told like any other trouble, and tried again as seldom. A few are
 * what candidates do to each other when a holder is gone.
 */
const MOST_CONFLICTS = 10;

/** Joins the election at once. */
export function startElector(options: ElectorOptions): Elector {
  const { client, lease, identity, times, clock, random, report, elected } = options;
  const ending = new AbortController();
  const pause = createPause();
  let failure: Failure | undefined;
  /** How many attempts in a row met a conflict. */
  let conflicts = 0;
  /** Whether the outcome of a write is still unknown, or will remain so. */
  let isWriting = false;
  /** Monotonic ms until which this daemon does not stand for election. */
  let abstainsUntil = Number.NEGATIVE_INFINITY;

  const abstention = () => Math.max(0, abstainsUntil - clock.now().monotonic);
  const term = createTerm({ lease: `${lease.namespace}/${lease.name}`, times, clock, report, elected });
  const holderChanged = pause.end;
  const leaseWatch = watchLease({
    client,
    lease,
    identity,
    clock,
    random,
    signal: ending.signal,
    report,
    holderChanged,
  });

  /** Reads the Lease once and acts on it. @returns ms until the next attempt */
  async function attempt(): Promise<number> {
    const share = term.isActive() ? LEADERS_SHARE : CANDIDATES_SHARE;
    const patience = Math.min(LONGEST_CALL, times.renewDeadline * share);
    const bounded = <T>(work: (signal: AbortSignal) => Promise<T>) =>
      withinTime(patience, work, ending.signal);
    const found = await bounded((signal) => client.get(lease, { signal }));
    const seen = leaseWatch.observe(found);
    isWriting = false;
    const sent = clock.now();
    const left = abstention();
    const decision = left > 0 ? abstain(seen, identity, left, sent) : decide(seen, identity, times, sent);
    if (decision.kind === 'wait') {
      term.lost('taken');
      return untilNext(decision.ms);
    }
    const whole = { ...found, spec: specOf(decision.holding) };
    isWriting = true;
    leaseWatch.observe(await bounded((signal) => client.replace(lease, whole, { signal })));
    isWriting = false;
    if (decision.kind === 'release') return abstention();
    if (!ending.signal.aborted && abstention() === 0) term.renewed(sent);
    return times.retryPeriod;
  }

  function untilNext(left: number): number {
    // The jitter keeps the candidates from all writing at once when the holder is gone.
    const expiry = left + (random() * times.retryPeriod) / 5;
    return Math.min(
      expiry,
      leaseWatch.state().open ? REREAD_INTERVAL : times.retryPeriod * (1 + 1.2 * random()),
    );
  }

  function failed(error: unknown): number {
    const met = failureOf(error, 'none');
    // Another candidate was faster, or the response to our own write was lost: the next read tells which.
    if (met.code === 'kube-conflict') {
      conflicts += 1;
      if (conflicts < MOST_CONFLICTS) return (times.retryPeriod * random()) / 10;
    }
    failure = met;
    if (met.code === 'kube-missing') {
      leaseWatch.forget();
      term.lost('gone');
    }
    if (!ending.signal.aborted) report({ type: 'trouble', object: objectLabel(lease), failure: met });
    return times.retryPeriod * (0.5 + random() / 2);
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      const wait = await attempt().then((ms) => {
        if (failure) {
          report({ type: 'well', object: objectLabel(lease) });
          leaseWatch.reopen();
        }
        failure = undefined;
        conflicts = 0;
        return ms;
      }, failed);
      if (ending.signal.aborted) return;
      if (!term.isActive()) term.lost('late');
      await pause.for(wait);
    }
  }

  const running = run();

  return {
    leads: term.isActive,
    holder: leaseWatch.holder,
    trouble() {
      if (!failure || term.isActive()) return undefined;
      const seen = leaseWatch.now();
      const isTaken = seen && decide(seen, identity, times, clock.now()).kind === 'wait';
      return isTaken ? undefined : failure;
    },
    abstain(ms) {
      abstainsUntil = clock.now().monotonic + ms;
      term.lost('resigned');
      pause.end();
    },
    async close(patience = 2 * SECOND) {
      term.end();
      ending.abort();
      pause.end();
      // If another daemon holds the Lease, this one has no write in flight that could change that.
      const isOurs = () => isWriting || leaseWatch.holder() === identity;
      const ended = Promise.all([running, leaseWatch.ended]);
      const failure = await releaseLease({ client, lease, identity, clock, patience, ended, isOurs });
      term.lost(failure ? 'kept' : 'released', failure);
    },
  };
}

/** The term during which this daemon leads. It ends by itself unless it is renewed. */
export interface Term {
  /** Whether this daemon leads at this moment. */
  isActive(): boolean;
  /**
   * Begins or prolongs the term.
   * @param at when the renewal was sent; other candidates count from when they see it, which is later
   */
  renewed(at: Instant): void;
  /** Ends the term and reports the reason, unless the end of this term was reported before. */
  lost(why: Loss, failure?: Failure): void;
  /** Ends the term without a report; {@link lost} reports later what became of the Lease. */
  end(): void;
}

export interface TermOptions {
  /** `NAMESPACE/NAME` */
  readonly lease: string;
  readonly times: ElectionTimes;
  readonly clock: Clock;
  readonly report: (event: ClusterEvent) => void;
  /** Called when a term begins. */
  readonly elected: () => void;
}

/** Keeps the term of this daemon. The term begins with the first renewal, which is reported once. */
export function createTerm({ lease, times, clock, report, elected }: TermOptions): Term {
  let renewal: Instant | undefined;
  let told = false;
  let lapse: NodeJS.Timeout | undefined;

  const isActive = () => renewal !== undefined && isHeld(renewal, times, clock.now());

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
    isActive,
    lost,
    end,
    renewed(at) {
      renewal = at;
      clearTimeout(lapse);
      lapse = setTimeout(() => {
        if (!isActive()) lost('late');
      }, times.renewDeadline + 1);
      if (told) return;
      told = true;
      report({ type: 'leads', lease });
      elected();
    },
  };
}
