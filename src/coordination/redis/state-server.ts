/** Who wants the lock of an account. */
export interface LockClaim {
  readonly account: string;
  /** What the lock is to hold: see {@link lockValue}. */
  readonly value: string;
  /** A lock that begins so is this process's own, of which no answer came: it is taken again. */
  readonly process: string;
  /** A lock of just this value is taken over: its holder has not renewed it for too long. */
  readonly stale?: string;
  /** How long the lock lasts unless it is renewed, ms by the server's clock. */
  readonly duration: number;
}

/** What became of a {@link LockClaim}. */
export type LockAnswer =
  /** `record` is what was stored at that moment; undefined where there was nothing. */
  | { readonly isTaken: true; readonly record?: string }
  /** Another one has the lock, which holds `value`. */
  | { readonly isTaken: false; readonly value: string };

export interface Renewal {
  readonly account: string;
  /** The lease that is renewed: what the value of its lock begins with. */
  readonly lease: string;
  readonly value: string;
  /** ms */
  readonly duration: number;
}

/** A record that is to be written if nothing has changed. */
export interface RecordWrite {
  readonly account: string;
  /** The lease under which it is written: while another has the lock, nothing is. Empty: whoever has the lock. */
  readonly lease: string;
  /** What has to be stored, to the byte, for the record to be written; empty where nothing has to be. */
  readonly base: string;
  readonly text: string;
  /** How long the record stays unless it is written again, ms. */
  readonly duration: number;
  /** Told to all who listen, once it is written. */
  readonly message: string;
}

/** `written` also where the same text is stored already; `held` by another lease; `changed` since `base` was read. */
export type WriteAnswer = 'written' | 'held' | 'changed';

/**
 * What the store of records asks of a server of Redis. Each call is one step there: no other client's command comes
 * between its parts. Each is tried once.
 * @throws {EdgeError} from every call, when the server cannot be asked or refuses
 */
export interface StateServer {
  /** @returns undefined where no record is stored */
  read(account: string): Promise<string | undefined>;
  take(claim: LockClaim): Promise<LockAnswer>;
  /** Renews the lock, and makes it again where it has gone. @returns false when another one has it */
  renew(renewal: Renewal): Promise<boolean>;
  /** Removes the lock if the lease still has it. */
  free(account: string, lease: string): Promise<void>;
  write(write: RecordWrite): Promise<WriteAnswer>;
  /** Stores a record of another version beside, for `duration` ms. */
  keep(account: string, version: number, text: string, duration: number): Promise<void>;
}

/** What is pushed for an account: its ticket, or the codes of authorisations; and the permanent codes that those have brought. */
export type WhatIsPushed = 'pushed' | 'codes' | 'permanentCodes';

/** What has been pushed, to be kept if nothing has changed. */
export interface PushedWrite {
  readonly account: string;
  /** What has to be stored, to the byte, for the text to be kept; empty where nothing has to be. */
  readonly base: string;
  readonly text: string;
  /** How long the text stays unless one is kept again, ms; 0: for good. */
  readonly duration: number;
  /** Told to all who listen, once it is kept. */
  readonly message: string;
}

/** What became of a {@link PushedWrite}. */
export type PushedAnswer =
  | { readonly isKept: true }
  /** Something else than `base` is stored; undefined where nothing is. */
  | { readonly isKept: false; readonly stored?: string };

/**
 * What the stores of pushed tickets and codes ask of a server of Redis, one step for each call, as with {@link StateServer}.
 * @throws {EdgeError} from every call, when the server cannot be asked or refuses
 */
export interface PushedServer {
  /** @returns undefined where nothing is stored */
  readPushed(account: string, what: WhatIsPushed): Promise<string | undefined>;
  keepPushed(what: WhatIsPushed, write: PushedWrite): Promise<PushedAnswer>;
}

/** What the turns of third parties ask of a server of Redis, one step for each call, as with {@link StateServer}. */
export interface TurnServer {
  /**
   * Takes one of so many turns, which is free again after `duration` ms by the server's clock.
   * @returns whether one was free
   * @throws {EdgeError} when the server cannot be asked or refuses
   */
  takeTurn(name: string, count: number, duration: number): Promise<boolean>;
}

/** What a lock holds, in the order in which it is written: a lease is told by its beginning. */
export interface LockHolder {
  /** A number used once, of the process. */
  readonly process: string;
  /** Counts the leases of the process. */
  readonly turn: number;
  /** Counts the renewals: only a lock that changes shows that its holder is alive. */
  readonly renewals: number;
  /** Host and pid, for people. */
  readonly label: string;
}

/** The beginning of the lock's value that tells one lease. */
export function leaseOf({ process, turn }: Pick<LockHolder, 'process' | 'turn'>): string {
  return `${process} ${turn} `;
}

export function lockValue(holder: LockHolder): string {
  return `${leaseOf(holder)}${holder.renewals} ${holder.label}`;
}

/** The name, for people, of whoever wrote this value; undefined for a value that this program did not write. */
export function holderIn(value: string): string | undefined {
  return /^\S{1,64} \d{1,15} \d{1,15} ([!-~ ]{1,200})$/.exec(value)?.[1];
}
