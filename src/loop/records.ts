import { type Failure, failureOf } from '../core/failure.ts';
import type { Lease } from '../core/ports.ts';
import type { AccountRecord } from '../core/record.ts';
import type { Cell, Loop } from './cell.ts';

/** The record of a cell in its store. A store that does not work is an event, never an error. */
export interface Records {
  read(cell: Cell): Promise<AccountRecord | undefined>;
  /** @returns whether the store holds it now */
  write(cell: Cell, record: AccountRecord, lease: Lease): Promise<boolean>;
  /** What is known, as it is. */
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
