import type { Answer, Kind, Token } from './credential.ts';
import type { Policy } from './policy.ts';
import type { AccountRecord } from './record.ts';
import type { Strength } from './state/request.ts';
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
  /** Asked at the last moment before anything is sent; with a no, nothing is. */
  readonly permit?: () => boolean;
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
  /**
   * @returns undefined where there is none that can be used
   * @throws {EdgeError} why there is none, where nothing can be had but what is read
   */
  read(): Promise<AccountRecord | undefined>;
  /** Whether something that goes with what was read last has to be written again. Absent: never. */
  readonly isPartial?: () => boolean;
  /**
   * Makes the record durable before it resolves.
   * @throws {EdgeError} `lock-lost` when somebody else may have written since the lock was taken; or why it cannot be
   *   written
   */
  write(record: AccountRecord, lease: Lease): Promise<void>;
  /**
   * @returns undefined while another daemon holds it
   * @throws {EdgeError} when locking is not possible at all
   */
  lock(purpose: Purpose): Promise<Lease | undefined>;
  /**
   * Leaves a request with the daemon that holds the lock. Absent: whoever waits gets the lock in turn.
   * @throws {EdgeError} when it could not be left
   */
  readonly handOver?: ((request: PeerRequest) => Promise<void>) | undefined;
  /** Monotonic ms at which what is read was last known to be all there is. Absent: it is read anew each time. */
  readonly syncedAt?: () => number | undefined;
}

/**
 * What a lock is wanted for. To `keep` is to write down what one knows, which a store that compares before it sets may
 * let anybody do; to `fetch` is for one at a time.
 */
export type Purpose = 'fetch' | 'keep';

/** What one daemon asks of the daemon that fetches: a refresh of the credential, or a look at a refused token. */
export type PeerRequest =
  | { readonly kind: 'refresh'; readonly strength: Strength; readonly generation: number }
  | { readonly kind: 'refusal'; readonly token: Token };

export interface Lease {
  /** False once the lock may belong to someone else: ask directly before what must not be done twice. */
  held(): Promise<boolean>;
  /** The same, where that is known without looking anywhere. */
  readonly isHeld?: () => boolean;
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
