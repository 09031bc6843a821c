import type { Event } from './events/event.ts';
import type { Context, State, Strength } from './state/index.ts';
import { settled } from './state/reader-reports.ts';
import type { Instant } from './time.ts';

type Requested = Extract<Event, { type: 'requested' }>;

const STRENGTHS: readonly Strength[] = ['ordinary', 'preferred', 'forced'];

/** Of what two have asked for, that which does for both. */
export function stronger(one: Strength, other: Strength): Strength {
  return STRENGTHS.indexOf(one) > STRENGTHS.indexOf(other) ? one : other;
}

/** Somebody wants a refresh: here, or where another daemon has handed it over from. */
export function requested(before: State, event: Requested, { policy, now }: Context): State {
  const { declined: _then, awaited: _another, ...state } = before;
  if (policy.follows) return { ...state, declined: 'mirror', lookedAt: Number.NEGATIVE_INFINITY };
  const strength = policy.manual === 'ordinary' ? 'ordinary' : event.strength;
  if (strength !== 'forced' && isMet(before, event, now)) return before;
  return { ...state, manual: stronger(strength, state.manual ?? 'ordinary') };
}

/** Whether the token that was to go has gone since it was asked for elsewhere, or is about to. */
function isMet({ record, hold }: State, { generation }: Requested, { monotonic }: Instant): boolean {
  if (generation === undefined) return false;
  const isUnderWay = record.intent !== undefined && (hold?.until ?? 0) <= monotonic;
  return isUnderWay || (record.token?.generation ?? 0) > generation;
}

/** Our own part is done: whoever fetches decides, by its own budgets, what comes of it. */
export function handedOver(state: State, reason: 'requested' | 'refused'): State {
  const awaited = state.record.generation;
  if (reason === 'refused') {
    const { refusals, ...rest } = state;
    return { ...rest, awaited, ...(refusals && { refusals: settled(refusals) }) };
  }
  const { manual: _handed, ...rest } = state;
  return { ...rest, awaited };
}
