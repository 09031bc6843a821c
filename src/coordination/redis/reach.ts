import type { ClusterEvent } from '../../core/events/cluster.ts';
import { EdgeError, type Failure, failureOf } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { After } from './account-lock.ts';

/** Keeps whether the server answers, for all accounts that are kept there. */
export interface Reach {
  /**
   * Asks the server. While it is known not to answer, what is asked is refused at once: a thousand accounts must not
   * wait for a server that hangs, one after the other.
   * @throws {EdgeError} what `work` meets, or what the last one met that got no answer
   */
  ask<T>(work: () => Promise<T>): Promise<T>;
  /** Monotonic ms of the last answer. */
  syncedAt(): number | undefined;
  close(): void;
}

export interface ReachOptions {
  /** The server's name for people. */
  readonly object: string;
  readonly clock: Clock;
  readonly after: After;
  /** Asks the server for something that is cheap and changes nothing. */
  readonly probe: () => Promise<unknown>;
  readonly report: (event: ClusterEvent) => void;
  /** Called when the server answers again. */
  readonly recovered: () => void;
}

/** Interval between two probes of a server that does not answer, ms. */
const PROBE_INTERVAL = 0.5 * SECOND;

/** Failures of the server as a whole. Any other is about one key, or about what may be done with it. */
const ABSENT =
  /^redis-(unreachable|timeout|cut|dns|auth|credentials|database|loading|tls-.*|not-redis|sentinel|cluster-down|max-clients|busy|failed)$/;

export function createReach({ object, clock, after, probe, report, recovered }: ReachOptions): Reach {
  let absence: Failure | undefined;
  let synced: number | undefined;
  let told: Failure | undefined;
  let cancel = () => {};
  let isClosed = false;

  function succeeded(): void {
    synced = clock.now().monotonic;
    const wasAbsent = absence !== undefined;
    if (told) report({ type: 'well', object });
    absence = undefined;
    told = undefined;
    if (!wasAbsent) return;
    cancel();
    recovered();
  }

  function failed(failure: Failure): void {
    told = failure;
    if (!isClosed) report({ type: 'trouble', object, failure });
    if (!ABSENT.test(failure.code)) return;
    const isNews = absence === undefined;
    absence = failure;
    if (isNews) probeLater();
  }

  function probeLater(): void {
    if (isClosed) return;
    cancel = after(PROBE_INTERVAL, () => {
      void attempt(probe).then(
        () => {},
        () => absence && probeLater(),
      );
    });
  }

  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      const answer = await work();
      succeeded();
      return answer;
    } catch (error) {
      failed(failureOf(error, 'none'));
      throw error;
    }
  }

  return {
    async ask(work) {
      if (absence) throw new EdgeError({ ...absence, effect: 'unsent' });
      return attempt(work);
    },
    syncedAt: () => synced,
    close() {
      isClosed = true;
      cancel();
    },
  };
}
