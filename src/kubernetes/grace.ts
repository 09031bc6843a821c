import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';

/**
 * A starting API server refuses correct Roles (403), and one that has lost its caches correct tokens (401); a revoked
 * token lives on for ten seconds. What has lasted for so long is meant, ms.
 */
const GRACE = 30 * SECOND;

/** Remembers since when what has been refused. */
export interface Grace {
  /** @returns whether it has been refused for long enough to be believed */
  refused(what: string): boolean;
  accepted(what: string): void;
}

export function createGrace(clock: Clock): Grace {
  const since = new Map<string, number>();
  return {
    refused(what) {
      const now = clock.now().monotonic;
      const first = since.get(what) ?? now;
      since.set(what, first);
      return now - first >= GRACE;
    },
    accepted(what) {
      since.delete(what);
    },
  };
}
