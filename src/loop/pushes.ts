import { failureOf } from '../core/failure.ts';
import type { Lease } from '../core/ports.ts';
import { type PushStanding, pushStanding, ticketAge } from '../core/state/pushed.ts';
import type { Cell, Loop } from './cell.ts';
import { type Records, watchedDeparture } from './store.ts';

/** What the loop does about the tickets that the platform pushes. */
export interface Pushes {
  /** Tells, once, that pushes have stopped, or flow again. */
  look(cell: Cell): void;
  /** Asks the platform to push again. That it is asked is written down first, for all daemons of the account. */
  start(cell: Cell, lease: Lease): Promise<void>;
}

export function createPushes(
  { clock, report, happen }: Loop,
  { write }: Pick<Records, 'write'>,
  signal: AbortSignal,
): Pushes {
  const told = new WeakMap<Cell, PushStanding>();

  return {
    look(cell) {
      const { pushed } = cell.state;
      const standing = pushStanding(pushed, cell.unit.policy, clock.now());
      if (standing === undefined || standing === told.get(cell)) return;
      told.set(cell, standing);
      const ageMs = ticketAge(pushed, clock.now());
      report(cell.unit, { type: 'pushes', standing, ...(ageMs !== undefined && { ageMs }) });
    },
    async start(cell, lease) {
      const { record: before } = cell.state;
      const record = { ...before, generation: before.generation + 1, pushStartedAt: clock.now().wall };
      if (!(await lease.held()) || !(await write(cell, record, lease)))
        return happen(cell, { type: 'blocked' });
      happen(cell, { type: 'push-starting', record });
      const { permit } = watchedDeparture(lease);
      const failure = await cell.unit.provider.startPushes?.({ signal, permit }).then(
        () => undefined,
        (error: unknown) => failureOf(error, 'unknown'),
      );
      happen(cell, { type: 'push-started', ...(failure && { failure }) });
      report(cell.unit, { type: 'push-started', ...(failure && { failure }) });
    },
  };
}
