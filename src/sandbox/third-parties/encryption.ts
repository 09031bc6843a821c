/**
 * The platform's half of the encryption of callbacks
 * (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/Before_Develop/Message_encryption_and_decryption.html).
 * The receiver has a half of its own: what both got wrong alike would not be seen by a test of the two.
 */
import { createCipheriv, createHash } from 'node:crypto';

/** The padding fills up blocks of 32 bytes: 1 to 32 bytes of it. */
const BLOCK = 32;

/** Bytes of the random beginning, and of the length of the message. */
const SALT = 16;
const LENGTH = 4;

/**
 * Encrypts a message.
 * @param salt 16 random bytes
 * @param receiver appid of the component, suite id, or corpid of the provider
 * @returns base64
 */
export function encryptCallback(
  message: string,
  receiver: string,
  encodingAesKey: string,
  salt: Uint8Array,
): string {
  const key = Buffer.from(`${encodingAesKey}=`, 'base64');
  const text = Buffer.from(message);
  const length = Buffer.alloc(LENGTH);
  length.writeUInt32BE(text.length);
  const content = Buffer.concat([salt, length, text, Buffer.from(receiver)]);
  const pad = paddingOf(message, receiver);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  const padded = Buffer.concat([content, Buffer.alloc(pad, pad)]);
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64');
}

/** Bytes of padding that a message gets: 1 to 32. */
export function paddingOf(message: string, receiver: string): number {
  const length = SALT + LENGTH + Buffer.byteLength(message) + Buffer.byteLength(receiver);
  return BLOCK - (length % BLOCK);
}

/** Signs the parts of a push: `msg_signature` with the encrypted message among them, `signature` without it. */
export function signCallback(...parts: readonly string[]): string {
  return createHash('sha1')
    .update([...parts].sort().join(''))
    .digest('hex');
}
