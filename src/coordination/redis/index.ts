import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ClusterEvent } from '../../core/events/cluster.ts';
import type {
  AccountStore,
  Clock,
  CodeStore,
  PermanentCodeStore,
  TakeTurn,
  TicketStore,
} from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import { TURN_AGAIN, TURN_LIFE, TURNS } from '../../core/turns.ts';
import { type After, accountLock, LOCK_TIMES, type LockTimes } from './account-lock.ts';
import { redisCodeStore } from './code-store.ts';
import { redisPermanentCodes } from './permanent-code-store.ts';
import type { PushedPlace } from './pushed-document.ts';
import { createReach } from './reach.ts';
import { type RecordStore, recordStore } from './record-store.ts';
import type { PushedServer, StateServer, TurnServer, WhatIsPushed } from './state-server.ts';
import { redisTicketStore } from './ticket-store.ts';

/** A server on which daemons keep the records of accounts, and tell each other of what they write. */
export interface SharedServer extends StateServer, PushedServer, TurnServer {
  /** The server's name for people, without secrets. */
  readonly name: string;
  /** The name of the place of an account's record, of its pushed ticket or codes, for people. */
  placeOf(account: string, what: What): string;
  /** Asks for something that is cheap and changes nothing. @throws {EdgeError} when the server does not answer */
  probe(): Promise<unknown>;
  /**
   * Asks whether a write would be taken where the keys of the account are, and writes nothing.
   * @throws {EdgeError} when not
   */
  probeWrite(account: string): Promise<unknown>;
  /**
   * Listens to what is told of writes, until {@link close}.
   * @param listening called whenever it begins to listen, or begins anew: what was told before is not known
   */
  listen(told: (message: string) => void, listening: () => void): void;
  close(): Promise<void>;
}

export interface SharedRedisOptions {
  readonly server: SharedServer;
  readonly clock: Clock;
  readonly report: (event: ClusterEvent) => void;
  readonly warn: (message: string) => void;
  readonly after?: After;
  readonly times?: LockTimes;
  /** Names of this process: one that is used once, and one for people. */
  readonly identity?: { readonly process: string; readonly label: string };
}

export interface SharedRedisListeners {
  /** The record of an account, or what has been pushed for it, has changed. */
  readonly changed: (account: string) => void;
  /** The server answers, or takes writes, again: work that waited for it may go on. */
  readonly freed: () => void;
}

/** The records of accounts on a server of Redis, which daemons of any number of machines share. */
export interface SharedRedis {
  /** Opens the record of an account. */
  open(account: string): AccountStore;
  /** Opens the newest ticket that the platform has pushed for an account. */
  openTickets(account: string): TicketStore;
  /** Opens the codes of authorisations that are pushed to a third party. */
  openCodes(account: string): CodeStore;
  /** Opens the permanent codes of the corps that have installed a suite. */
  openPermanentCodes(account: string): PermanentCodeStore;
  readonly takeTurn: TakeTurn;
  /** The process that was found to hold the lock of an account; undefined when nobody was. */
  holderOf(account: string): string | undefined;
  /** Listens to what other daemons write from now on. */
  start(listeners: SharedRedisListeners): void;
  close(): Promise<void>;
}

/**
 * After the server was away, or the subscription, nobody takes a lock to fetch for so long, ms: a server that has lost what
 * was written last may show an intent whose outcome another daemon is about to write again.
 */
const SETTLING = 3 * SECOND;

/** A timer that keeps no process alive: whoever waits for something else does. */
const afterTimeout: After = (ms, happen) => {
  const timer = setTimeout(happen, ms).unref();
  return () => clearTimeout(timer);
};

export function shareRedis(options: SharedRedisOptions): SharedRedis {
  const { server, clock, report, warn, after = afterTimeout, times = LOCK_TIMES } = options;
  const { process: self, label } = options.identity ?? identityOfProcess();
  const stores = new Map<string, RecordStore>();
  const tickets = new Map<string, TicketStore>();
  const codes = new Map<string, CodeStore>();
  const permanentCodes = new Map<string, PermanentCodeStore>();
  let listeners: SharedRedisListeners | undefined;
  let hasListened = false;
  /** Monotonic ms. */
  let settledAt = Number.NEGATIVE_INFINITY;

  const isSettling = () => clock.now().monotonic < settledAt;

  /** What was known of the server may not be so any more. */
  function returned(): void {
    settledAt = clock.now().monotonic + SETTLING;
    for (const account of stores.keys()) listeners?.changed(account);
  }

  function listening(): void {
    if (hasListened) returned();
    else for (const account of stores.keys()) listeners?.changed(account);
    hasListened = true;
  }

  const reach = createReach({
    ...{ object: server.name, clock, after, probe: server.probe, probeWrite: server.probeWrite, report },
    recovered() {
      returned();
      listeners?.freed();
    },
  });

  function make(account: string): RecordStore {
    const lock = accountLock({ account, server, process: self, label, clock, after, times });
    const where = server.placeOf(account, 'record');
    const message = messageOf(self, account, 'record');
    const ours = reach.of(account);
    return recordStore({ account, server, reach: ours, lock, isSettling, clock, where, message, warn });
  }

  function placeOf(account: string, what: WhatIsPushed): PushedPlace {
    return {
      ...{ account, what, server, reach: reach.of(account), warn },
      ...{ where: server.placeOf(account, what), message: messageOf(self, account, what) },
    };
  }

  return {
    open(account) {
      // One lock, whatever reloads of the configuration open it: a process does not wait for itself.
      const store = stores.get(account) ?? make(account);
      stores.set(account, store);
      return store;
    },
    openTickets(account) {
      // One, whatever reloads of the configuration open it: what it knows is written again where the server has lost it.
      const store = tickets.get(account) ?? redisTicketStore(placeOf(account, 'pushed'));
      tickets.set(account, store);
      return store;
    },
    openCodes(account) {
      const store = codes.get(account) ?? redisCodeStore(placeOf(account, 'codes'), clock);
      codes.set(account, store);
      return store;
    },
    openPermanentCodes(account) {
      const store =
        permanentCodes.get(account) ?? redisPermanentCodes(placeOf(account, 'permanentCodes'), clock);
      permanentCodes.set(account, store);
      return store;
    },
    async takeTurn(name) {
      const take = () => server.takeTurn(name, TURNS, TURN_LIFE);
      return (await reach.of(name).writes(take)) ? 0 : TURN_AGAIN;
    },
    holderOf: (account) => stores.get(account)?.holder(),
    start(told) {
      listeners = told;
      server.listen((message) => {
        const { writer, account, what } = readMessage(message);
        const store = writer === self ? undefined : stores.get(account);
        if (!store) return;
        // A push reaches any daemon, also one that cannot reach the platform.
        if (what === 'record') store.heard();
        told.changed(account);
      }, listening);
    },
    async close() {
      reach.close();
      await server.close();
    },
  };
}

function identityOfProcess() {
  return { process: randomUUID(), label: `${hostname()} pid ${process.pid}` };
}

type What = 'record' | WhatIsPushed;

/** Names the writer, who need not be told, the account and what was written; nothing secret. */
function messageOf(writer: string, account: string, what: What): string {
  return `${writer} ${account}${what === 'record' ? '' : ` ${what}`}`;
}

function readMessage(message: string) {
  const [writer = '', account = '', mark] = message.split(' ', 3);
  const isPushed = mark === 'pushed' || mark === 'codes' || mark === 'permanentCodes';
  const what: What = isPushed ? mark : 'record';
  return { writer, account, what };
}
