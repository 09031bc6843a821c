import type { ClusterEvent } from '../../core/events/cluster.ts';
import { EdgeError, type Failure, failureOf } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { After } from './account-lock.ts';

/** Keeps whether the server answers, and takes writes, for all accounts that are kept there. */
export interface Reach {
  of(account: string): AccountReach;
  close(): void;
}

/**
 * Asks the server for one account. While it is known not to answer, what is asked is refused at once: a thousand accounts
 * must not wait for a server that hangs, one after the other.
 * @throws {EdgeError} what `work` meets, or what the last one met that got no answer
 */
export interface AccountReach {
  reads<T>(work: () => Promise<T>): Promise<T>;
  writes<T>(work: () => Promise<T>): Promise<T>;
  /** Monotonic ms of the last answer. */
  syncedAt(): number | undefined;
}

export interface ReachOptions {
  /** The server's name for people. */
  readonly object: string;
  readonly clock: Clock;
  readonly after: After;
  /** Asks the server for something that is cheap and changes nothing. */
  readonly probe: () => Promise<unknown>;
  /** Asks whether it would take a write where the keys of the account are; changes nothing. */
  readonly probeWrite: (account: string) => Promise<unknown>;
  readonly report: (event: ClusterEvent) => void;
  /** Called when the server answers again, or takes writes again. */
  readonly recovered: () => void;
}

/** Interval between two probes of a server that does not answer, or takes no writes, ms. */
const PROBE_INTERVAL = 0.5 * SECOND;

/** Failures of the server as a whole. Any other is about one key, about what may be done with it, or about writes. */
const ABSENT =
  /^redis-(unreachable|timeout|cut|dns|auth|credentials|database|loading|tls-.*|not-redis|sentinel|cluster-down|max-clients|busy|failed)$/;

/** Failures of a server, or of a node of a Cluster, that goes on answering and takes no writes. */
const UNWRITABLE = /^redis-(full|read-only|misconf|no-replicas)$/;

type Nature = 'reads' | 'writes';

export function createReach(options: ReachOptions): Reach {
  const { object, clock, after, probe, probeWrite, report, recovered } = options;
  let absence: Failure | undefined;
  /**
   * An account whose write was refused as any would be. That is over when a probe says so, and not before: it may be read
   * meanwhile, and a script that finds nothing to write does not find out.
   */
  let refused: string | undefined;
  /** What else goes wrong, by account and nature. */
  const troubles = new Set<string>();
  let synced: number | undefined;
  let isTold = false;
  let cancel: (() => void) | undefined;
  let isClosed = false;

  function wellIfAllIs(wasRefused: boolean): void {
    if (!isTold || absence || refused !== undefined || troubles.size > 0) return;
    isTold = false;
    report({ type: 'well', object, ...(wasRefused && { takesWrites: true }) });
  }

  function succeeded(mark?: string): void {
    synced = clock.now().monotonic;
    const wasAbsent = absence !== undefined;
    absence = undefined;
    if (mark !== undefined) troubles.delete(mark);
    wellIfAllIs(false);
    if (wasAbsent) recovered();
  }

  function failed(failure: Failure, account?: string, nature?: Nature): void {
    isTold = true;
    if (!isClosed) report({ type: 'trouble', object, failure });
    if (ABSENT.test(failure.code)) absence = failure;
    else if (account === undefined || nature === undefined) return;
    else if (nature === 'writes' && UNWRITABLE.test(failure.code)) refused ??= account;
    else troubles.add(markOf(account, nature));
    probeLater();
  }

  function probeLater(): void {
    if (isClosed || cancel || (!absence && refused === undefined)) return;
    cancel = after(PROBE_INTERVAL, () => {
      void probed()
        .catch(() => {})
        .then(() => {
          cancel = undefined;
          probeLater();
        });
    });
  }

  async function probed(): Promise<void> {
    if (absence) await attempt(probe);
    else if (refused !== undefined) await askForWrites(refused);
  }

  async function askForWrites(account: string): Promise<void> {
    try {
      await probeWrite(account);
    } catch (error) {
      const failure = failureOf(error, 'none');
      if (ABSENT.test(failure.code) || UNWRITABLE.test(failure.code)) return failed(failure);
      // Whatever else it says of the probe, it says after it has looked at whether it takes writes.
    }
    synced = clock.now().monotonic;
    refused = undefined;
    wellIfAllIs(true);
    recovered();
  }

  async function attempt<T>(work: () => Promise<T>, account?: string, nature?: Nature): Promise<T> {
    try {
      const answer = await work();
      succeeded(account === undefined || nature === undefined ? undefined : markOf(account, nature));
      return answer;
    } catch (error) {
      failed(failureOf(error, 'none'), account, nature);
      throw error;
    }
  }

  async function ask<T>(work: () => Promise<T>, account: string, nature: Nature): Promise<T> {
    if (absence) throw new EdgeError({ ...absence, effect: 'unsent' });
    return attempt(work, account, nature);
  }

  return {
    of: (account) => ({
      reads: (work) => ask(work, account, 'reads'),
      writes: (work) => ask(work, account, 'writes'),
      syncedAt: () => synced,
    }),
    close() {
      isClosed = true;
      cancel?.();
    },
  };
}

function markOf(account: string, nature: Nature): string {
  return `${nature} ${account}`;
}
