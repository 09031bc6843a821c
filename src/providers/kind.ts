import { createHmac } from 'node:crypto';
import type * as v from 'valibot';
import type { Budget } from '../core/budget.ts';
import type { PlatformFamily } from '../core/errcodes/index.ts';
import type { Policy, Pushes } from '../core/policy.ts';
import type { Provider } from '../core/ports.ts';
import type { PushDialect } from '../core/pushed-ticket.ts';
import type { Grant } from '../core/record.ts';
import type { Secret } from '../core/secret.ts';
import type { Text } from '../core/text.ts';
import { MINUTE } from '../core/time.ts';
import type { Options } from '../schema/blocks.ts';
import type { KeyPath } from '../schema/key-path.ts';
import type { Shape } from '../schema/odd-text.ts';
import type { Platform } from './platform.ts';
import type { PlatformRequest } from './transport.ts';

/** What a provider needs to fetch a credential. */
export interface Source {
  readonly appId: string;
  /**
   * Reads the AppSecret. It is called for every fetch, so that a rotated secret file takes effect at once.
   * @throws {EdgeError} if the AppSecret cannot be read
   */
  readonly secret: () => Promise<Secret>;
  readonly platform: Platform;
  /** The third party, for an account that is fetched through one. */
  readonly via?: {
    readonly appId: string;
    readonly sharedReads: SharedReads;
    readonly listRead?: ListRead;
    /** Of this account alone: calls keep nothing, so they leave here what the next one must know. */
    lookup?: Lookup;
  };
}

/** What looking an account up in the list of its third party has told. */
export interface Lookup {
  /** Whether the account was looked up before: then a list from before that says nothing new. */
  isLookedUp: boolean;
  /** Whether the list has lacked the account since it was last fetched. */
  isKnownGone: boolean;
}

/**
 * What a {@link Provider} does, as functions that take what they are to do it for: there is one of each for all accounts.
 * They keep nothing; `providerOf` and `bound` make a provider of them.
 */
export type Calls<S> = {
  readonly [M in keyof Provider]: (
    source: S,
    ...request: Parameters<NonNullable<Provider[M]>>
  ) => ReturnType<NonNullable<Provider[M]>>;
};

/**
 * Called when a reading of a third party's list begins, whoever wants it.
 * @returns to be called with the accounts that were read, by their ids, and what each has granted
 */
export type ListRead = () => (accounts: ReadonlyMap<string, { readonly grant?: Grant }>) => void;

/**
 * Reads something that is the same for many accounts, once for all who want it at one moment.
 * @param name of what is read, unique at its platform
 * @param atMostOld how old an answer that somebody else got may be, ms; 0: only one whose reading begins now
 * @throws what `read` throws
 */
export type SharedReads = <T>(name: string, atMostOld: number, read: () => Promise<T>) => Promise<T>;

/** Settings that apply to every type of credential. */
export interface Terms {
  readonly budget: Budget;
  /** Whether every daemon that holds the token learns through shared state when the token is replaced. */
  readonly coordinated: boolean;
}

/** Names the keys of the configuration in messages. */
export interface KeyLabels {
  /** Returns the key, such as `cluster`, or the environment variable that sets it. */
  name(path: KeyPath): string;
  /** Returns a setting as an operator would write it, such as `allowUncoordinated: true`. */
  setting(path: KeyPath, value: string): string;
}

/**
 * A type of credential, and everything that the program knows about it. The configuration, `check`, `status` and the
 * documentation read it from here. To add a type, write one file with one of these and add one line to `kinds.ts`.
 */
export interface CredentialKind<E extends v.ObjectEntries = v.ObjectEntries> {
  /** The value of `type` in the configuration, in records and in published details. */
  readonly type: string;
  /** A phrase that describes the type, for editors and the documentation. */
  readonly summary: string;
  /** The platform whose error codes its answers carry. */
  readonly family: PlatformFamily;
  /** The key of the configuration that holds the account id, and how messages name the id. */
  readonly id: IdKey;
  /** Base URLs of its platform, the preferred one first. */
  readonly hosts: readonly [string, ...string[]];
  /** Host names that belong to this platform and to no other. */
  readonly ownHosts: RegExp;
  /** The names of the tickets that can be fetched with its token; see `tickets.ts`. */
  readonly tickets: readonly string[];
  /** Whether each AppSecret of an account has its own token. */
  readonly perSecret: boolean;
  /** It has no secret of its own. */
  readonly secretless?: true;
  /** The type of the third party whose token it is fetched with, which `via` names; absent: none. */
  readonly via?: string;
  /**
   * A call without a secret that changes nothing, and that its host answers, if only with an error code; absent:
   * `getcallbackip`, which the hosts of WeChat and WeCom have.
   */
  readonly greeting?: Greeting;
  /** The type that stands for as many of these accounts as the platform lists; absent: the platform lists none. */
  readonly many?: ManyKind;
  /** The ticket that the platform pushes, without which it cannot be fetched; absent: none is needed. */
  readonly pushed?: PushedKind;
  /** Ids that differ only in upper and lower case are different accounts. */
  readonly caseSensitive?: true;
  /** The keys of the configuration that only this type has, with their schemas. */
  readonly options: E;
  /** The key among `options` that sets when a token is replaced, or a text that says why there is none. */
  readonly timing: (keyof E & string) | { readonly none: Text };
  /** Returns why the credential cannot work as configured, for a message about `type`; undefined if it can. */
  problem?(
    options: Options<E>,
    terms: Pick<Terms, 'coordinated'>,
    labels: KeyLabels,
    at: KeyPath,
  ): Text | undefined;
  /** Returns why an id can be none of this type, for a message about it; undefined if it may be one. */
  idProblem?(id: string): Text | undefined;
  /** Returns why an id is unlike those of this type, though it may be one. */
  idWarning?(id: string): Text | undefined;
  /** What AppSecrets of this type look like. */
  readonly secretShape?: Shape;
  /** Returns warnings about settings that work and that the operator may regret. */
  warnings?(options: Options<E>): readonly Text[];
  /** Returns how the loop treats a credential of this type. */
  policy(options: Options<E>, terms: Terms): Policy;
  readonly calls: Calls<Source>;
}

/**
 * Erases the types of the own keys of a kind, so that the rest of the program can use the kind without knowing them.
 */
export function credentialKind<E extends v.ObjectEntries>(kind: CredentialKind<E>): CredentialKind {
  return kind as unknown as CredentialKind;
}

/** A call that shows whether a host answers, see {@link CredentialKind.greeting}. */
export type Greeting = Pick<PlatformRequest, 'method' | 'path' | 'endpoint' | 'body'>;

/** A type that stands for as many accounts as the platform lists to a third party. */
export interface ManyKind {
  /** The value of `type` in the configuration. */
  readonly type: string;
  /** A phrase that describes the type, for editors and the documentation. */
  readonly summary: string;
  /** What an id looks like that may be served. */
  readonly accountId: RegExp;
  /** Returns how the loop treats the list. @param terms `absence` is how long an account is served on that it lacks, ms */
  policy(terms: Pick<Terms, 'budget'> & Required<Pick<Policy, 'absence'>>): Policy;
  /** Their answers carry the accounts. */
  readonly calls: Calls<Pick<Source, 'platform' | 'via'>>;
}

/** A ticket that the platform pushes to a third party. */
export interface PushedKind {
  /** What the platform calls it, such as `component_verify_ticket`. */
  readonly name: string;
  /** How the platform writes its pushes. */
  readonly dialect: PushDialect;
  /** How long one lives, ms. */
  readonly life: number;
  readonly pushes: Pushes;
  /** What every ticket that has been seen looks like. Another one is told of, and used all the same. */
  readonly shape?: RegExp;
}

/** The key of the configuration that holds an account id. */
export interface IdKey {
  /** Name of the key. */
  readonly key: string;
  /** How messages name the id. */
  readonly label: string;
  /** Description for editors and the documentation. */
  readonly description: string;
}

/** The key for the AppID of an official account, a mini program and their like. */
export const APP_ID: IdKey = {
  key: 'appId',
  label: 'AppID',
  description: 'AppID of the account; for wecom say corpId.',
};

/**
 * The policy of a credential that the platform returns unchanged until it expires, for every caller. Fetching kills
 * nothing, forces nothing, and is in vain before the end. See docs/wechat-facts.md, WeCom tokens and Tickets.
 */
export function repeatingPolicy(
  own: Pick<Policy, 'needsToken'> & Required<Pick<Policy, 'repeats'>>,
  { budget }: Pick<Terms, 'budget'>,
): Policy {
  return {
    ...own,
    destructive: false,
    window: MINUTE,
    windowShrinks: false,
    spread: 0,
    overlap: 0,
    budget,
    manual: 'ordinary',
    refusalForces: false,
  };
}

/**
 * Returns a keyed hash that distinguishes AppSecrets without revealing them: the same for all daemons of an account,
 * and different between accounts. An AppSecret is 128 random bits, so the hash cannot be reversed by guessing
 * (docs/wechat-facts.md, AppSecrets).
 * @param account key of the account, which keys the hash
 * @returns 32 hexadecimal digits
 */
export function fingerprintOf(account: string, secret: Secret): string {
  return createHmac('sha256', `wx-token-sidecar ${account}`)
    .update(secret.reveal())
    .digest()
    .toString('hex', 0, 16);
}
