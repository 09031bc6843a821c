import { type Backoff, EdgeError, type FailureClass } from '../core/failure.ts';
import { MINUTE, SECOND } from '../core/time.ts';

/** What has been published anew. Neither the token nor anything else that is secret. */
export interface Change {
  readonly credential: string;
  /** `token`, `jsapi` … */
  readonly kind: string;
  /** Path of the first file target of that kind that could be written; empty where there is none. */
  readonly file: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** Timeouts in milliseconds. */
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

/** Who is told that something has been published. */
export interface Notifier {
  /** Names it in logs and metrics, without secrets. */
  readonly id: string;
  /**
   * Whom it talks to: a program, a host, a process. What hangs there hangs for all who talk to the same. Nothing to be
   * shown: it may hold secrets.
   */
  readonly recipient: string;
  /**
   * Tells it once; nothing is retried inside.
   * @param signal ends what runs, also what goes on after this has settled; it settles within a second then
   * @throws {EdgeError} saying what a person should do
   */
  notify(change: Change, signal: AbortSignal): Promise<void>;
}

/** An app that restarts should be back by the last attempt: they come at once and after some 2, 8, 26 and 80 s. */
const RETRY: Backoff = { first: 2 * SECOND, growth: 3, cap: MINUTE, jitter: 'added' };

export interface Reason {
  /** `passing` where absent. */
  readonly class?: FailureClass;
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

/** Why somebody could not be told. */
export function notifyFailure(reason: Reason, cause?: unknown): EdgeError {
  // The platform has no part in this.
  const failure = { class: 'passing', ...reason, effect: 'none', backoff: RETRY } as const;
  return new EdgeError(failure, cause === undefined ? undefined : { cause });
}
