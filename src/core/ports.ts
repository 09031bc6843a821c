import type { Answer, Kind, Token } from './credential.ts';
import type { Policy } from './policy.ts';
import type { AccountRecord } from './record.ts';
import type { Strength } from './state/request.ts';
import type { Instant } from './time.ts';

/** Where the time comes from. The core takes it as an argument. */
export interface Clock {
  now(): Instant;
}

/** Where a credential comes from. */
export interface Provider {
  /**
   * Makes one call to the platform, within its timeouts. It never retries: what a failure means, the planner decides.
   * @throws {EdgeError} with everything the planner needs
   */
  fetch(request: FetchRequest): Promise<Answer>;
  /** Asks the platform, by a cheap call, whether it accepts a token. Never rejects. */
  probe(token: Token, signal: AbortSignal): Promise<Probe>;
}

export interface FetchRequest {
  readonly forced: boolean;
  /** The live token of the same credential, for a ticket, which is fetched with one. */
  readonly token?: Token;
  readonly signal: AbortSignal;
  /** The provider asks this at the last moment before it sends anything. When the answer is no, it sends nothing. */
  readonly permit?: () => boolean;
}

export interface Probe {
  /** A yes for a token that is not the newest proves little. Everything that is not a clear no counts as yes. */
  readonly works: boolean;
  /** The platform's own `Date`, epoch ms, where the answer carried one. */
  readonly platformDate?: number;
}

/** Where a credential goes. */
export interface Publisher {
  /** Names the target in logs, metrics and state: unique within the credential, without secrets. */
  readonly id: string;
  /**
   * Creates what may be created, and removes what a crash left behind. Called once, before anything is fetched.
   * @returns what a person must change before this target can work, a line each
   */
  prepare(): Promise<readonly string[]>;
  /**
   * Makes the target hold exactly this token, in one step that no reader can see half of. It is also called for a token
   * that is there already: then it only repairs what someone changed.
   * @throws {EdgeError} when the target could not be brought up to date; what it held before is still whole
   */
  publish(token: Token, isNewest: () => Promise<boolean>): Promise<'written' | 'unchanged' | 'superseded'>;
}

/** The durable record of one account, shared by all daemons of the account. */
export interface AccountStore {
  /**
   * @returns undefined where there is no record that can be used
   * @throws {EdgeError} why there is none, for a mirror, which has nothing but what it reads
   */
  read(): Promise<AccountRecord | undefined>;
  /** Whether something that goes with the record that was read last has to be written again. Absent: never. */
  readonly isPartial?: () => boolean;
  /**
   * Makes the record durable before it resolves.
   * @throws {EdgeError} `lock-lost` when another daemon may have written since the lock was taken; or why the record
   *   cannot be written
   */
  write(record: AccountRecord, lease: Lease): Promise<void>;
  /**
   * @returns undefined while another daemon holds the lock
   * @throws {EdgeError} when locking is not possible at all
   */
  lock(purpose: Purpose): Promise<Lease | undefined>;
  /**
   * Leaves a request with the daemon that holds the lock. Absent: whoever waits gets the lock in turn.
   * @throws {EdgeError} when it could not be left
   */
  readonly handOver?: ((request: PeerRequest) => Promise<void>) | undefined;
  /** Monotonic ms at which the store last knew that what it reads is up to date. Absent: it reads anew each time. */
  readonly syncedAt?: () => number | undefined;
}

/**
 * What a lock is wanted for. With `keep` a daemon writes down what it knows, which a store that compares before it sets
 * may let every daemon do. With `fetch` it calls the platform, and only one daemon may do that at a time.
 */
export type Purpose = 'fetch' | 'keep';

/** What one daemon asks of the daemon that fetches: a refresh of the credential, or a look at a refused token. */
export type PeerRequest =
  | { readonly kind: 'refresh'; readonly strength: Strength; readonly generation: number }
  | { readonly kind: 'refusal'; readonly token: Token };

export interface Lease {
  /** False once the lock may belong to another daemon. Ask directly before anything that must not be done twice. */
  held(): Promise<boolean>;
  /** The same, where the lease knows it without looking anywhere. */
  readonly isHeld?: () => boolean;
  /** Gives the lock back, unless it is no longer held. Never rejects. */
  release(): Promise<void>;
}

/** A token or a ticket, which is fetched and lives on its own, with its edges. */
export interface Unit {
  /** Unique: the name of the credential, of a ticket with its kind. */
  readonly id: string;
  /** The name of the credential. */
  readonly name: string;
  readonly kind: Kind;
  /** Its absence does not make the daemon unready. */
  readonly optional: boolean;
  /** The id of the unit whose token it is fetched with. */
  readonly base?: string;
  /** Units of one account share a record, a lock and a budget, in any process. */
  readonly account: string;
  /** The host that is asked. A host that hangs must not hold up the units of other hosts. */
  readonly host: string;
  readonly policy: Policy;
  /** The fingerprint of the AppSecret as it is now; undefined when the AppSecret cannot be read. */
  readonly fingerprint: () => Promise<string | undefined>;
  readonly provider: Provider;
  readonly store: AccountStore;
  readonly publishers: readonly Publisher[];
}
