import { type Failure, failureOf } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import type { Platform } from '../providers/platform.ts';
import type { Transport } from '../providers/transport.ts';

/** One request to one host. */
export interface Attempt {
  /** Base URL. */
  readonly host: string;
  readonly tookMs: number;
  /** Why there was no answer. */
  readonly failure?: Failure;
  /** How far this machine's clock is ahead of the host's, ms, and how exactly that is known. */
  readonly clock?: { readonly aheadMs: number; readonly giveOrTakeMs: number };
}

/** HTTP tells its time in whole seconds, rounded down. */
const HALF_A_SECOND = 500;

/** The same transport, with a note of each request. */
export function observed(transport: Transport, clock: Clock, attempts: Attempt[]): Transport {
  return {
    async send(host, request) {
      const start = clock.now();
      const took = () => clock.now().monotonic - start.monotonic;
      try {
        const answer = await transport.send(host, request);
        const tookMs = took();
        // The answer was dated at some moment in between.
        const aheadMs = start.wall + tookMs / 2 - ((answer.date ?? 0) + HALF_A_SECOND);
        const giveOrTakeMs = tookMs / 2 + HALF_A_SECOND;
        const dated = answer.date === undefined ? {} : { clock: { aheadMs, giveOrTakeMs } };
        attempts.push({ host, tookMs, ...dated });
        return answer;
      } catch (error) {
        attempts.push({ host, tookMs: took(), failure: failureOf(error, 'unknown') });
        throw error;
      }
    },
    close: transport.close,
  };
}

/** The same platform, which also remembers how its last call failed. */
export function remembering(platform: Platform): Platform & { failure(): Failure | undefined } {
  let last: Failure | undefined;
  return {
    async call(request) {
      last = undefined;
      try {
        return await platform.call(request);
      } catch (error) {
        last = failureOf(error, 'unknown');
        throw error;
      }
    },
    failure: () => last,
  };
}
