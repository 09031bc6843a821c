/**
 * The encryption of callbacks of WeChat's Open Platform and of WeCom, as their pages describe it:
 * https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/Before_Develop/Message_encryption_and_decryption.html
 * and https://developer.work.weixin.qq.com/document/path/91144 (2024-07-18). Pure, but for the cipher.
 */
import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import { encodingAesKeyIn } from '../core/push-key.ts';

/** The parameters of a callback that its signature covers, beside the encrypted message. */
export interface SignedQuery {
  readonly timestamp: string;
  readonly nonce: string;
  /** `msg_signature`. The other one, `signature`, says nothing about the message. */
  readonly signature: string;
}

/** What was encrypted. */
export interface Opened {
  readonly message: string;
  /** For whom it was encrypted: an appid, a suite id or a corpid; empty for apps of individual developers. */
  readonly receiver: string;
}

/** Bytes. */
const KEY = 32;
const SALT = 16;
const LENGTH = 4;
const AES_BLOCK = 16;

/** The padding is PKCS#7 with blocks of 32 bytes, which OpenSSL refuses for half of all messages: it knows 16. */
const BLOCK = 32;

/** The signature of a callback: hex SHA-1 of the four texts, sorted by the values of their bytes. */
export function signatureOf(
  token: string,
  { timestamp, nonce }: Pick<SignedQuery, 'timestamp' | 'nonce'>,
  encrypted: string,
): string {
  // Never localeCompare: its order is another one.
  return createHash('sha1').update([token, timestamp, nonce, encrypted].sort().join('')).digest('hex');
}

/** Whether a callback bears the signature of the token. How long that takes says nothing of the right signature. */
export function isSigned(token: string, query: SignedQuery, encrypted: string): boolean {
  const expected = Buffer.from(signatureOf(token, query, encrypted), 'ascii');
  const given = Buffer.from(query.signature, 'utf8');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/**
 * The AES key of an EncodingAESKey: 43 letters and digits, the base64 of 32 bytes without its `=`. The last character
 * carries two bits too many, which need not be zero: strict decoders refuse keys that the console has made.
 * @returns undefined if that is no EncodingAESKey
 */
export function parseEncodingAesKey(text: string): Buffer | undefined {
  const key = encodingAesKeyIn(text);
  if (key === undefined) return undefined;
  const bytes = Buffer.from(`${key}=`, 'base64');
  return bytes.length === KEY ? bytes : undefined;
}

/**
 * Decrypts a callback. Check its signature before.
 * @returns undefined if it was not encrypted with this key; nothing tells at which step that was seen
 */
export function decryptCallback(encrypted: string, key: Buffer): Opened | undefined {
  const sealed = bytesOf(encrypted);
  if (!sealed || sealed.length === 0 || sealed.length % AES_BLOCK !== 0) return undefined;
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, AES_BLOCK)).setAutoPadding(false);
  return unpack(Buffer.concat([decipher.update(sealed), decipher.final()]));
}

/** Takes 16 random bytes, the length, the message, the receiver and the padding apart. */
function unpack(plain: Buffer): Opened | undefined {
  const pad = plain.at(-1) ?? 0;
  if (pad < 1 || pad > BLOCK || pad > plain.length) return undefined;
  if (!plain.subarray(-pad).every((byte) => byte === pad)) return undefined;
  const content = plain.subarray(0, -pad);
  if (content.length < SALT + LENGTH) return undefined;
  // A wrong key makes a length of anything up to 4 GB: compare before anything of that size is made.
  const end = SALT + LENGTH + content.readUInt32BE(SALT);
  if (end > content.length) return undefined;
  const message = textOf(content.subarray(SALT + LENGTH, end));
  const receiver = textOf(content.subarray(end));
  return message === undefined || receiver === undefined ? undefined : { message, receiver };
}

function bytesOf(base64: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
