import { failed, fetched } from './outcome.ts';
import type { Context, State } from './state/index.ts';

/**
 * Decides, under the lock and after a look, about an answer that came when the lock had been lost. Where nobody else
 * fetched meanwhile it is the newest there is. Otherwise the platform's own time tells which answer came last; where
 * it cannot tell, or no answer came, a token that another fetch may have killed is not to be trusted, and one more fetch
 * settles it.
 */
export function settleOrphan(state: State, context: Context): State {
  const { orphan, ...rest } = state;
  if (!orphan) return state;
  const { outcome, startedAt } = orphan;
  const take = () =>
    'answer' in outcome
      ? fetched(rest, outcome.answer, startedAt, context)
      : failed(rest, outcome.failure, context);
  const { token } = rest.record;
  if (!token || token.generation <= orphan.generation) return take();
  if (!context.policy.destructive) return rest;
  if ('answer' in outcome) {
    if (token.value.equals(outcome.answer.value)) return rest;
    const { platformDate: theirs } = token;
    const { platformDate: ours } = outcome.answer;
    if (ours !== undefined && theirs !== undefined && ours !== theirs) return ours > theirs ? take() : rest;
  }
  const { record } = rest;
  const intent = { at: context.now.wall, forced: false };
  return { ...rest, record: { ...record, generation: record.generation + 1, intent }, saved: false };
}
