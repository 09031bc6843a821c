import type { Budget } from './budget.ts';

/** How a credential behaves and what its owner has configured. Durations in milliseconds. */
export interface Policy {
  /** Every fetch kills the credential before: intent before the request, lock required. */
  readonly destructive: boolean;
  /**
   * The same value comes back until it ends, so it is asked for until it changes; with the seconds that it has left, or
   * always with those of its whole life. Absent: the platform replaces it before it ends.
   */
  readonly repeats?: 'with-rest' | 'with-whole-life';
  /** It is fetched with a live token: of its account, or of the third party that the account has authorised. */
  readonly needsToken: boolean;
  /** From so long before its end on, a token is replaced. */
  readonly window: number;
  /** The window shrinks to a third of a life shorter than three of it (where `expires_in` is the whole life). */
  readonly windowShrinks: boolean;
  /** Refreshes are spread over at most this much of the window's beginning. */
  readonly spread: number;
  /** Another program fetches it: here it is only read and published. */
  readonly follows?: true;
  /** How long a replaced token still works. */
  readonly overlap: number;
  readonly budget: Budget;
  /**
   * What a person's refresh does. `ordinary`: this type knows no forced one. `uncoordinated`: it does, but others
   * may hold the token without learning of the new one. `forced`: everyone who holds the token shares our state.
   */
  readonly manual: 'ordinary' | 'uncoordinated' | 'forced';
  /** Whether readers' refusals may force, where the type knows it. */
  readonly refusalForces: boolean;
  /** Ask again so often although nothing is due, to learn of a rotation made elsewhere; absent: never. */
  readonly recheck?: number;
  /** Its token is fetched with a ticket that the platform pushes. */
  readonly pushes?: Pushes;
  /** Refreshes are spread over at most this share of the window; absent: a tenth. */
  readonly spreadShare?: number;
  /** Of a list: how long an account is served on that it lacks; absent for all else. */
  readonly absence?: number;
}

/** The pushes of a third party's ticket. Durations in milliseconds. */
export interface Pushes {
  /** No push for so long is more than an irregular gap. */
  readonly quietAfter: number;
  /** A ticket of this age is about to end. */
  readonly endingAfter: number;
  /** Whether the platform has a call that starts pushes which have stopped. */
  readonly canStart: boolean;
}

/** Whether a fetch kills the token before it: then it is written down before it is sent, or not sent. */
export function kills(policy: Policy, forced: boolean): boolean {
  return policy.destructive || forced;
}
