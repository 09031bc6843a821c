import { describe, expect, it } from 'vitest';
import { formats } from '../../src/publishers/formats.ts';
import { aToken } from './token.ts';

const SUBJECT = { name: 'shop', type: 'stable-token', appId: 'wx0000000000000000' } as const;

describe('a published file', () => {
  it('is, raw, the value and nothing else', () => {
    expect(formats.raw(aToken('76_aToken-of_WeChat'))).toBe('76_aToken-of_WeChat');
  });

  it('says in JSON whose token it is and when it ends, in whole seconds', () => {
    const content = formats.json(aToken('76_aToken-of_WeChat'), SUBJECT);
    expect(content).toBe(
      '{"name":"shop","type":"stable-token","app_id":"wx0000000000000000","access_token":"76_aToken-of_WeChat",' +
        '"expires_in":7200,"issued_at":1767225600,"expires_at":1767232800}\n',
    );
  });

  it('keeps expires_in as the platform gave it, and claims no second that the token does not have', () => {
    const token = aToken('76_aToken-of_WeChat', { expiresIn: 345, expiresAt: 1_767_226_345_999 });
    const details = JSON.parse(formats.json(token, SUBJECT));
    expect(details).toMatchObject({ expires_in: 345, expires_at: 1_767_226_345 });
  });
});
