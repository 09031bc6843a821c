import { type Backoff, EdgeError, type FailureClass } from '../core/failure.ts';
import type { Text } from '../core/text.ts';
import { MINUTE, SECOND } from '../core/time.ts';

/** A newly published token or ticket, without its value or any other secret. */
export interface Change {
  readonly credential: string;
  /** `token`, or the kind of a ticket, such as `jsapi`. */
  readonly kind: string;
  /** Path of the first file target of that kind that could be written; empty if there is none. */
  readonly file: string;
  /** When the value expires, in epoch seconds. */
  readonly expiresAt: number;
}

/** Configuration of a notifier. Timeouts are in milliseconds. */
export type NotifierConfig = ExecConfig | WebhookConfig | SignalConfig;

export interface ExecConfig {
  readonly type: 'exec';
  readonly command: readonly [string, ...string[]];
  readonly timeout: number;
}

export interface WebhookConfig {
  readonly type: 'webhook';
  readonly url: string;
  readonly timeout: number;
}

export interface SignalConfig {
  readonly type: 'signal';
  readonly pidFile: string;
  readonly signal: NodeJS.Signals;
}

/** Informs an app that a new value has been published. */
export interface Notifier {
  /** Name for logs and metrics, without secrets. */
  readonly id: string;
  /**
   * Identifies the program, host or process that is contacted, for limits: if it hangs, all notifiers with the same
   * recipient hang. Never log it: it may contain secrets.
   */
  readonly recipient: string;
  /**
   * Informs the app once, without retries.
   * @param signal ends the delivery and all that goes on after this promise has settled; the promise then settles
   *   within a second
   * @throws {EdgeError} with advice for the operator
   */
  notify(change: Change, signal: AbortSignal): Promise<void>;
}

/**
 * Retries start at once and after about 2, 8, 26 and 80 s: an app that restarts should be back by the last attempt.
 */
const RETRY: Backoff = { first: 2 * SECOND, growth: 3, cap: MINUTE, jitter: 'added' };

export interface Reason {
  /** Absent: `passing`. */
  readonly class?: FailureClass;
  readonly code: string;
  readonly message: Text;
  readonly advice: Text;
}

/** Creates the error for a failed delivery. */
export function notifyFailure(reason: Reason, cause?: unknown): EdgeError {
  // A notification has no effect on the platform.
  const failure = { class: 'passing', ...reason, effect: 'none', backoff: RETRY } as const;
  return new EdgeError(failure, cause === undefined ? undefined : { cause });
}
