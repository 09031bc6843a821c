import * as v from 'valibot';
import { isPlausible } from '../core/credential.ts';
import type { PushedCode } from '../core/pushed-code.ts';
import { Secret } from '../core/secret.ts';
import { parseJson, sha256 } from './encoding.ts';

/** Epoch ms, up to the last that JavaScript can represent as a date. */
const Epoch = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));

/** The version that is written; see `RECORD_VERSION`. */
const VERSION = 1;

const Stored = v.object({
  version: v.literal(VERSION),
  account: v.string(),
  codes: v.array(
    v.object({
      /** SHA-256 of the code, in hex. */
      mark: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      subject: v.exactOptional(v.pipe(v.string(), v.maxLength(64))),
      code: v.exactOptional(v.string()),
      receivedAt: Epoch,
    }),
  ),
});

/** Names a code: nothing of it can be learnt from that. */
export function markOf(code: string): string {
  return sha256(code);
}

/** Encodes pushed codes, in the clear, as one line of JSON. @param account of the third party that they were pushed to */
export function encodePushedCodes(codes: readonly PushedCode[], account: string): string {
  const stored = codes.map(({ value, ...rest }) => ({ ...rest, ...(value && { code: value.reveal() }) }));
  return `${JSON.stringify({ version: VERSION, account, codes: stored })}\n`;
}

/**
 * Decodes what {@link encodePushedCodes} wrote. A damaged code is left out.
 * @throws {Error} saying why these are not codes of the account, without quoting them
 */
export function decodePushedCodes(text: string, account: string): readonly PushedCode[] {
  const { success, output } = v.safeParse(Stored, parseJson(text));
  if (!success) throw new Error('not authorisation codes that this program has kept');
  if (output.account !== account) throw new Error('the authorisation codes of another account');
  return output.codes.flatMap(({ code, ...rest }) => {
    if (code === undefined) return [rest];
    return isPlausible(code) && markOf(code) === rest.mark ? [{ ...rest, value: new Secret(code) }] : [];
  });
}
