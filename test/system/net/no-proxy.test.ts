import { describe, expect, it } from 'vitest';
import { isExempt } from '../../../src/system/net/no-proxy.ts';

/** What the tables of docs/configuration.md, which are played in test/providers/proxy-matrix.test.ts, leave open. */
describe('NO_PROXY', () => {
  it.each([
    ['https://[2001:db8::5]', '2001:db8::/32'],
    ['https://[2001:db8::5]', '[2001:db8::]/32'],
    ['https://[2001:db8::5]', '[2001:db8::5]:443'],
    ['https://[2001:DB8:0::5]', '2001:db8::5'],
    ['https://10.1.2.3:8443', '10.1.2.3:8443'],
    ['https://example.com', '\texample.com\n'],
    ['https://example.com:8443', 'example.com'],
    ['https://example.com', ',,,example.com'],
  ])('%s is exempt by %j', (url, list) => {
    expect(isExempt(new URL(url), list)).toBe(true);
  });

  it.each([
    ['https://[2001:db9::5]', '2001:db8::/32'],
    ['https://[2001:db8::5]', '2001:db8::/129'],
    ['https://[2001:db8::5]', '0.0.0.0/0'],
    ['https://[2001:db8::5]', '[2001:db8::5]:8443'],
    ['https://10.1.2.3', '10.1.2.3/'],
    ['https://10.1.2.3', '10.1.2.3/x'],
    ['https://10.1.2.3', '10.1.2'],
    ['https://10.1.2.3', '.3'],
    ['https://example.com', ''],
    ['https://example.com', '. *. / :443 []'],
    ['https://example.com', 'example.com/8'],
    ['https://example.com', 'example.com:44333'],
    ['https://example.com', 'com.'.repeat(2)],
  ])('%s is not exempt by %j', (url, list) => {
    expect(isExempt(new URL(url), list)).toBe(false);
  });
});
