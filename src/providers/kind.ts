import { createHmac } from 'node:crypto';
import type * as v from 'valibot';
import type { Budget } from '../core/budget.ts';
import type { PlatformFamily } from '../core/errcodes/index.ts';
import type { Policy } from '../core/policy.ts';
import type { Provider } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import { MINUTE } from '../core/time.ts';
import type { Platform } from './platform.ts';

/** What the provider of a credential is given to fetch with. */
export interface Source {
  readonly appId: string;
  /** Read at every fetch, so that a rotated secret file counts at once. @throws {EdgeError} when it cannot be read */
  readonly secret: () => Promise<Secret>;
  readonly platform: Platform;
}

/** What holds for every type of credential. */
export interface Terms {
  readonly budget: Budget;
  /** Whether every daemon that holds the token learns through shared state when it is replaced. */
  readonly coordinated: boolean;
}

/** A path to a key of the configuration, as the reader of the configuration counts it. */
type KeyPath = readonly (string | number)[];

/** How a kind names keys of the configuration in what it tells people. */
export interface Say {
  /** `cluster`, or the variable that stands for it. */
  name(path: KeyPath): string;
  /** A setting as it would be written: `allowUncoordinated: true`. */
  setting(path: KeyPath, value: string): string;
}

/** The values of a kind's own keys, checked by their schemas. */
export type Options<E extends v.ObjectEntries> = { readonly [K in keyof E]: v.InferOutput<E[K]> };

/**
 * A type of credential, and everything that the program knows about it. The configuration, `check`, `status` and the
 * documentation read it from here: a new type is one file with one of these, and one line in `kinds.ts`.
 */
export interface CredentialKind<E extends v.ObjectEntries = v.ObjectEntries> {
  /** What `type` says in the configuration, in records and in published details. */
  readonly type: string;
  /** What it is, for editors and the documentation: a phrase. */
  readonly summary: string;
  /** Whose error codes its answers carry. */
  readonly family: PlatformFamily;
  /** The key of the configuration that names the account, and what people call that. */
  readonly id: IdKey;
  /** The entries of its platform, the preferred one first. */
  readonly hosts: readonly [string, ...string[]];
  /** Hosts that are this platform's and no other's. */
  readonly ownHosts: RegExp;
  /** The tickets that can be fetched with its token, see `tickets.ts`. */
  readonly tickets: readonly string[];
  /** Whether each AppSecret of an account has a token of its own. */
  readonly perSecret: boolean;
  /** The keys of the configuration that only this type has. */
  readonly options: E;
  /** Which of them says when a token is replaced; a text says why none does. */
  readonly timing: (keyof E & string) | { readonly none: string };
  /** Why it cannot work as configured, said of its type. */
  problem?(options: Options<E>, terms: Pick<Terms, 'coordinated'>, say: Say, at: KeyPath): string | undefined;
  /** What works as configured and may be regretted. */
  warnings?(options: Options<E>): readonly string[];
  /** How the loop has to treat it. */
  policy(options: Options<E>, terms: Terms): Policy;
  /** How it is asked for. */
  provider(source: Source): Provider;
}

/** Lets a kind be written with the types of its own keys, and be used without knowing them. */
export function credentialKind<E extends v.ObjectEntries>(kind: CredentialKind<E>): CredentialKind {
  return kind as unknown as CredentialKind;
}

export interface IdKey {
  readonly key: string;
  readonly label: string;
  readonly description: string;
}

/** The id of an official account, a mini program and their like. */
export const APP_ID: IdKey = {
  key: 'appId',
  label: 'AppID',
  description: 'AppID of the account; for wecom say corpId.',
};

/**
 * The policy of a credential that comes back until it ends, whoever asks and however often: asking kills nothing, forces
 * nothing and is in vain before the end.
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
 * Tells one AppSecret from another without telling it: the same for all daemons of an account, different between
 * accounts. An AppSecret is 128 random bits, so the hash cannot be guessed back.
 */
export function fingerprintOf(account: string, secret: Secret): string {
  return createHmac('sha256', `wx-token-sidecar ${account}`)
    .update(secret.reveal())
    .digest('hex')
    .slice(0, 32);
}
