import { createCodeDesk } from '../../../src/app/code-desk.ts';
import { markOf } from '../../../src/codec/pushed-codes.ts';
import type { Unit } from '../../../src/core/ports.ts';
import { Secret } from '../../../src/core/secret.ts';
import { SECOND } from '../../../src/core/time.ts';
import { createReconciler } from '../../../src/loop/reconciler.ts';
import { bound } from '../../../src/providers/bound.ts';
import { type CallPace, createCallPace, paced } from '../../../src/providers/call-pace.ts';
import type { SharedReads } from '../../../src/providers/kind.ts';
import { kindOf } from '../../../src/providers/kinds.ts';
import { createPlatform } from '../../../src/providers/platform.ts';
import { createSharedReads } from '../../../src/providers/shared-reads.ts';
import { policyFor } from '../../support/kinds.ts';
import type { Agenda } from '../agenda.ts';
import { playedPublisher } from '../daemon.ts';
import { restOf } from '../due.ts';
import type { PublishedFile } from '../file.ts';
import { createMachine, EPOCH, type Life, type MachineOptions, type Strike } from '../machine.ts';
import type { SharedState, SharedStore } from '../shared-state.ts';
import { TICK } from '../simulate.ts';
import { type Party, PLATFORM, type ThirdParty } from './party.ts';
import type { createTurns } from './turns.ts';
import type { createWire } from './wire.ts';

/** The planner's net below the watch, ms. */
const LOOK_AGAIN = 30 * SECOND;

/** What is to be done before the next tick gets a timer of its own, between these, ms. */
const SOONEST_WAKE = 200;
const LATEST_WAKE = 5 * SECOND;

/** So many are woken one by one. */
const FEW = 10;

const HOSTS = ['https://api.weixin.qq.com'];

export interface DaemonOptions extends MachineOptions {
  readonly agenda: Agenda;
  /** In [0, 1). */
  readonly random: () => number;
  readonly index: number;
  readonly party: ThirdParty;
  readonly wire: ReturnType<typeof createWire>;
  /** Takes a turn among the calls of all daemons. */
  readonly turns: ReturnType<typeof createTurns>;
  readonly fileOf: (party: Party) => PublishedFile;
  /** What is to befall the daemon in its next refresh. */
  readonly nextStrike: () => Strike | undefined;
}

/** A daemon that keeps a component and all its accounts, through all its lives, between edges that are played. */
export interface Daemon {
  start(): void;
  /** A ticket has been kept for all daemons. */
  ticketChanged(): void;
  /** The platform has pushed that an account has authorised again, with the code to exchange. */
  authorized(party: Party, code: string): void;
  /** A reader says that the platform refused a token. */
  refuse(token: string): void;
}

interface Cell {
  readonly unit: Unit;
  readonly shared: SharedState;
  readonly store: SharedStore;
  /** When there is something to do for it, true time, ms. */
  dueAt: number;
  /** The tick at which that is done. */
  nextTick?: number;
}

export function createDaemon(options: DaemonOptions): Daemon {
  const { agenda, random, index, party, wire, turns, fileOf, nextStrike } = options;
  const machine = createMachine(agenda, options, start);
  const parties = [party.component, ...party.accounts];
  let settle = () => {};
  let present: Omit<Daemon, 'start'> | undefined;

  function start(): void {
    const life = machine.begin(() => settle());
    const underway = { calls: 0 };
    const sharedReads = createSharedReads(life.clock);
    const pace = createCallPace({ clock: life.clock, shared: turns(life), wait: life.pause });
    const cells = new Map<string, Cell>();
    /** The units to which something has happened. */
    const touched = new Set<string>();

    function join(one: Party): Unit {
      const own = touching(life, () => touched.add(one.name));
      const store = one.shared.open(own);
      const unit: Unit = {
        ...unitOf(one, own, {
          wire: wire({
            ...{ life: own, daemon: index, account: one.appId, underway },
            ...one,
            sent: store.requestSent,
          }),
          pace: one === party.component ? undefined : pace,
          sharedReads,
          party,
        }),
        store: {
          ...store,
          async write(record, lease) {
            await store.write(record, lease);
            if (record.token) one.journal.heard.add(record.token.value.reveal());
          },
          lock(purpose) {
            machine.arm(nextStrike());
            return store.lock(purpose);
          },
        },
        publishers: [playedPublisher(own, fileOf(one), agenda, random)],
      };
      cells.set(one.name, { store, unit, shared: one.shared, dueAt: 0 });
      one.shared.watch(own, {
        told: () => reconciler.invalidate(one.appId),
        freed: reconciler.free,
        hasRested: () => {
          const seenAt = reconciler.stateOf(one.name)?.store.seenAt;
          return seenAt !== undefined && life.clock.now().monotonic - seenAt.monotonic > LOOK_AGAIN;
        },
      });
      return unit;
    }

    let wakeAt = Number.POSITIVE_INFINITY;
    const reconciler = createReconciler({
      ...{ clock: life.clock, random, report: (_unit, what) => codeDesk.report(what) },
      wakeIn(ms) {
        const at = agenda.now() + Math.max(ms, SOONEST_WAKE);
        if (ms > LATEST_WAKE || at >= wakeAt) return;
        wakeAt = at;
        life.after(at - agenda.now(), () => {
          if (wakeAt !== at) return;
          wakeAt = Number.POSITIVE_INFINITY;
          wakeDue();
        });
      },
    });
    const units = parties.map(join);
    reconciler.serve(units);
    const known = new Set(party.accounts.map(({ appId }) => appId));
    const endless = new AbortController().signal;
    const codeDesk = createCodeDesk({
      ...{ clock: life.clock, reconciler, random, signal: endless, cut: endless },
      logger: { info: () => {}, warn: () => {} },
      parties: () =>
        units
          .filter(({ id }) => id === PLATFORM.name)
          .map((unit) => ({
            ...{ unit, codes: party.codes },
            open: () => ({ lock: unit.store.lock, isExchanged: async () => false }),
            // Every account is served, so that its codes go into its fetches.
            exchange: async () => 'exchanged' as const,
            accountsOf: (subject = '') => (known.has(subject) ? [subject] : []),
            ended: async () => {},
          })),
      mayAsk: () => true,
    });

    /** Skips the ticks at which nothing would be done. */
    function plan(name: string): void {
      const cell = cells.get(name);
      const state = reconciler.stateOf(name);
      if (!cell || !state) return;
      const { unit, store, shared } = cell;
      const base = unit.base === undefined ? undefined : reconciler.stateOf(unit.base);
      const rest = restOf(state, unit.policy, life.clock.now(), shared.version() !== store.seen(), base);
      cell.dueAt = agenda.now() + Math.max(1, rest);
      const tick = machine.nextTick(cell.dueAt, TICK);
      if (tick === cell.nextTick) return;
      cell.nextTick = tick;
      life.after(tick - agenda.now(), () => {
        if (cell.nextTick !== tick) return;
        delete cell.nextTick;
        touched.add(name);
        reconciler.invalidate(unit.account);
      });
    }

    /** As a tick does; but a tick also looks at all that rest, which takes long with hundreds. */
    function wakeDue(): void {
      const due = [...cells].filter(([, { dueAt }]) => dueAt <= agenda.now());
      for (const [name] of due) touched.add(name);
      if (due.length > FEW) reconciler.tick();
      else for (const [, { unit }] of due) reconciler.invalidate(unit.account);
    }

    settle = () => {
      for (const name of touched) plan(name);
      touched.clear();
    };
    const component = party.component.appId;
    present = {
      ticketChanged: () =>
        life.after(0, () => {
          touched.add(PLATFORM.name);
          reconciler.invalidate(component);
        }),
      authorized: ({ name, appId }, code) =>
        life.after(0, () => {
          touched.add(name);
          const receivedAt = EPOCH + agenda.now();
          const pushed = { mark: markOf(code), subject: appId, value: new Secret(code), receivedAt };
          void party.codes.put(pushed).then(() => codeDesk.look(component));
        }),
      refuse: (token) => life.after(0, () => reconciler.doubt((value) => value.reveal() === token, 'reader')),
    };
    life.after(0, () => {
      for (const { name } of parties) touched.add(name);
      reconciler.tick();
      void codeDesk.look(component);
    });
  }

  return {
    start,
    ticketChanged: () => present?.ticketChanged(),
    authorized: (one, code) => present?.authorized(one, code),
    refuse: (token) => present?.refuse(token),
  };
}

/** The same life, which tells of everything that happens in it. */
function touching(life: Life, touch: () => void): Life {
  const after = (ms: number, happen: () => void) =>
    life.after(ms, () => {
      touch();
      happen();
    });
  return { ...life, after, pause: (ms) => new Promise((resolve) => after(ms, resolve)) };
}

interface Surroundings {
  readonly wire: ReturnType<ReturnType<typeof createWire>>;
  readonly pace: CallPace | undefined;
  readonly sharedReads: SharedReads;
  readonly party: ThirdParty;
}

function unitOf(
  { name, appId }: Party,
  { clock }: Life,
  { wire, pace, sharedReads, party }: Surroundings,
): Omit<Unit, 'store' | 'publishers'> {
  const isComponent = name === PLATFORM.name;
  const type = isComponent ? 'component' : 'authorizer';
  const kind = kindOf(type);
  return {
    ...{ id: name, name, kind: 'token', optional: false, account: appId, host: HOSTS[0] ?? '' },
    ...(isComponent
      ? { pushed: { newest: async () => party.ticket() } }
      : { base: PLATFORM.name, pace: PLATFORM.appId }),
    policy: policyFor(type),
    fingerprint: async () => (isComponent ? 'f' : undefined),
    provider: bound(kind, {
      appId,
      secret: async () => new Secret(PLATFORM.secret),
      platform: createPlatform(kind.family, HOSTS, pace ? paced(wire, pace) : wire, clock),
      ...(!isComponent && { via: { appId: PLATFORM.appId, sharedReads } }),
    }),
  };
}
