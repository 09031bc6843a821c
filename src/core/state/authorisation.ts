/** What is known of an authorisation, by a push or by the list, until a fetch has followed it up. */
import type { Failure } from '../failure.ts';
import { lifeOfCode } from '../pushed-code.ts';
import type { AccountRecord, Grant } from '../record.ts';
import type { Secret } from '../secret.ts';
import type { Instant } from '../time.ts';
import { type Attempts, heldFor } from './attempts.ts';

/** A code that an account's authorisation of a third party comes with. It works once. */
export interface AuthorisationCode {
  readonly value: Secret;
  /** Tells the code from any other, and reveals nothing of it. */
  readonly mark: string;
  /** Epoch ms: when it arrived. */
  readonly receivedAt: number;
}

/** The platform lists another refresh token than that of the record: the account has authorised again. */
export interface NewGrant {
  readonly grant: Grant;
  /** Tells this reading of the account from any other that says something else. */
  readonly mark: string;
}

/** How an authorisation has become known. */
export type Sign = AuthorisationCode | NewGrant;

/** An account has authorised: its token is dead, and its code, or what it has granted, brings the next one. */
export interface Authorisation {
  readonly mark: string;
  readonly value?: Secret;
  readonly grant?: Grant;
  /** Monotonic ms after which the code works no more. */
  readonly endsAt: number;
  /** It has been sent. What comes of that, the attempts know. */
  readonly isSent?: true;
}

export function authorised(sign: Sign, now: Instant): Authorisation {
  if ('grant' in sign) return { mark: sign.mark, grant: sign.grant, endsAt: now.monotonic };
  return { value: sign.value, mark: sign.mark, endsAt: now.monotonic + lifeOfCode(sign, now.wall) };
}

export function sent(authorisation: Authorisation): Authorisation {
  return { ...authorisation, isSent: true };
}

/** The code, while it may work; what has been authorised is to be fetched all the same once it does not. */
export function codeOf(authorisation: Authorisation | undefined, now: Instant): Secret | undefined {
  const { value, endsAt = 0 } = authorisation ?? {};
  return now.monotonic < endsAt ? value : undefined;
}

/**
 * What is left of an authorisation once an attempt to follow it up has failed.
 * @returns undefined when nothing is: its code works no more, and the platform refuses the account without it
 */
export function afterFailure(
  authorisation: Authorisation,
  { spendsCode, class: kind }: Pick<Failure, 'spendsCode' | 'class'>,
  now: Instant,
): Authorisation | undefined {
  // What has come since the attempt began is still to be tried.
  if (!authorisation.isSent) return authorisation;
  const left = spendsCode ? { ...authorisation, endsAt: now.monotonic } : authorisation;
  return kind === 'refused' && !codeOf(left, now) ? undefined : left;
}

/**
 * Whether an account, as the platform lists it, has authorised again since what is known of it. A reading that began
 * before the token came may be older than what the token was fetched with.
 * @param readAt when the reading of the list began, epoch ms
 */
export function isNewGrant(
  listed: Grant,
  { record: { grant, token }, attempts }: { readonly record: AccountRecord; readonly attempts: Attempts },
  readAt: number,
  now: Instant,
): boolean {
  // One that has no token is fetched anyway, by the list; unless it waits because the list had nothing for it.
  if (!grant || !token) return attempts.failure?.class === 'refused' && heldFor(attempts, now) > 0;
  const [at, before] = [listed.authorisedAt, grant.authorisedAt];
  if (at !== undefined && before !== undefined && at !== before) return at > before;
  return !listed.refreshToken.equals(grant.refreshToken) && readAt > token.issuedAt;
}
