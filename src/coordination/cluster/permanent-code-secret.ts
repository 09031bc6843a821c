import {
  decodePermanentCodes,
  encodePermanentCodes,
  markOfPermanentCode,
} from '../../codec/permanent-codes.ts';
import type { Keys } from '../../codec/secret-layout.ts';
import { type PermanentCode, tooManyCorps, withPermanentCode } from '../../core/permanent-code.ts';
import type { Clock, PermanentCodeStore } from '../../core/ports.ts';
import { type PushedPlace, pushedDocument } from './pushed-document.ts';

/**
 * Most corps of one suite. A Secret holds 1 MiB, half of which the tokens may take; a code of the greatest length takes 1 KiB with
 * what is known of it, and those of today take a third of that.
 */
const MOST_CORPS = 250;

/**
 * Keeps the permanent codes of a suite under a key of the cluster's Secret.
 * @param place of the suite
 */
export function permanentCodeSecret(
  place: PushedPlace,
  { permanentCodes: key }: Pick<Keys, 'permanentCodes'>,
  clock: Clock,
  most = MOST_CORPS,
): PermanentCodeStore {
  const document = pushedDocument<readonly PermanentCode[]>(place, {
    key,
    decode: decodePermanentCodes,
    encode: encodePermanentCodes,
    isIrreplaceable: true,
  });
  const read = async () => (await document.read()) ?? [];
  return {
    read,
    async checkRoom() {
      if ((await read()).length >= most) throw tooManyCorps(document.where, most);
    },
    async put(code) {
      await document.change((known = []) =>
        withPermanentCode(known, code, clock.now().wall, markOfPermanentCode),
      );
    },
  };
}
