import { createHash } from 'node:crypto';
import { SECOND } from '../core/time.ts';

/** SHA-256 in lower-case hex, of the text in UTF-8: tells whether two values are the same without showing either. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** @throws {Error} when the text is not JSON; the message does not quote the text, which may hold a secret */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('not JSON');
  }
}

/** Encodes text in UTF-8 and base64, as the API server keeps the `data` of a Secret. */
export function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Decodes what {@link toBase64} encoded. Never throws: what is no base64 is skipped, as Node does. */
export function fromBase64(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

/**
 * Converts to epoch seconds, rounding down: a reader must not be promised a part of a second that the token does not
 * have.
 * @param ms epoch ms
 */
export function epochSeconds(ms: number): number {
  return Math.floor(ms / SECOND);
}
