import { isDeepStrictEqual } from 'node:util';
import {
  decodeRecord,
  encodeRecord,
  LaterRecordError,
  RECORD_VERSION,
  storedOf,
} from '../../codec/record.ts';
import { EdgeError, failureOf, PASSING } from '../../core/failure.ts';
import type { AccountStore, Clock, Lease } from '../../core/ports.ts';
import type { AccountRecord } from '../../core/record.ts';
import type { Text } from '../../core/text.ts';
import { DAY } from '../../core/time.ts';
import type { AccountLock, TakenLock } from './account-lock.ts';
import type { AccountReach } from './reach.ts';
import { createStandingBack } from './standing-back.ts';
import type { StateServer } from './state-server.ts';

export interface RecordStoreOptions {
  readonly account: string;
  readonly server: StateServer;
  /** Every call goes through it, so that nobody waits for a server that is known not to answer. */
  readonly reach: AccountReach;
  readonly lock: AccountLock;
  /** Whether others may still have to write again what the server has lost: until then nothing is fetched. */
  readonly isSettling: () => boolean;
  readonly clock: Clock;
  /** The name of the place of the record, for people. */
  readonly where: string;
  /** What others are told when this process has written the record. */
  readonly message: string;
  /** Called once for each reason why a record cannot be used; the daemon then goes on as if there were no record. */
  readonly warn: (message: string) => void;
}

/** The record of an account on a server of Redis. */
export interface RecordStore extends AccountStore {
  /** The process that this one has found to hold the lock; undefined when it found nobody. */
  holder(): string | undefined;
  /** Another daemon has written the record. */
  heard(): void;
}

/** What was stored when a lease was taken, or what was written under it since. */
interface Base {
  readonly lease: string;
  readonly text: string;
  /** Whether something was written under it: first that the platform is asked, then what came of it. */
  readonly hasBegun?: true;
}

/** A record stays so long after it was last written, ms. Nothing in a record matters after a day. */
const EXPIRY = 7 * DAY;

/**
 * Keeps the record of one account on a server of Redis. A write requires that the record is, to the byte, what it was
 * when the lock was taken. The lock is taken before the platform is called, so a token that another daemon fetched
 * meanwhile is never overwritten. While the server does not answer, what was read last is read again.
 */
export function recordStore(options: RecordStoreOptions): RecordStore {
  const { account, server, reach, lock, isSettling, clock, where, message, warn } = options;
  /** For each lease: the record as it was when the lock was taken, or as this daemon has written it since. */
  const bases = new WeakMap<Lease, Base>();
  let known: { readonly text: string | undefined; readonly record: AccountRecord | undefined } | undefined;
  let complained: string | undefined;
  /** Whether this process has read or written a record of its own version. */
  let isInUse = false;
  const standingBack = createStandingBack(clock);
  let lockError: unknown;

  function decode(text: string): AccountRecord | undefined {
    try {
      const record = decodeRecord(text, account);
      complained = undefined;
      isInUse = true;
      return record;
    } catch (error) {
      const reason = (error as Error).message;
      const rest = error instanceof LaterRecordError ? DOWNGRADED : '';
      if (reason !== complained) warn(`ignoring ${where}: ${reason}${rest}`);
      complained = reason;
      return undefined;
    }
  }

  function learn(text: string | undefined): AccountRecord | undefined {
    if (!known || known.text !== text)
      known = { text, record: text === undefined ? undefined : decode(text) };
    return known.record;
  }

  /** Keeps a record that this program cannot read, so that the later version finds it again. */
  async function keepBeside(text: string): Promise<void> {
    const version = laterVersionOf(text, account);
    if (version === undefined) return;
    if (isInUse) throw laterDaemon(where, version);
    await reach.writes(() => server.keep(account, version, text, EXPIRY));
    warn(
      `kept the record of version ${version} as ${where}.version-${version}, since this program writes version ${RECORD_VERSION}`,
    );
  }

  /** Sends a write, and once more when no answer came: the server tells whether it was made. */
  async function send(text: string, { lease, text: base }: Base) {
    const write = { account, lease, base, text, duration: EXPIRY, message };
    try {
      return await reach.writes(() => server.write(write));
    } catch (error) {
      if (failureOf(error, 'none').effect !== 'unknown') throw error;
      return reach.writes(() => server.write(write));
    }
  }

  /**
   * Writes the record although another text is there than the one that it was to replace: the same record, which another
   * daemon has brought back, or an older one, or none, since the server has lost what was there.
   * @returns the text that is stored then
   */
  async function writeOverLoss(record: AccountRecord, text: string, base: Base): Promise<string> {
    const found = learn(await reach.reads(() => server.read(account)));
    const stored = known?.text;
    if (found && stored !== undefined && isDeepStrictEqual(storedOf(found), storedOf(record))) return stored;
    const isLoss = stored === undefined || (found && found.generation < generationIn(base.text, account));
    if (!isLoss) throw superseded(where);
    const answer = await send(text, { ...base, text: stored ?? '' });
    if (answer !== 'written') throw superseded(where);
    return text;
  }

  function leaseFrom({ lease, record = '', isHeld, release }: TakenLock): Lease {
    const made: Lease = { held: async () => isHeld(), isHeld, release };
    bases.set(made, { lease, text: record });
    return made;
  }

  /**
   * What is only written down needs no lock, for the comparison is enough: whoever brings back what the server has lost
   * must not wait for a lock that may be left over from before.
   */
  async function keepingLease(): Promise<Lease> {
    const text = await reach.reads(() => server.read(account));
    const lease: Lease = { held: async () => false, isHeld: () => false, release: async () => {} };
    bases.set(lease, { lease: '', text: text ?? '' });
    return lease;
  }

  async function fetchingLease(): Promise<Lease | undefined> {
    if (isSettling() || standingBack.isBack()) return undefined;
    const taken = await reach.writes(lock.take);
    return taken && leaseFrom(taken);
  }

  return {
    async read() {
      try {
        return learn(await reach.reads(() => server.read(account)));
      } catch (error) {
        if (!known) throw error;
        return known.record;
      }
    },
    async write(record, lease) {
      const base = bases.get(lease);
      if (!base) throw lockError ?? superseded(where);
      await keepBeside(base.text);
      const text = encodeRecord(record).trimEnd();
      const answer = await send(text, base);
      if (answer === 'held') throw superseded(where);
      const stored = answer === 'written' ? text : await writeOverLoss(record, text, base);
      if (base.lease !== '' && base.hasBegun) standingBack.attempted(record);
      bases.set(lease, { ...base, text: stored, hasBegun: true });
      known = { text: stored, record };
      isInUse = true;
    },
    async lock(purpose) {
      try {
        return await (purpose === 'fetch' ? fetchingLease() : keepingLease());
      } catch (error) {
        lockError = error;
        throw error;
      }
    },
    syncedAt: reach.syncedAt,
    isElsewhere: true,
    holder: lock.holder,
    heard: standingBack.heard,
  };
}

/** What becomes of a record that this program is too old for. */
const DOWNGRADED =
  '; it is kept beside before it is replaced, the token is taken from what is published, and the calls counted in it ' +
  'are not known';

/** The generation of a stored record; 0 for what is none. */
function generationIn(text: string, account: string): number {
  try {
    return decodeRecord(text, account).generation;
  } catch {
    return 0;
  }
}

/** The version of a record that a later version of this program wrote; undefined for any other text. */
function laterVersionOf(text: string, account: string): number | undefined {
  try {
    decodeRecord(text, account);
    return undefined;
  } catch (error) {
    return error instanceof LaterRecordError ? error.version : undefined;
  }
}

function laterDaemon(where: string, version: number): EdgeError {
  return new EdgeError({
    ...{ class: 'passing', code: 'later-version', effect: 'none', backoff: PASSING },
    message: {
      en: `a daemon of a later version of this program writes ${where} (record version ${version}; this one writes ${RECORD_VERSION})`,
      zh: `更新版本的守护进程在写 ${where}（记录版本 ${version}，本程序写的是 ${RECORD_VERSION}）`,
    },
    advice: {
      en: 'let all daemons that share a prefix run one version: upgrade this one, or stop the other',
      zh: '让共用一个前缀的所有守护进程运行同一版本：升级这一个，或停止另一个',
    },
  });
}

function superseded(where: string): EdgeError {
  const message: Text = {
    en: `${where} was written, or its lock taken, by another daemon meanwhile`,
    zh: `其间另一个守护进程写了 ${where}，或取得了它的锁`,
  };
  return new EdgeError({ class: 'passing', code: 'lock-lost', message, effect: 'none', backoff: PASSING });
}
