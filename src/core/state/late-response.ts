/** What came of a request after the lock was lost. */
import type { Fetched, Token } from '../credential.ts';
import type { Failure } from '../failure.ts';
import type { Policy } from '../policy.ts';
import type { Instant } from '../time.ts';

/** An answer, or none, of which only a look under the lock can tell whether it is the newest. */
export interface LateResponse {
  readonly outcome: { readonly answer: Fetched } | { readonly failure: Failure };
  readonly startedAt: Instant;
  /** Of the record with which the request began. */
  readonly generation: number;
}

/**
 * How a late response stands to the token that the store holds, under the lock and after a look. Where nobody else
 * fetched meanwhile it is the newest there is. Otherwise the platform's own time tells which answer came last. Where
 * that cannot tell, or where no answer came, it is `unknown` whether another fetch has killed the token.
 */
export function standingOf(
  { outcome, generation }: LateResponse,
  token: Token | undefined,
  { destructive }: Policy,
): 'newest' | 'superseded' | 'unknown' {
  if (!token || token.generation <= generation) return 'newest';
  if (!destructive) return 'superseded';
  if (!('answer' in outcome)) return 'unknown';
  if (token.value.equals(outcome.answer.value)) return 'superseded';
  const { platformDate: theirs } = token;
  const { platformDate: ours } = outcome.answer;
  if (ours === undefined || theirs === undefined || ours === theirs) return 'unknown';
  return ours > theirs ? 'newest' : 'superseded';
}
