import { decodePushedCodes, encodePushedCodes } from '../../codec/pushed-codes.ts';
import type { Clock, CodeStore } from '../../core/ports.ts';
import {
  type CodesChange,
  isRemembered,
  MOST_CODES,
  type PushedCode,
  putCode,
  settleCode,
} from '../../core/pushed-code.ts';
import { HOUR } from '../../core/time.ts';
import { type PushedPlace, pushedDocument } from './pushed-document.ts';

/** The codes stay so long after they were last written, ms: a code is remembered for less than that. */
const EXPIRY = HOUR;

/**
 * Keeps the codes of a third party on a server of Redis. What the server has lost, this process writes again.
 * @param place of the third party
 */
export function redisCodeStore(place: PushedPlace, clock: Clock): CodeStore {
  const document = pushedDocument<readonly PushedCode[]>(place, {
    decode: decodePushedCodes,
    encode: encodePushedCodes,
    expiry: EXPIRY,
  });
  /** What this process has kept or read, should the server lose it. */
  let ours: readonly PushedCode[] = [];

  /** What is stored, with what this process knows beyond that. A code that something has come of stays so. */
  function joined(stored: readonly PushedCode[] = []): readonly PushedCode[] {
    const now = clock.now().wall;
    const areKnown = (codes: readonly PushedCode[]) => codes.filter((code) => isRemembered(code, now));
    const known = new Map(areKnown(ours).map((code) => [code.mark, code]));
    for (const code of areKnown(stored))
      if (known.get(code.mark)?.value || !known.has(code.mark)) known.set(code.mark, code);
    return [...known.values()].slice(-2 * MOST_CODES);
  }

  async function change<Left>(
    decide: (known: readonly PushedCode[]) => CodesChange<Left>,
  ): Promise<Left | undefined> {
    let written = ours;
    const left = await document.change((stored) => {
      const decided = decide(joined(stored));
      if ('write' in decided) written = decided.write;
      return decided;
    });
    if (left === undefined) ours = written;
    return left;
  }

  return {
    async read() {
      try {
        ours = joined((await document.read()).value);
      } catch (error) {
        if (ours.length === 0) throw error;
      }
      return ours;
    },
    put: async (code) => (await change((known) => putCode(known, code, place.where))) ?? 'kept',
    async settle(mark) {
      await change((known) => settleCode(known, mark));
    },
  };
}
