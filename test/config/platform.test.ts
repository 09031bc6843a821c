import { describe, expect, it } from 'vitest';
import { credentialWith, problemsWith } from './configured.ts';

const MAIN = 'https://api.weixin.qq.com';

describe('the hosts that are asked', () => {
  it.each([
    ['WeChat’s own', {}, [MAIN, 'https://api2.weixin.qq.com']],
    [
      'another one alone',
      { WXTOKEN_API_BASE_URL: 'https://sh.api.weixin.qq.com' },
      ['https://sh.api.weixin.qq.com'],
    ],
    [
      'WeChat’s main one with others',
      { WXTOKEN_API_FALLBACK_URLS: 'https://sh.api.weixin.qq.com' },
      [MAIN, 'https://sh.api.weixin.qq.com'],
    ],
    [
      'others, in their order',
      {
        WXTOKEN_API_BASE_URL: 'https://a.example',
        WXTOKEN_API_FALLBACK_URLS: 'https://b.example , https://c.example/wx',
      },
      ['https://a.example', 'https://b.example', 'https://c.example/wx'],
    ],
  ])('are %s', async (_, environment, hosts) => {
    const { credential } = await credentialWith(environment);
    expect(credential.platform.hosts).toEqual(hosts);
  });
});

describe('whose accounts they are', () => {
  it.each([
    ['https://api.weixin.qq.com', 'weixin'],
    ['https://hk.api.weixin.qq.com', 'weixin'],
    ['https://egress.example/wechat', 'weixin'],
    ['http://127.0.0.1:8866', '127.0.0.1:8866'],
    ['http://127.1.2.3', '127.1.2.3'],
    ['http://localhost:8866', 'localhost:8866'],
    ['http://[::1]:8866/prefix', '[::1]:8866'],
  ])('at %s are those of %s', async (url, id) => {
    const { credential } = await credentialWith({ WXTOKEN_API_BASE_URL: url });
    expect(credential.platform.id).toBe(id);
  });
});

describe('in Kubernetes', () => {
  const KUBERNETES = { KUBERNETES_SERVICE_HOST: '10.96.0.1' };
  const CLASSIC = { ...KUBERNETES, WXTOKEN_TYPE: 'access-token' };

  it('an access-token is refused, since every pod would kill the token of the others, and the ways out are named', async () => {
    const [problem, ...more] = await problemsWith(CLASSIC);
    expect(more).toEqual([]);
    expect(problem).toMatch(/^WXTOKEN_TYPE: access-token in Kubernetes needs one refresher/);
    for (const way of ['stable-token', 'WXTOKEN_STATE_DIR', 'WXTOKEN_ALLOW_UNCOORDINATED=true']) {
      expect(problem).toContain(way);
    }
  });

  it.each([{ WXTOKEN_STATE_DIR: '/shared' }, { WXTOKEN_ALLOW_UNCOORDINATED: 'true' }])(
    'an access-token is fine with %o',
    async (way) => {
      const { credential } = await credentialWith({ ...CLASSIC, ...way });
      expect(credential.type).toBe('access-token');
    },
  );

  it('an access-token is refused when uncoordinated ones are expressly not allowed', async () => {
    expect(await problemsWith({ ...CLASSIC, WXTOKEN_ALLOW_UNCOORDINATED: 'false' })).toHaveLength(1);
  });

  it('a stable-token is fine, and is coordinated with no one unless it is given a folder', async () => {
    expect((await credentialWith(KUBERNETES)).credential.coordinated).toBe(false);
    const shared = await credentialWith({ ...KUBERNETES, WXTOKEN_STATE_DIR: '/shared' });
    expect(shared.credential.coordinated).toBe(true);
  });

  it('an access-token is fine elsewhere', async () => {
    const { credential } = await credentialWith({ WXTOKEN_TYPE: 'access-token' });
    expect(credential.coordinated).toBe(true);
  });
});
