/** What is known of an authorisation that the platform has pushed, until a fetch has followed it up. */
import type { Secret } from '../secret.ts';
import { type Instant, MINUTE } from '../time.ts';

/** A code that an account's authorisation of a third party comes with. It works once. */
export interface AuthorisationCode {
  readonly value: Secret;
  /** Tells the code from any other, and reveals nothing of it. */
  readonly mark: string;
}

/** An account has authorised: its token is dead, and its code brings the next one. */
export interface Authorisation extends AuthorisationCode {
  /** Monotonic ms after which the code works no more. */
  readonly endsAt: number;
  /** It has been sent. What comes of that, the attempts know. */
  readonly isSent?: true;
}

/** How long a code works, ms. */
const CODE_LIFE = 10 * MINUTE;

export function authorised({ value, mark }: AuthorisationCode, now: Instant): Authorisation {
  return { value, mark, endsAt: now.monotonic + CODE_LIFE };
}

export function sent(authorisation: Authorisation): Authorisation {
  return { ...authorisation, isSent: true };
}

/** The code, while it may work; what has been authorised is to be fetched all the same once it does not. */
export function codeOf(
  authorisation: Authorisation | undefined,
  now: Instant,
): AuthorisationCode | undefined {
  return authorisation && now.monotonic < authorisation.endsAt ? authorisation : undefined;
}
