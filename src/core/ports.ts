import type { Fetched, Kind, Token } from './credential.ts';
import type { Failure } from './failure.ts';
import type { Listing } from './listing.ts';
import type { ObtainedCode, PermanentCode } from './permanent-code.ts';
import type { Policy } from './policy.ts';
import type { Precedence, Published } from './published.ts';
import type { PushedCode } from './pushed-code.ts';
import type { PushedTicket } from './pushed-ticket.ts';
import type { AccountRecord, Grant } from './record.ts';
import type { Secret } from './secret.ts';
import type { Doubter } from './state/doubts.ts';
import type { Strength } from './state/request.ts';
import type { Text } from './text.ts';
import type { Instant } from './time.ts';

/** Where the time comes from. The core takes it as an argument. */
export interface Clock {
  now(): Instant;
}

/** Gives way to everything else between many small pieces of work: there may be thousands of them. */
export interface Slices {
  /** To be called after each piece: whether everything else is to have its turn now, by {@link giveWay}. */
  isOver(): boolean;
  giveWay(): Promise<void>;
}

/** Where a credential comes from. */
export interface Provider {
  /**
   * Makes one call to the platform, within its timeouts. It never retries: what a failure means, the planner decides.
   * Where the refresh token of an account is missing or refused, the call that finds it goes before.
   * @throws {EdgeError} with everything the planner needs
   */
  fetch(request: FetchRequest): Promise<Fetched>;
  /**
   * Asks the platform to push tickets again. Present where `pushes.canStart` of the policy is set.
   * @throws {EdgeError} why it does not
   */
  readonly startPushes?: ((request: Pick<FetchRequest, 'signal' | 'permit'>) => Promise<void>) | undefined;
  /**
   * Exchanges the code of an account that is not served, which works once: after that the platform lists the account
   * with its refresh token. Nothing of the answer is kept. Present where accounts authorise a third party. The code of an
   * account that is served goes into a {@link fetch} of that one, so that no other fetch is under way meanwhile.
   * @returns `used` where nothing will come of the code any more: somebody else has used it, or it is none
   * @throws {EdgeError} why it does not
   */
  readonly exchangeCode?:
    | ((request: {
        readonly code: Secret;
        readonly token: Token;
        readonly signal: AbortSignal;
      }) => Promise<'exchanged' | 'used'>)
    | undefined;
  /**
   * Exchanges the authorisation code of a corp, which works once, for its permanent code, which nobody can ask for again.
   * Present where corps install a suite.
   * @returns `used` where nothing will come of the code any more: somebody else has used it, or it is none
   * @throws {EdgeError} why it does not
   */
  readonly obtainPermanentCode?:
    | ((request: {
        readonly code: Secret;
        readonly token: Token;
        readonly signal: AbortSignal;
        readonly permit: () => boolean;
      }) => Promise<ObtainedCode | 'used'>)
    | undefined;
  /**
   * Has the list read in which the platform tells what the account has granted; see `ListRead`. Present where there is one.
   * @throws {EdgeError} why it cannot be read
   */
  readonly readGrants?:
    | ((request: { readonly token: Token; readonly signal: AbortSignal }) => Promise<void>)
    | undefined;
  /** Asks the platform, by a cheap call, whether it accepts a token. Never rejects. */
  probe(token: Token, signal: AbortSignal): Promise<Probe>;
}

export interface FetchRequest {
  readonly forced: boolean;
  /** The live token that it is fetched with: of the same credential for a ticket, else of the third party. */
  readonly token?: Token;
  /** The newest ticket that the platform has pushed, for the token of a third party. */
  readonly pushed?: PushedTicket;
  /** What is known of what the account has granted. */
  readonly grant?: Grant;
  /** The code that an authorisation has brought, which works once: it is to be exchanged for the token. */
  readonly code?: Secret;
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

/** Tells a publisher what may take the place of what. */
export interface Judge {
  /** Whether the store knows of no newer token. Asked at the last moment before something is replaced. */
  isNewest(): Promise<boolean>;
  /** Compares what the target holds with the token that is to be published. */
  weigh(found: Published): Precedence;
  /** The target was written by a daemon with another store. */
  shared(): void;
  /** Somebody else has touched what the target held, see {@link Disturbance}. */
  disturbed(what: Disturbance): void;
}

/**
 * What became of a value that was published: `replaced` by that of somebody else, `removed` by somebody, or `lost` with
 * everything that was published there.
 */
export type Disturbance = 'replaced' | 'removed' | 'lost';

/** Where a credential goes. */
export interface Publisher {
  /** Names the target in logs, metrics and state: unique within the credential, without secrets. */
  readonly id: string;
  /**
   * Creates what may be created, and removes what a crash left behind. Called once, before anything is fetched.
   * @returns what a person must change before this target can work, a line each
   */
  prepare(): Promise<readonly Text[]>;
  /**
   * Makes the target hold exactly this token, in one step that no reader can see half of. It is also called for a token
   * that is there already: then it only repairs what someone changed. A newer token that it finds there stays.
   * @returns what became of it: `written` where readers get another value, also where there was none; `mended` where they
   *   had it, but its details or its mode had to be written again; `superseded` where the store knows a newer token, or the newer token that the target
   *   holds and the store does not know
   * @throws {EdgeError} when the target could not be brought up to date; what it held before is still whole
   */
  publish(token: Token, judge: Judge): Promise<'written' | 'mended' | 'unchanged' | 'superseded' | Published>;
  /** Whether the target certainly still holds this token as `publish` last found it, found out without waiting. */
  readonly isAsPublished?: (token: Token) => boolean;
  /** Reads what the target holds; undefined where it holds no credential of this account that can be trusted. Never rejects. */
  published?(): Promise<Published | undefined>;
  /** What {@link published} reads tells all of a token that was published, not its value alone. */
  readonly tellsAll?: boolean;
  /**
   * Calls back when somebody may have changed what the target holds, where that can be seen at once. Absent: it is looked
   * at now and then.
   * @returns ends that
   */
  watch?(changed: () => void): () => void;
  /**
   * Removes what was published, where it is still that of this account, since the account is gone for good. Absent: it
   * stays.
   * @returns the places that are empty now, by their names for people
   * @throws {EdgeError} why something could not be removed
   */
  retire?(): Promise<readonly string[]>;
  /** What is wrong with a target that holds the token all the same, such as a mode that cannot be had. Absent: nothing. */
  readonly flaw?: () => Failure | undefined;
}

/**
 * The durable record of one account, shared by all daemons that fetch for the account: the token, the intent of a
 * fetch in progress, the last failure and the spent budget. Each write raises the record's generation.
 *
 * Reading needs no lock. To fetch, a daemon takes the lock, reads the record again, plans again, writes its intent,
 * calls the platform, writes the outcome and releases the lock. The lock is there so that one daemon makes the call
 * for all of them: it lowers the number of calls. It is not what keeps the record right, and it is no fencing token:
 * WeChat checks no number that grows with each holder, so a holder that was frozen and wakes up may still call, once.
 * What keeps the record right is that a store refuses the write of such a holder: a folder checks directly before the
 * rename that the holder still has the lock, a Secret that the record has not changed since the lock was taken, which
 * was before the call. See docs/decisions/0003-no-fencing-tokens.md.
 */
export interface AccountStore {
  /**
   * Reads the record.
   * @returns undefined when there is no record, or none that can be used
   * @throws {EdgeError} why there is none, from a store that can only be read (a mirror)
   */
  read(): Promise<AccountRecord | undefined>;
  /** Whether a read would certainly return what this store last read or wrote, found out without waiting. */
  readonly isAsKnown?: () => boolean;
  /**
   * Whether the record that was read last must be written again, since the store does not hold all of it. Absent:
   * never.
   */
  readonly isPartial?: () => boolean;
  /**
   * Writes the record; resolves when it is durable.
   * @param lease from {@link lock} of this store
   * @throws {EdgeError} `lock-lost` when another daemon may have written since the lock was taken; or why the record
   *   cannot be written
   */
  write(record: AccountRecord, lease: Lease): Promise<void>;
  /**
   * Tries once to take the lock; it does not wait for another holder.
   * @returns undefined while another daemon holds the lock, or must be left to decide
   * @throws {EdgeError} when locking is not possible at all
   */
  lock(purpose: Purpose): Promise<Lease | undefined>;
  /**
   * Forwards a request to the daemon that holds the lock. Absent: a daemon that waits gets the lock in its turn.
   * @throws {EdgeError} when the request could not be left
   */
  readonly handOver?: ((request: PeerRequest) => Promise<void>) | undefined;
  /**
   * Monotonic ms at which the copy that {@link read} returns was last known to be current. Absent: each read is
   * fresh.
   */
  readonly syncedAt?: () => number | undefined;
  /** The record is kept elsewhere than in the state folder, which a daemon can then begin without. */
  readonly isElsewhere?: true;
}

/**
 * What a lock is wanted for. With `keep` a daemon writes down what it knows, which a store that compares before it sets
 * may let every daemon do. With `fetch` it calls the platform, and only one daemon may do that at a time.
 */
export type Purpose = 'fetch' | 'keep';

/** What somebody wants of the daemon that fetches: that the credential be refreshed, or that a doubt about its token be followed up. */
export type PeerRequest =
  | { readonly kind: 'refresh'; readonly strength: Strength; readonly generation: number }
  | { readonly kind: 'doubt'; readonly token: Token; readonly by: Doubter };

/**
 * The lock of one account, while this daemon holds it. It can be lost at any moment, since a process may stand still
 * for longer than others wait: another daemon then takes the lock over, and this one learns of it only by asking. So
 * ask directly before a step that must not be done twice. A yes is true for the moment of the question alone: it
 * proves nothing about the time until the step, and nothing to the platform. See
 * docs/decisions/0003-no-fencing-tokens.md.
 */
export interface Lease {
  /** Whether this daemon still holds the lock; false once another daemon may have it. Never rejects. */
  held(): Promise<boolean>;
  /** The same without I/O, for stores that know it from a clock. Absent: only {@link held} knows. */
  readonly isHeld?: () => boolean;
  /** Releases the lock unless another daemon has it by now. Never rejects. */
  release(): Promise<void>;
}

/** Where the tickets that the platform pushes arrive. */
export interface PushedTickets {
  /**
   * Reads the newest ticket that has arrived here, or at another daemon of the account. Never rejects: what is wrong is
   * told elsewhere.
   */
  newest(): Promise<PushedTicket | undefined>;
}

/**
 * Keeps the newest pushed ticket of an account, for all its daemons. It is apart from the record, so that a push is kept
 * while a fetch is under way, and never stands in the way of its outcome.
 */
export interface TicketStore {
  /** @throws {EdgeError} why it cannot be read */
  read(): Promise<PushedTicket | undefined>;
  /**
   * Keeps a ticket; resolves when it is durable. The same ticket of a later push renews its time.
   * @returns `older` where a ticket of a later push is kept already, which stays
   * @throws {EdgeError} why it cannot be written
   */
  put(ticket: PushedTicket): Promise<'kept' | 'older'>;
}

/**
 * Keeps the codes of authorisations that are pushed to a third party, for all its daemons, until something has come of
 * them. Like the pushed ticket it is apart from the record.
 */
export interface CodeStore {
  /**
   * Reads the codes that are known, in no particular order: those that something has come of without their values.
   * @throws {EdgeError} why they cannot be read
   */
  read(): Promise<readonly PushedCode[]>;
  /**
   * Keeps a code; resolves when it is durable.
   * @returns `known` where it has been kept before, whatever has come of it
   * @throws {EdgeError} why it cannot be written
   */
  put(code: PushedCode): Promise<'kept' | 'known'>;
  /**
   * Something has come of the code with that mark, so nobody is to use it again.
   * @throws {EdgeError} why that cannot be written
   */
  settle(mark: string): Promise<void>;
}

/**
 * Keeps the permanent codes of the corps that have installed a suite, for all its daemons and for good: nobody can get one again.
 */
export interface PermanentCodeStore {
  /**
   * Reads the newest code of each corp, in no particular order.
   * @throws {EdgeError} why they cannot be read
   */
  read(): Promise<readonly PermanentCode[]>;
  /**
   * To be asked before a code is got that could not be kept.
   * @throws {EdgeError} why the code of another corp could not be kept
   */
  checkRoom(): Promise<void>;
  /**
   * Keeps a code that has been got now in place of the corp's former one; resolves when it is durable.
   * @throws {EdgeError} why it cannot be written
   */
  put(code: Pick<PermanentCode, 'corpId' | 'value' | 'mark'>): Promise<void>;
}

/**
 * Takes one of the turns that all daemons of one state have for their calls for the accounts of a third party: ten in
 * little more than a second, see `turns.ts`.
 * @param name of the third party: the same for all of them
 * @returns 0 where it was taken; otherwise in how many ms to ask again
 * @throws {EdgeError} when the daemons cannot agree
 */
export type TakeTurn = (name: string) => Promise<number>;

/** A token or a ticket, which is fetched and lives on its own, with its edges. */
export interface Unit {
  /** Unique: the name of the credential, of a ticket with its kind. */
  readonly id: string;
  /** The name of the credential. */
  readonly name: string;
  /** What people call the credential; it decides nothing. */
  readonly title?: string;
  readonly kind: Kind;
  /** Its absence does not make the daemon unready. */
  readonly optional: boolean;
  /** The id of the unit whose token it is fetched with. */
  readonly base?: string;
  /** Units with the same pace begin few fetches at a time: there may be hundreds of them. */
  readonly pace?: string;
  /** Of an account that a list has brought: the name of the entry. It comes and goes by itself. */
  readonly listedBy?: string;
  /** Told of the list in the record, whenever that may be another one; of a list alone. */
  readonly listed?: (listing: Listing) => void;
  /** Where the tickets arrive that its token is fetched with. */
  readonly pushed?: PushedTickets;
  /** They arrive at the receiver, which a daemon opens that goes on running, and a `once` does not. */
  readonly isReceived?: true;
  /** Units of one account share a record, a lock and a budget, in any process. */
  readonly account: string;
  /** The host that is asked. A host that hangs must not hold up the units of other hosts. */
  readonly host: string;
  readonly policy: Policy;
  /** The fingerprint of the AppSecret as it is now; undefined when the AppSecret cannot be read. */
  readonly fingerprint: () => Promise<string | undefined>;
  /** Whether the AppSecret is certainly the one of the last {@link fingerprint}, found out without waiting. */
  readonly isSameSecret?: () => boolean;
  readonly provider: Provider;
  readonly store: AccountStore;
  readonly publishers: readonly Publisher[];
}
