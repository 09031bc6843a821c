import { describe, expect, it } from 'vitest';
import { inspectPlatform } from '../../../src/inspection/check/platform.ts';

const OFFICIAL = { id: 'weixin', hosts: ['https://api.weixin.qq.com'], timeout: 10_000, ipv4First: true };
const SOCKS = 'socks5://127.0.0.1:1080';

function warningsOf(environment: Readonly<Record<string, string>>, more = {}): readonly string[] {
  return inspectPlatform({ ...OFFICIAL, ...more }, environment).warnings.map(({ en }) => en);
}

describe('what check says of the proxy', () => {
  it('a variable that names no proxy of http or https is warned of, by its name', () => {
    expect(warningsOf({ HTTP_PROXY: SOCKS })).toEqual([
      expect.stringMatching(/^every request fails: HTTP_PROXY of the environment names no proxy/),
    ]);
  });

  it.for([
    ['a good HTTPS_PROXY', { HTTP_PROXY: SOCKS, HTTPS_PROXY: 'http://127.0.0.1:3128' }, {}],
    ['an exempt host', { HTTP_PROXY: SOCKS, NO_PROXY: 'api.weixin.qq.com' }, {}],
    ['a proxy of the configuration', { HTTP_PROXY: SOCKS }, { proxy: 'http://127.0.0.1:3128' }],
    ['a host on loopback', { HTTP_PROXY: SOCKS }, { hosts: ['http://127.0.0.1:8080'] }],
  ] as const)('there is no warning where it is not asked: %s', ([, environment, more]) => {
    expect(warningsOf(environment, more)).toEqual([]);
  });
});
