import * as v from 'valibot';
import { isPlausible } from '../core/credential.ts';
import { isCorpId, type PermanentCode } from '../core/permanent-code.ts';
import { Secret } from '../core/secret.ts';
import { parseJson, sha256 } from './encoding.ts';

/** Epoch ms, up to the last that JavaScript can represent as a date. */
const Epoch = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));

/** SHA-256 in hex. */
const Mark = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** The version that is written; see `RECORD_VERSION`. */
const VERSION = 1;

const Stored = v.object({
  version: v.literal(VERSION),
  account: v.string(),
  permanentCodes: v.array(
    v.object({
      corpId: v.pipe(
        v.string(),
        v.check((text) => isCorpId(text)),
      ),
      code: v.string(),
      /** SHA-256 of the code. */
      sha256: Mark,
      exchangedAt: Epoch,
      /** Of the authorisation code that brought it. */
      mark: Mark,
      former: v.array(Mark),
    }),
  ),
});

/** Names a permanent code: nothing of it can be learnt from that. */
export function markOfPermanentCode(code: Secret): string {
  return sha256(code.reveal());
}

/** Encodes permanent codes, in the clear, as one line of JSON. @param account of the suite */
export function encodePermanentCodes(codes: readonly PermanentCode[], account: string): string {
  const permanentCodes = codes.map(({ value, ...rest }) => ({
    ...rest,
    code: value.reveal(),
    sha256: markOfPermanentCode(value),
  }));
  return `${JSON.stringify({ version: VERSION, account, permanentCodes })}\n`;
}

/**
 * Decodes what {@link encodePermanentCodes} wrote. A damaged code is left out.
 * @throws {Error} saying why these are not codes of the account, without quoting them
 */
export function decodePermanentCodes(text: string, account: string): readonly PermanentCode[] {
  const { success, output } = v.safeParse(Stored, parseJson(text));
  if (!success) throw new Error('not permanent codes that this program has kept');
  if (output.account !== account) throw new Error('the permanent codes of another account');
  return output.permanentCodes.flatMap(({ code, sha256: expected, ...rest }) =>
    isPlausible(code) && sha256(code) === expected ? [{ ...rest, value: new Secret(code) }] : [],
  );
}
