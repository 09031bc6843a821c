import { EdgeError, type Failure, PASSING } from '../core/failure.ts';
import { en, type Text, zh } from '../core/text.ts';
import { clientMeaning, faultMeaning, NO_HANDSHAKE } from './connection-meanings.ts';
import type { Meaning } from './meaning.ts';
import { repliedMeaning } from './reply-meanings.ts';

/** What is known of the attempt that failed. */
export interface Attempted {
  /** Name and address of the connection, for messages. */
  readonly where: Text;
  /** The command that was sent; absent while a connection is made. */
  readonly command?: string;
  /**
   * What the command may have done, where the server does not say that it refuses it: `unsent` before it was handed
   * over, `none` for one that only reads.
   */
  readonly effect: Failure['effect'];
  /** Whether it is by TLS. */
  readonly isEncrypted?: boolean;
}

/**
 * Turns an error of the client into one of ours. Nothing of the error's text goes into it: the client attaches commands
 * with their arguments, and servers repeat arguments in their answers, which may be tokens and passwords.
 */
export function redisError(error: unknown, attempted: Attempted): EdgeError {
  if (error instanceof EdgeError) return error;
  const { code, what, advice, backoff = PASSING } = meaningOf(error, attempted);
  return new EdgeError({
    class: 'passing',
    code,
    message: { en: en`${attempted.where} ${what}`, zh: zh`${attempted.where}${what}` },
    ...(advice !== undefined && { advice }),
    // What a server answers with an error it has not done.
    effect: attempted.effect === 'unknown' && replyOf(error) !== undefined ? 'none' : attempted.effect,
    backoff,
  });
}

/** Whether a server's answer says that the connection is to be made anew, since another server is in charge. */
export function needsAnotherServer(error: unknown): boolean {
  return /^(READONLY|MASTERDOWN|CLUSTERDOWN|MOVED|NOAUTH|WRONGPASS|LOADING|UNBLOCKED)/.test(
    replyOf(error) ?? '',
  );
}

/** Whether a server does not accept, or no longer, who is logged in. */
export function isRefusedLogin(error: unknown): boolean {
  return /^(NOAUTH|WRONGPASS)/.test(replyOf(error) ?? '');
}

/** The text of an error that the server answered with; undefined where none of its answers came. */
export function replyOf(error: unknown): string | undefined {
  const { name, message } = error as Error;
  return name === 'ReplyError' || name === 'ErrorReply' || name === 'SimpleError' ? message : undefined;
}

function meaningOf(error: unknown, { command, isEncrypted }: Attempted): Meaning {
  const { message, code } = error as NodeJS.ErrnoException;
  const reply = replyOf(error);
  if (reply !== undefined) return repliedMeaning(reply, command);
  if (isEncrypted && code === 'ETIMEDOUT') return NO_HANDSHAKE;
  return clientMeaning(message) ?? faultMeaning(error);
}
