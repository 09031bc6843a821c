import type { Answer, Kind, Token } from './credential.ts';
import type { Policy } from './policy.ts';
import type { AccountRecord } from './record.ts';
import type { Instant } from './time.ts';

/** Time is an argument: this is where it comes from. */
export interface Clock {
  now(): Instant;
}

/** Where a credential comes from. */
export interface Provider {
  /**
   * One call to the platform, within its timeouts. Never retried inside: what a failure means is the planner's.
   * @throws {EdgeError} with everything the planner needs
   */
  fetch(request: FetchRequest): Promise<Answer>;
  /** Asks the platform, cheaply, whether a token is accepted. Never rejects. */
  probe(token: Token, signal: AbortSignal): Promise<Probe>;
}

export interface FetchRequest {
  readonly forced: boolean;
  /** The live token of the same credential, for what is fetched with one. */
  readonly token?: Token;
  readonly signal: AbortSignal;
}

export interface Probe {
  /** A yes for a token that is not the newest proves little; whatever is not a clear no counts as yes. */
  readonly works: boolean;
  /** The platform's own `Date`, epoch ms, where the answer carried one. */
  readonly platformDate?: number;
}

/** Where a credential goes. */
export interface Publisher {
  /** Names the target in logs, metrics and state: unique within the credential, without secrets. */
  readonly id: string;
  /**
   * Made once, before anything is fetched: creates what may be created and removes what a crash left behind.
   * @returns what a person must change before this target can work, a line each
   */
  prepare(): Promise<readonly string[]>;
  /**
   * Makes the target hold exactly this token, in one step that no reader can see half of. Also called for a token
   * that is there already: then it only repairs what someone changed.
   * @throws {EdgeError} when the target could not be brought up to date; what it held before is still whole
   */
  publish(token: Token, isNewest: () => Promise<boolean>): Promise<'written' | 'unchanged' | 'superseded'>;
}

/** The durable record of one account, shared by all daemons of the account. */
export interface AccountStore {
  /** @returns undefined where there is none that can be used */
  read(): Promise<AccountRecord | undefined>;
  /**
   * Makes the record durable before it resolves.
   * @throws {EdgeError} `lock-lost` when the lease was not held at the last moment; or why it cannot be written
   */
  write(record: AccountRecord, lease: Lease): Promise<void>;
  /**
   * @returns undefined while another daemon holds it
   * @throws {EdgeError} when locking is not possible at all
   */
  lock(): Promise<Lease | undefined>;
}

export interface Lease {
  /** False once the lock may belong to someone else: ask directly before what must not be done twice. */
  held(): Promise<boolean>;
  /** Never releases what is no longer held, never rejects. */
  release(): Promise<void>;
}

/** What is fetched and lives on its own, a token or a ticket, with its edges. */
export interface Unit {
  /** Unique: the name of the credential, of a ticket with its kind. */
  readonly id: string;
  /** Of the credential. */
  readonly name: string;
  readonly kind: Kind;
  /** Its absence does not make the daemon unready. */
  readonly optional: boolean;
  /** The id of the unit whose token it is fetched with. */
  readonly base?: string;
  /** What it shares a record, a lock and a budget with, in any process. */
  readonly account: string;
  /** The host that is asked: of one that hangs not all others are to wait. */
  readonly host: string;
  readonly policy: Policy;
  /** Of the AppSecret as it is now; undefined when it cannot be read. */
  readonly fingerprint: () => Promise<string | undefined>;
  readonly provider: Provider;
  readonly store: AccountStore;
  readonly publishers: readonly Publisher[];
}
