import { en, type Text, zh } from '../../core/text.ts';
import type { Complain, KeyPath } from '../../schema/key-path.ts';
import type { Labels } from '../labels.ts';
import type { ReadInput } from '../read/input.ts';
import type { Share } from '../sharing.ts';
import type { Authorities } from './authorities.ts';

/** What all checks of one configuration share: labels for messages, the environment, and cached look-ups. */
export interface Context extends Pick<Labels, 'name' | 'brief' | 'setting'> {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /**
   * Whether the caller will use AppSecrets; if false, an unreadable AppSecret file is not reported unless the file
   * identifies the account.
   */
  readonly fetches: boolean;
  /** Reports a problem at `path`. */
  readonly complain: Complain;
  /**
   * Tells whether the value at `path`, or a value that contains it, was invalid and has been removed; such a value
   * must not be reported as missing.
   */
  isWrong(path: KeyPath): boolean;
  /**
   * Returns the namespace of objects that are configured without one; undefined if there is no cluster. Sends no
   * request.
   */
  namespace(): Promise<string | undefined>;
  /** Returns the numeric id of a group; undefined if this system does not know the group. */
  groupId(group: string): Promise<number | undefined>;
  /** Returns why a program could not be run; undefined if it could be, or if the caller will run no programs. */
  programProblem(path: string): Promise<Text | undefined>;
  /** Reads a file that belongs to the configuration. */
  readonly readInput: ReadInput;
  /** Makes equal parts of several credentials one object. */
  readonly share: Share;
  /** Reads the certificates in a file; see `readAuthorities`. */
  readAuthorities(path: string): Promise<Authorities>;
}

/**
 * Reports a required value that is missing, unless it was reported as invalid already.
 * @param what what the value is, for the message `is required: …`
 * @returns whether the value is missing
 */
export function isMissing(
  context: Pick<Context, 'isWrong' | 'complain'>,
  path: KeyPath,
  value: unknown,
  what: Text,
): boolean {
  if (value !== undefined) return false;
  if (!context.isWrong(path)) {
    context.complain(path, { en: en`is required: ${what}`, zh: zh`必填：${what}` });
  }
  return true;
}
