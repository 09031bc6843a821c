import { describe, expect, it } from 'vitest';
import { credentialWith, problemsWith } from './configured.ts';

const MAIN = 'https://api.weixin.qq.com';

describe('API hosts', () => {
  it.each([
    ['the two WeChat hosts by default', {}, [MAIN, 'https://api2.weixin.qq.com']],
    [
      'only the given base URL',
      { WXTOKEN_API_BASE_URL: 'https://sh.api.weixin.qq.com' },
      ['https://sh.api.weixin.qq.com'],
    ],
    [
      'the main WeChat host and the given fallbacks',
      { WXTOKEN_API_FALLBACK_URLS: 'https://sh.api.weixin.qq.com' },
      [MAIN, 'https://sh.api.weixin.qq.com'],
    ],
    [
      'the given base URL and fallbacks in order',
      {
        WXTOKEN_API_BASE_URL: 'https://a.example',
        WXTOKEN_API_FALLBACK_URLS: 'https://b.example , https://c.example/wx',
      },
      ['https://a.example', 'https://b.example', 'https://c.example/wx'],
    ],
  ])('the API hosts are %s', async (_, environment, hosts) => {
    const { credential } = await credentialWith(environment);
    expect(credential.platform.hosts).toEqual(hosts);
  });
});

describe('platform of a base URL', () => {
  it.each([
    ['https://api.weixin.qq.com', 'weixin'],
    ['https://hk.api.weixin.qq.com', 'weixin'],
    ['https://egress.example/wechat', 'weixin'],
    ['http://127.0.0.1:8866', '127.0.0.1:8866'],
    ['http://127.1.2.3', '127.1.2.3'],
    ['http://localhost:8866', 'localhost:8866'],
    ['http://[::1]:8866/prefix', '[::1]:8866'],
  ])('accounts at %s belong to the platform %s', async (url, id) => {
    const { credential } = await credentialWith({ WXTOKEN_API_BASE_URL: url });
    expect(credential.platform.id).toBe(id);
  });
});

describe('Kubernetes', () => {
  const KUBERNETES = { KUBERNETES_SERVICE_HOST: '10.96.0.1' };
  const CLASSIC = { ...KUBERNETES, WXTOKEN_TYPE: 'access-token' };

  it('an uncoordinated access-token in Kubernetes is refused with the alternatives named', async () => {
    const [problem, ...more] = await problemsWith(CLASSIC);
    expect(more).toEqual([]);
    expect(problem).toMatch(/^WXTOKEN_TYPE: access-token in Kubernetes needs one refresher/);
    for (const way of ['stable-token', 'WXTOKEN_STATE_DIR', 'WXTOKEN_ALLOW_UNCOORDINATED=true']) {
      expect(problem).toContain(way);
    }
  });

  it.each([{ WXTOKEN_STATE_DIR: '/shared' }, { WXTOKEN_ALLOW_UNCOORDINATED: 'true' }])(
    'an access-token in Kubernetes is accepted with %o',
    async (way) => {
      const { credential } = await credentialWith({ ...CLASSIC, ...way });
      expect(credential.type).toBe('access-token');
    },
  );

  it('an access-token in Kubernetes is refused when WXTOKEN_ALLOW_UNCOORDINATED is false', async () => {
    expect(await problemsWith({ ...CLASSIC, WXTOKEN_ALLOW_UNCOORDINATED: 'false' })).toHaveLength(1);
  });

  it('a stable-token in Kubernetes is accepted and coordinated only with a state folder', async () => {
    expect((await credentialWith(KUBERNETES)).credential.coordinated).toBe(false);
    const shared = await credentialWith({ ...KUBERNETES, WXTOKEN_STATE_DIR: '/shared' });
    expect(shared.credential.coordinated).toBe(true);
  });

  it('an access-token outside Kubernetes is accepted and counts as coordinated', async () => {
    const { credential } = await credentialWith({ WXTOKEN_TYPE: 'access-token' });
    expect(credential.coordinated).toBe(true);
  });
});
