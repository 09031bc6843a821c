import { decodePushedCodes, encodePushedCodes } from '../../codec/pushed-codes.ts';
import type { Keys } from '../../codec/secret-layout.ts';
import type { Clock, CodeStore } from '../../core/ports.ts';
import { isRemembered, type PushedCode, putCode, settleCode } from '../../core/pushed-code.ts';
import { type PushedPlace, pushedDocument } from './pushed-document.ts';

/**
 * Keeps the codes of a third party under a key of the cluster's Secret.
 * @param place of the third party
 */
export function codeSecret(place: PushedPlace, { codes: key }: Pick<Keys, 'codes'>, clock: Clock): CodeStore {
  const { read, change, where } = pushedDocument<readonly PushedCode[]>(place, {
    key,
    decode(text, account) {
      const now = clock.now().wall;
      return decodePushedCodes(text, account).filter((code) => isRemembered(code, now));
    },
    encode: encodePushedCodes,
  });
  return {
    read: async () => (await read()) ?? [],
    put: async (code) => (await change((known = []) => putCode(known, code, where))) ?? 'kept',
    async settle(mark) {
      await change((known = []) => settleCode(known, mark));
    },
  };
}
