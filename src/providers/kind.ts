import { createHmac } from 'node:crypto';
import type { Budget } from '../core/budget.ts';
import type { PlatformFamily } from '../core/errcodes/index.ts';
import type { Policy } from '../core/policy.ts';
import type { Provider } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import { MINUTE } from '../core/time.ts';
import type { Platform } from './platform.ts';

/** What a type of credential needs to be fetched. */
export interface Source {
  readonly appId: string;
  /** Read at every fetch, so that a rotated secret file counts at once. @throws {EdgeError} when it cannot be read */
  readonly secret: () => Promise<Secret>;
  readonly platform: Platform;
}

/** What the owner of a credential may choose. Milliseconds. */
export interface Wishes {
  readonly window: number;
  readonly budget: Budget;
  /** Whether everyone who holds the token learns through our state when it is replaced. */
  readonly coordinated: boolean;
  /** Whether a token that readers and the platform call dead may be replaced by force. */
  readonly refusalForces: boolean;
  /** Ask again so often to learn of a rotation made elsewhere; absent: never. */
  readonly recheck?: number;
}

/** A type of credential, or a kind of ticket: how it behaves, and how it is asked for. */
export interface CredentialKind {
  readonly family: PlatformFamily;
  policy(wishes: Wishes): Policy;
  provider(source: Source): Provider;
}

/**
 * Of what comes back until it ends, whoever asks and however often: asking kills nothing, forces nothing and is in vain
 * before the end.
 */
export function repeatingPolicy(
  own: Pick<Policy, 'needsToken'> & Required<Pick<Policy, 'repeats'>>,
  { budget }: Pick<Wishes, 'budget'>,
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
