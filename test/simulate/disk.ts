import { EdgeError, PASSING } from '../../src/core/failure.ts';
import type { Lease } from '../../src/core/ports.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { SECOND } from '../../src/core/time.ts';
import type { Agenda } from './agenda.ts';
import type { Journal } from './journal.ts';
import type { Life } from './machine.ts';
import type { SharedState, SharedStore, Watcher } from './shared-state.ts';

/** As in `coordination`: a holder shows life so often, and is taken over after so long without. */
const UPDATE = 2 * SECOND;
const STALE = 10 * SECOND;

/** A look takes so long, ms. */
const READ = 1;

/** The watch tells of a write after that many ms. */
const SOONEST = 20;
const LATEST = 200;

const LOCK_LOST = new EdgeError({
  class: 'passing',
  code: 'lock-lost',
  message: 'another daemon has taken the lock',
  zh: { message: 'another daemon has taken the lock' },
  effect: 'none',
  backoff: PASSING,
});

interface Held {
  readonly life: Life;
  readonly since: number;
}

/** The state folder that all daemons of an account share, with its lock as `coordination/file-lock.ts` keeps it. */
export function createDisk(agenda: Agenda, random: () => number, journal: Journal): SharedState {
  let stored: AccountRecord | undefined;
  let version = 0;
  let lock: Held | undefined;
  const watchers = new Map<Life, Watcher>();

  const touches = ({ life, since }: Held) =>
    Math.floor(((life.silentSince() ?? agenda.now()) - since) / UPDATE);

  function tell(delay: () => number, isMeant: (watcher: Watcher) => boolean): void {
    for (const [life, watcher] of watchers) {
      if (life.isOver()) watchers.delete(life);
      else if (isMeant(watcher)) life.after(delay(), watcher.told);
    }
  }

  function open(life: Life): SharedStore {
    let seen = -1;
    let sent = false;
    let sighting: { readonly held: Held; readonly touches: number; readonly at: number } | undefined;

    function isStale(held: Held): boolean {
      const now = life.clock.now().monotonic;
      if (sighting?.held !== held || sighting.touches !== touches(held))
        sighting = { held, touches: touches(held), at: now };
      return (held.life.isOver() && held.life.host === life.host) || now - sighting.at >= STALE;
    }

    return {
      seen: () => seen,
      forget: () => {
        seen = -1;
      },
      requestSent: () => {
        sent = true;
      },
      async read() {
        await life.pause(READ);
        seen = version;
        return stored;
      },
      async write(record: AccountRecord, lease: Lease) {
        await life.pause(1 + 9 * random());
        await life.reach(sent ? 'saving' : 'beginning');
        // Nobody has gone without a look for longer than half a minute: what was skipped is made up for.
        tell(
          () => 0,
          (watcher) => watcher.hasRested(),
        );
        await life.pause(READ + 1);
        if (!(await lease.held())) throw LOCK_LOST;
        await life.reach('renaming');
        stored = record;
        if (record.token?.generation === record.generation) journal.answers.push(agenda.now());
        version += 1;
        tell(
          () => SOONEST + (LATEST - SOONEST) * random(),
          () => true,
        );
        if (sent) await life.reach('saved');
      },
      async lock(): Promise<Lease | undefined> {
        await life.pause(1 + 4 * random());
        if (lock && !isStale(lock)) return undefined;
        const held: Held = { life, since: agenda.now() };
        lock = held;
        sighting = undefined;
        sent = false;
        await life.reach('locked');
        return {
          held: async () => lock === held,
          release: async () => {
            if (lock === held) lock = undefined;
          },
        };
      },
    };
  }

  return { open, watch: (life, watcher) => void watchers.set(life, watcher), version: () => version };
}
