import type { Policy } from '../core/policy.ts';
import { MINUTE } from '../core/time.ts';
import type { Wishes } from './kind.ts';

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
