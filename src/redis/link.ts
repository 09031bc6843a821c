import { setMaxListeners } from 'node:events';
import { backoffDelay, EdgeError, type Failure } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import { startDeadline } from '../system/time/deadline.ts';
import { whereOf } from './address.ts';
import type { RedisConfig } from './connection-types.ts';
import { credentialMarks, readCredentials } from './credential-files.ts';
import type { Line, Reply } from './driver.ts';
import { isRefusedLogin, needsAnotherServer, redisError, replyOf } from './failures.ts';

/** How long a command may take, with the connection that it may need first, ms. As long as a call to an API server. */
export const CALL_LIMIT = 8 * SECOND;

/** Between attempts at a connection: whoever asks meanwhile is told what the last one met. */
const RETRY = { first: 0.25 * SECOND, growth: 2, cap: 5 * SECOND, jitter: 'full' } as const;

/** What a command does, for what is said of one whose answer does not come. */
export type Nature = 'reads' | 'writes';

export interface LinkOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** How long a command may take, ms. */
  readonly limit?: number;
}

/** The connection that all commands of one entry of `redis` share. It is made when the first of them needs it. */
export interface Link {
  /**
   * Sends a command. It is never sent twice.
   * @throws {EdgeError} what became of it; `effect` is `unknown` if a write may have been done
   */
  send(nature: Nature, command: readonly (string | number)[], signal?: AbortSignal): Promise<Reply>;
  close(): Promise<void>;
}

/** Creates the link; it connects when it is first used. */
export function createLink(config: RedisConfig, { clock, random, limit = CALL_LIMIT }: LinkOptions): Link {
  const where = whereOf(config);
  const isEncrypted = config.tls !== undefined;
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  let current: Promise<Line> | undefined;
  let attempts = 0;
  /** Why there is no connection, and until when (monotonic ms) none is tried, unless its files change. */
  let refused: { readonly failure: Failure; readonly until: number; readonly marks: string } | undefined;

  async function open(): Promise<Line> {
    const marks = await credentialMarks(config);
    if (refused && refused.marks === marks && clock.now().monotonic < refused.until)
      throw new EdgeError({ ...refused.failure, effect: 'unsent' });
    const deadline = startDeadline({ ms: limit, until: [closing.signal], suspendAware: true });
    try {
      const credentials = await readCredentials(config, where);
      const { openLine } = await import('./driver.ts');
      const line = await openLine(config, credentials, deadline.signal);
      attempts = 0;
      refused = undefined;
      return line;
    } catch (error) {
      attempts += 1;
      const { failure } = redisError(error, { where, isEncrypted, effect: 'unsent' });
      refused = { failure, marks, until: clock.now().monotonic + backoffDelay(RETRY, attempts, random()) };
      throw new EdgeError(failure);
    } finally {
      deadline.release();
    }
  }

  function line(): Promise<Line> {
    if (current) return current;
    const opening = open();
    current = opening;
    opening.then(
      (made) => made.ended.then(() => forget(opening)),
      () => forget(opening),
    );
    return opening;
  }

  /**
   * Whether the next command is to make a connection of its own, since answers of this one come late, or from the wrong
   * server. In a Cluster that is about one node of many, whose connection the client gives up by itself: the commands of
   * the others are left alone.
   */
  function isUseless(error: unknown): boolean {
    if (config.endpoint.kind === 'cluster') return isRefusedLogin(error);
    return replyOf(error) === undefined || needsAnotherServer(error);
  }

  function forget(opening: Promise<Line>): void {
    if (current === opening) current = undefined;
  }

  return {
    async send(nature, command, signal) {
      const deadline = startDeadline({
        ms: limit,
        until: [closing.signal, ...(signal ? [signal] : [])],
        suspendAware: true,
      });
      let effect: Failure['effect'] = 'unsent';
      let opening: Promise<Line> | undefined;
      let used: Line | undefined;
      try {
        closing.signal.throwIfAborted();
        opening = line();
        used = await Promise.race([opening, deadline.reached]);
        deadline.signal.throwIfAborted();
        effect = nature === 'reads' ? 'none' : 'unknown';
        return await Promise.race([used.send(command), deadline.reached]);
      } catch (error) {
        const isAnswer = replyOf(error) !== undefined;
        if (used && opening && !signal?.aborted && isUseless(error)) {
          forget(opening);
          used.end();
        }
        const cause = isAnswer ? error : (lostBy(used, error) ?? error);
        throw redisError(cause, { where, command: String(command[0]), effect });
      } finally {
        deadline.release();
      }
    },
    async close() {
      closing.abort(new DOMException('the program stops', 'AbortError'));
      const made = await current?.catch(() => undefined);
      made?.end();
    },
  };
}

/** Why the line was lost, where the error of a command says only that it was. */
function lostBy(line: Line | undefined, error: unknown): unknown {
  return /^(Connection is closed|Command aborted)/.test((error as Error).message)
    ? line?.lastError()
    : undefined;
}
