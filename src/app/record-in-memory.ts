import type { AccountStore, Lease } from '../core/ports.ts';
import type { AccountRecord } from '../core/record.ts';

/**
 * The record of an account that cannot be fetched yet and that nobody shares, as long as this process lives. What is kept of
 * the account that it is about to become is left alone.
 */
export function recordInMemory(): AccountStore {
  let kept: AccountRecord | undefined;
  let holder: Lease | undefined;
  return {
    isElsewhere: true,
    isAsKnown: () => true,
    read: async () => kept,
    async write(record) {
      kept = record;
    },
    async lock() {
      if (holder) return undefined;
      const lease: Lease = {
        held: async () => holder === lease,
        release: async () => {
          if (holder === lease) holder = undefined;
        },
      };
      holder = lease;
      return lease;
    },
  };
}
