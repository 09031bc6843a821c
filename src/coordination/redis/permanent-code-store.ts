import {
  decodePermanentCodes,
  encodePermanentCodes,
  markOfPermanentCode,
} from '../../codec/permanent-codes.ts';
import {
  newestCodes,
  type PermanentCode,
  tooManyCorps,
  withPermanentCode,
} from '../../core/permanent-code.ts';
import type { Clock, PermanentCodeStore } from '../../core/ports.ts';
import { type PushedPlace, pushedDocument } from './pushed-document.ts';

/** Most corps of one suite: all are one value, which is read every half minute. */
const MOST_CORPS = 2000;

/**
 * Keeps the permanent codes of a suite on a server of Redis, for good. What the server has lost, this process writes again.
 * @param place of the suite
 */
export function redisPermanentCodes(place: PushedPlace, clock: Clock, most = MOST_CORPS): PermanentCodeStore {
  const document = pushedDocument<readonly PermanentCode[]>(place, {
    decode: decodePermanentCodes,
    encode: encodePermanentCodes,
  });
  /** What this process has kept or read, should the server lose it. */
  let ours: readonly PermanentCode[] = [];

  const lacks = (stored: readonly PermanentCode[]) =>
    ours.filter((code) => {
      const other = stored.find(({ corpId }) => corpId === code.corpId);
      return !other || other.exchangedAt < code.exchangedAt;
    });

  async function read(): Promise<readonly PermanentCode[]> {
    try {
      const found = await document.read();
      const lost = lacks(found.value ?? []);
      ours = newestCodes(found.value ?? [], ours);
      if (lost.length > 0)
        await document.change((now = []) => ({ write: newestCodes(now, lost) }), found).catch(() => {});
    } catch (error) {
      if (ours.length === 0) throw error;
    }
    return ours;
  }

  return {
    read,
    async checkRoom() {
      if ((await read()).length >= most) throw tooManyCorps(place.where, most);
    },
    async put(code) {
      let written = ours;
      const left = await document.change((stored = []) => {
        const change = withPermanentCode(
          newestCodes(stored, ours),
          code,
          clock.now().wall,
          markOfPermanentCode,
        );
        if ('write' in change) written = change.write;
        return change;
      });
      if (left === undefined) ours = written;
    },
  };
}
