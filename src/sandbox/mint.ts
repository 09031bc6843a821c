import { randomBytes } from 'node:crypto';

/** Gives that many random bytes. A seeded one makes a simulation repeatable. */
export type RandomBytes = (size: number) => Uint8Array;

/** Makes the values that the platform hands out. */
export interface Mint {
  /** Digits, `_`, URL-safe characters: 136 in all, as seen in the field. */
  readonly token: () => string;
  /** WeCom's tokens have no digits in front. */
  readonly corpToken: () => string;
  readonly ticket: () => string;
  /** Request id: three groups of eight hex digits. */
  readonly rid: () => string;
  /** WeCom's counterpart of the request id: digits. */
  readonly hint: () => string;
}

export function createMint(random: RandomBytes = randomBytes): Mint {
  const urlSafe = (length: number) =>
    Buffer.from(random(Math.ceil((length * 3) / 4)))
      .toString('base64url')
      .slice(0, length);
  const hex = (digits: number) => Buffer.from(random(digits / 2)).toString('hex');
  return {
    token: () => `84_${urlSafe(133)}`,
    corpToken: () => urlSafe(214),
    ticket: () => urlSafe(86),
    rid: () => `${hex(8)}-${hex(8)}-${hex(8)}`,
    hint: () =>
      BigInt(`0x${hex(14)}`)
        .toString()
        .padStart(19, '1'),
  };
}
