import type { Token } from '../../src/core/credential.ts';
import type { Judge } from '../../src/core/ports.ts';
import { precedenceOf } from '../../src/core/published.ts';

/** Judges as the loop does, for a token that is published now. */
export function judgeOf(token: Token, changes: Partial<Judge> = {}): Judge {
  return {
    isNewest: async () => true,
    weigh: (found) => precedenceOf(found, token, Date.now()),
    shared: () => {},
    disturbed: () => {},
    ...changes,
  };
}
