import type { PushRefusal } from '../push-trouble.ts';
import type { PushDialect } from '../pushed-ticket.ts';

/**
 * What became of a push of the platform: the label of a metric, and part of a line of the log.
 * `ticket`: kept; `older`: a ticket of a later push is kept already; `stale`: a ticket that cannot work any more, or of
 * another time than ours, as a push that is replayed has; `event`: something has been authorised or cancelled;
 * `check`: WeCom's check of the URL; `ignored`: an event that concerns no token; `unknown-account`: for nobody served
 * here; `unknown-path`: signed as a push, and for no path that is configured; `refused`: not signed, or not encrypted, for us; `failed`: believed, and could not be kept or passed on.
 */
export type PushVerdict =
  | 'ticket'
  | 'older'
  | 'stale'
  | 'event'
  | 'check'
  | 'ignored'
  | 'unknown-account'
  | 'unknown-path'
  | 'refused'
  | 'failed';

/** A push, as the world may hear it: nothing of its content but the type of its information. */
export interface PushReport {
  readonly verdict: PushVerdict;
  /** The name of the credential that it is for, as far as it names one that is served. */
  readonly credential?: string;
  /** The appid or suite id that it names; anybody may have written it. */
  readonly id?: string;
  /** The path that it came to, of one that is none; anybody may have written it. */
  readonly path?: string;
  readonly infoType?: string;
  /** Time since the platform made it, ms; negative if its clock is ahead of ours. */
  readonly age?: number;
  /** It brought an authorisation code that nobody exchanges by himself: a person has to, within its ten minutes. */
  readonly isLeft?: true;
  /** Why it was refused, of one that names an account that is served. */
  readonly refusal?: PushRefusal;
  /** How its platform writes pushes, as far as it names an account that is served. */
  readonly dialect?: PushDialect;
  /** Why it could not be kept or passed on. */
  readonly problem?: string;
}
