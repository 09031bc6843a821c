import type { AccountRecord } from '../record.ts';
import type { State } from './index.ts';

/**
 * The state as it is kept until the next event: the same, with those of its objects copied that an event has made anew.
 *
 * V8 of Node 20 gives what `{ ...object, field }` makes a layout of its own once it has met a few different ones, and a
 * layout takes more memory than the object. What is put together field by field shares one. Thousands of states wait for
 * their next event, so it counts; see docs/decisions/0023-many-accounts.md.
 */
export function kept(next: State, before: State): State {
  if (next.record === before.record && next.life === before.life && next.targets === before.targets)
    return next;
  return {
    ...next,
    record: next.record === before.record ? next.record : keptRecord(next.record),
    life: copy(next.life),
    targets: next.targets.map(copy),
  };
}

function keptRecord(record: AccountRecord): AccountRecord {
  const { ledger, token } = record;
  return Object.assign(copy(record), { ledger: copy(ledger), ...(token && { token: copy(token) }) });
}

function copy<T extends object>(value: T): T {
  return Object.assign({}, value);
}
