import { type Failure, failureOf } from '../core/failure.ts';
import type { FetchStep, Step } from '../core/plan.ts';
import type { Lease, PeerRequest } from '../core/ports.ts';
import type { AccountRecord } from '../core/record.ts';
import type { State } from '../core/state/index.ts';
import { strengthToHandOver } from '../core/state/request.ts';
import type { Cell, Loop } from './cell.ts';

export interface Locks {
  /** Takes the lock that a step needs. Where another daemon has it, that is an event, and a request is left with it. */
  take(cell: Cell, step: Step): Promise<Lease | undefined>;
}

const UNLOCKED: Lease = { held: async () => true, release: async () => {} };

export function createLocks({
  happen,
  report,
  unstored,
}: Pick<Loop, 'happen' | 'report'> & {
  readonly unstored: (cell: Cell, error: unknown) => void;
}): Locks {
  async function handOver(cell: Cell, step: FetchStep): Promise<void> {
    const { reason } = step;
    const request = peerRequestOf(step, cell.state);
    if (!request || (reason !== 'requested' && reason !== 'refused' && reason !== 'authorised'))
      return happen(cell, { type: 'blocked' });
    try {
      await cell.unit.store.handOver?.(request);
      happen(cell, { type: 'handed-over', reason });
      report(cell.unit, { type: 'handed-over', reason });
    } catch (error) {
      unstored(cell, error);
      happen(cell, { type: 'blocked', untold: true });
    }
  }

  return {
    async take(cell, step) {
      const { store, policy } = cell.unit;
      try {
        const asks = step.kind === 'fetch' || step.kind === 'start-pushes';
        const lease = await store.lock(asks ? 'fetch' : 'keep');
        if (lease) return lease;
      } catch (error) {
        unstored(cell, error);
        // An ordinary stable-token call harms nobody: better uncoordinated than without a token.
        return policy.destructive ? undefined : UNLOCKED;
      }
      if (step.kind === 'fetch' && store.handOver) await handOver(cell, step);
      else happen(cell, { type: 'blocked' });
      return undefined;
    },
  };
}

/** What the daemon that fetches is to be asked, for a step that only it can do. */
function peerRequestOf(
  { reason }: FetchStep,
  { request, doubts, record: { token } }: State,
): PeerRequest | undefined {
  // Its code it finds where codes are kept.
  if (reason === 'authorised')
    return { kind: 'refresh', strength: 'ordinary', generation: token?.generation ?? 0 };
  const strength = strengthToHandOver(request);
  if (reason === 'requested' && strength) {
    return { kind: 'refresh', strength, generation: token?.generation ?? 0 };
  }
  return reason === 'refused' && token ? { kind: 'doubt', token, by: doubts.by ?? 'reader' } : undefined;
}

/**
 * Asks the lease directly before a request goes out, so that a process that stood still since the last question sends
 * nothing. It asks once more after that, since a process may stand still between the question and the socket: nothing
 * can prevent that, but it has to be known.
 */
export function watchedDeparture({ isHeld = () => true }: Lease) {
  let refused = false;
  let late = false;
  return {
    permit(): boolean {
      refused = !isHeld();
      queueMicrotask(() => {
        late ||= !refused && !isHeld();
      });
      return !refused;
    },
    /** Whether nothing was sent because the lease was lost. */
    isRefused: () => refused,
    /** Whether the request went out when the lease may have been another daemon's. */
    isLate: () => late,
  };
}

/** Reads and writes the record of a cell. A store that does not work is an event, never an error. */
export interface Records {
  read(cell: Cell): Promise<AccountRecord | undefined>;
  /** @returns whether the store holds the record now */
  write(cell: Cell, record: AccountRecord, lease: Lease): Promise<boolean>;
  /** Writes what is known, as it is. */
  save(cell: Cell, lease: Lease): Promise<void>;
  unstored(cell: Cell, error: unknown): void;
}

export function createRecords({ happen, report }: Pick<Loop, 'happen' | 'report'>): Records {
  function unstored(cell: Cell, error: unknown): void {
    const failure: Failure = failureOf(error, 'unsent');
    happen(cell, { type: 'unstored', failure });
    report(cell.unit, { type: 'unstored', failure });
  }

  async function write(cell: Cell, record: AccountRecord, lease: Lease): Promise<boolean> {
    try {
      await cell.unit.store.write(record, lease);
      return true;
    } catch (error) {
      unstored(cell, error);
      return false;
    }
  }

  return {
    async read(cell) {
      try {
        return await cell.unit.store.read();
      } catch (error) {
        unstored(cell, error);
        return undefined;
      }
    },
    write,
    async save(cell, lease) {
      const { record } = cell.state;
      if (await write(cell, record, lease)) happen(cell, { type: 'saved', generation: record.generation });
    },
    unstored,
  };
}
