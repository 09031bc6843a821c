import type { PlatformFamily } from '../core/errcodes/index.ts';
import type { Policy } from '../core/policy.ts';
import type { Provider } from '../core/ports.ts';
import type { Budget } from '../core/quota.ts';
import type { Secret } from '../core/secret.ts';
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
