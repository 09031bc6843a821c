import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decryptCallback,
  isSigned,
  parseEncodingAesKey,
  signatureOf,
} from '../../src/push/callback-crypto.ts';
import { encryptCallback, signCallback } from '../../src/sandbox/third-parties/encryption.ts';

interface Vector {
  readonly name: string;
  readonly key: string;
  readonly receiveid: string;
  readonly encrypt: string;
  readonly plain?: string;
}

interface Decrypt extends Vector {
  readonly token: string;
  readonly timestamp: string;
  readonly nonce: string;
  readonly msg_signature: string;
  readonly plain_includes?: string;
  readonly plain_length?: number;
}

interface Encrypt extends Vector {
  readonly random: string;
  readonly plain: string;
  readonly token?: string;
  readonly timestamp?: string;
  readonly nonce?: string;
  readonly msg_signature?: string;
}

const vectors: { readonly decrypt: Decrypt[]; readonly encrypt: Encrypt[] } = JSON.parse(
  readFileSync('test/push/fixtures/callback-vectors.json', 'utf8'),
);

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const anyKey = fc
  .array(fc.constantFrom(...LETTERS), { minLength: 43, maxLength: 43 })
  .map((letters) => letters.join(''));
const anySalt = fc.uint8Array({ minLength: 16, maxLength: 16 });

function keyOf(text: string): Buffer {
  const key = parseEncodingAesKey(text);
  if (!key) throw new Error(`no key: ${text}`);
  return key;
}

describe('encryption of callbacks', () => {
  it.each(vectors.decrypt)('the published message is opened and its signature holds: $name', (vector) => {
    const query = {
      timestamp: vector.timestamp,
      nonce: vector.nonce,
      signature: vector.msg_signature,
    };
    expect(isSigned(vector.token, query, vector.encrypt)).toBe(true);
    const opened = decryptCallback(vector.encrypt, keyOf(vector.key));
    expect(opened?.receiver).toBe(vector.receiveid);
    if (vector.plain !== undefined) expect(opened?.message).toBe(vector.plain);
    if (vector.plain_includes !== undefined) expect(opened?.message).toContain(vector.plain_includes);
    if (vector.plain_length !== undefined) expect(opened?.message).toHaveLength(vector.plain_length);
  });

  it.each(vectors.encrypt)('the sandbox encrypts as published, and it is opened again: $name', (vector) => {
    const encrypted = encryptCallback(vector.plain, vector.receiveid, vector.key, Buffer.from(vector.random));
    expect(encrypted).toBe(vector.encrypt);
    expect(decryptCallback(encrypted, keyOf(vector.key))).toEqual({
      message: vector.plain,
      receiver: vector.receiveid,
    });
    const { token, timestamp, nonce, msg_signature: signature } = vector;
    if (token === undefined || timestamp === undefined || nonce === undefined) return;
    expect(signCallback(token, timestamp, nonce, encrypted)).toBe(signature);
    expect(signatureOf(token, { timestamp, nonce }, encrypted)).toBe(signature);
  });

  it('messages of every length are opened: each padding from 1 to 32 bytes occurs', () => {
    const pads = new Set<number>();
    fc.assert(
      fc.property(anyKey, anySalt, fc.integer({ min: 0, max: 31 }), (key, salt, extra) => {
        const message = 'x'.repeat(extra);
        pads.add(32 - ((20 + extra + 18) % 32));
        const opened = decryptCallback(encryptCallback(message, 'wx0000000000000000', key, salt), keyOf(key));
        expect(opened).toEqual({ message, receiver: 'wx0000000000000000' });
      }),
      { numRuns: 600, seed: 1 },
    );
    expect([...pads].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, at) => at + 1));
  });

  it('any text is opened as it was encrypted, blanks at its ends too', () => {
    fc.assert(
      fc.property(
        anyKey,
        anySalt,
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        (key, salt, message, receiver) => {
          const encrypted = encryptCallback(message, receiver, key, salt);
          expect(decryptCallback(encrypted, keyOf(key))).toEqual({ message, receiver });
        },
      ),
    );
  });

  it('a key may carry stray bits in its last character, and blanks around it', () => {
    const stray = `${'a'.repeat(42)}B`;
    const plain = `${'a'.repeat(42)}A`;
    expect(keyOf(stray)).toEqual(keyOf(plain));
    expect(keyOf(` ${stray}\r\n`)).toEqual(keyOf(plain));
    for (const wrong of ['', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}+`, `${'a'.repeat(42)}é`]) {
      expect(parseEncodingAesKey(wrong), wrong).toBeUndefined();
    }
  });

  it('a message that was changed anywhere bears no signature, and opening it never throws', () => {
    const key = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
    const query = { timestamp: '1409735669', nonce: '1320562132' };
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.integer({ min: 1, max: 255 }), (message, position, change) => {
        const encrypted = encryptCallback(message, 'wx0000000000000000', key, Buffer.alloc(16, 7));
        const bytes = Buffer.from(encrypted, 'base64');
        const at = position % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        const changed = bytes.toString('base64');
        const signature = signatureOf('token', query, encrypted);
        expect(isSigned('token', { ...query, signature }, encrypted)).toBe(true);
        expect(isSigned('token', { ...query, signature }, changed)).toBe(false);
        expect(() => decryptCallback(changed, keyOf(key))).not.toThrow();
      }),
    );
  });

  it('what is no encrypted message is not opened and never throws', () => {
    const key = keyOf('abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG');
    const odd = ['', '====', 'AAAA', 'not base64', '%', 'A'.repeat(44), `${'A'.repeat(43)}\n`];
    for (const text of odd) expect(decryptCallback(text, key), text).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 512 }), (bytes) => {
        expect(() => decryptCallback(Buffer.from(bytes).toString('base64'), key)).not.toThrow();
      }),
    );
  });

  it('a length beyond what is there is not believed', () => {
    const zero = keyOf('A'.repeat(43));
    const encrypted = Buffer.from(
      encryptCallback('hello', 'wx0000000000000000', 'A'.repeat(43), Buffer.alloc(16)),
      'base64',
    );
    // Under CBC a change of the first block changes the same bit of the second one, where the length is.
    encrypted[0] = (encrypted[0] ?? 0) ^ 0x80;
    expect(decryptCallback(encrypted.toString('base64'), zero)).toBeUndefined();
  });

  it('a signature in capitals, of another length or of another order of the parts does not hold', () => {
    const query = { timestamp: '2', nonce: '10' };
    const signature = signatureOf('b', query, 'A');
    const holds = (given: string) => isSigned('b', { ...query, signature: given }, 'A');
    expect(holds(signature)).toBe(true);
    for (const wrong of [signature.toUpperCase(), `${signature}0`, signature.slice(1), '', 'é'.repeat(20)]) {
      expect(holds(wrong), wrong).toBe(false);
    }
    // By the values of bytes capitals come before small letters; by the rules of a language they do not.
    expect(signature).toBe(signCallback('10', '2', 'A', 'b'));
  });
});
