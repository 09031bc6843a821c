/**
 * The EncodingAESKey of a push: 43 letters and digits
 * (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/Before_Develop/Message_encryption_and_decryption.html).
 * Blanks and line breaks come with copying and count for nothing.
 * @returns the key alone; undefined if that is none
 */
export function encodingAesKeyIn(text: string): string | undefined {
  const key = text.replace(/\s/g, '');
  return /^[A-Za-z0-9]{43}$/.test(key) ? key : undefined;
}
