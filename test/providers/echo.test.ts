import { describe, expect, it } from 'vitest';
import { withoutEcho } from '../../src/providers/platform.ts';

const VALUE = 'a+b/c=d e&f';

describe('platform messages that echo the request', () => {
  it.each([
    'access_token',
    'secret',
    'corpsecret',
    'ACCESS_TOKEN',
    'suite_access_token',
    'component_access_token',
    'component_appsecret',
    'component_verify_ticket',
    'suite_ticket',
    'authorizer_refresh_token',
    'authorization_code',
    'auth_code',
    'permanent_code',
    'provider_secret',
    'clientSecret',
  ])('the value of %s is redacted, plain or URL-encoded', (name) => {
    const spellings = [VALUE, encodeURIComponent(VALUE), 'a%2Bb%2Fc%3Dd+e%26f'];
    for (const spelling of spellings) {
      expect(withoutEcho(`invalid ${spelling}, ${spelling}!`, { query: { [name]: VALUE } })).toBe(
        'invalid [redacted], [redacted]!',
      );
      expect(withoutEcho(`invalid ${spelling}!`, { body: { [name]: VALUE } })).toBe('invalid [redacted]!');
    }
  });

  it('the value of any other parameter is kept', () => {
    expect(withoutEcho('invalid wx0', { query: { appid: 'wx0' } })).toBe('invalid wx0');
    expect(withoutEcho('invalid wx0', {})).toBe('invalid wx0');
  });

  it('an empty or non-string value redacts nothing', () => {
    expect(withoutEcho('7 of 7', { query: { secret: '' }, body: { access_token: 7 } })).toBe('7 of 7');
  });
});
