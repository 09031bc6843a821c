import { describe, expect, it } from 'vitest';
import { EdgeError, PASSING } from '../../src/core/failure.ts';
import { Secret } from '../../src/core/secret.ts';
import { APPID, asking, GOOD, judged, SECRET, TOKEN } from './asking.ts';
import { saying } from './servers.ts';

describe('stable-token requests', () => {
  it('a stable-token is requested by POST with JSON and a Content-Length', async () => {
    const { url, seen } = await saying(GOOD);
    await asking('stable-token', url).fetch();
    expect(seen).toHaveLength(1);
    const [{ method, target, headers, body } = { headers: {}, body: '' }] = seen;
    expect({ method, target }).toEqual({ method: 'POST', target: '/cgi-bin/stable_token' });
    expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
    expect(headers).not.toHaveProperty('transfer-encoding');
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual({
      grant_type: 'client_credential',
      appid: APPID,
      secret: SECRET,
      force_refresh: false,
    });
  });

  it('a forced stable-token request sets force_refresh to true', async () => {
    const { url, seen } = await saying(GOOD);
    await asking('stable-token', url).fetch({ forced: true });
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ force_refresh: true });
  });
});

describe('access-token requests', () => {
  it('an access-token is requested by GET with the AppSecret in the query', async () => {
    const { url, seen } = await saying(GOOD);
    await asking('access-token', url).fetch();
    expect(seen).toHaveLength(1);
    const [{ method, target, headers, body } = { target: '', headers: {} }] = seen;
    expect({ method, body }).toEqual({ method: 'GET', body: '' });
    const { pathname, searchParams } = new URL(target, url);
    expect(pathname).toBe('/cgi-bin/token');
    expect(Object.fromEntries(searchParams)).toEqual({
      grant_type: 'client_credential',
      appid: APPID,
      secret: SECRET,
    });
    expect(target).not.toMatch(/["'<> ]/);
    for (const name of ['content-length', 'transfer-encoding', 'content-type']) {
      expect(headers).not.toHaveProperty(name);
    }
  });
});

describe('requests of a service provider and of a QQ bot', () => {
  it('a wecom-provider is requested by POST, and its token is read from provider_access_token', async () => {
    const { url, seen } = await saying(JSON.stringify({ provider_access_token: TOKEN, expires_in: 7200 }));
    const { value, expiresIn } = await asking('wecom-provider', url).fetch();
    expect(value.reveal()).toBe(TOKEN);
    expect(expiresIn).toBe(7200);
    expect(seen.map(({ method, target }) => ({ method, target }))).toEqual([
      { method: 'POST', target: '/cgi-bin/service/get_provider_token' },
    ]);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ corpid: APPID, provider_secret: SECRET });
  });

  it('an answer without the field of its own type is none, whatever other token it holds', async () => {
    const { url } = await saying(GOOD);
    expect(judged(await asking('wecom-provider', url).failure())).toBe('odd-answer, unknown');
  });

  it('a qq-bot is requested with JSON, and its life may be a string of digits', async () => {
    const { url, seen } = await saying(JSON.stringify({ access_token: TOKEN, expires_in: '7200' }));
    const { value, expiresIn } = await asking('qq-bot', url).fetch();
    expect(value.reveal()).toBe(TOKEN);
    expect(expiresIn).toBe(7200);
    expect(seen.map(({ method, target }) => ({ method, target }))).toEqual([
      { method: 'POST', target: '/app/getAppAccessToken' },
    ]);
    expect(seen[0]?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ appId: APPID, clientSecret: SECRET });
  });

  it.each([
    [100_016, 'refused', true],
    [100_007, 'refused', undefined],
    [100_002, 'passing', undefined],
    [123_456, 'passing', undefined],
  ] as const)('code %i of QQ is %s', async (code, failureClass, blamesSecret) => {
    const { url } = await saying(JSON.stringify({ code, message: `no, ${SECRET} is wrong` }), 400);
    const { failure } = await asking('qq-bot', url).failure();
    expect(failure).toMatchObject({ code: `qq-${code}`, errcode: code, class: failureClass, effect: 'none' });
    expect(failure.blamesSecret).toBe(blamesSecret);
  });
});

describe('all requests', () => {
  it.each(['stable-token', 'access-token', 'wecom'] as const)(
    'the %s request is sent only if its permit still holds at the last moment',
    async (type) => {
      const { url, seen } = await saying(GOOD);
      const asker = asking(type, url);
      const { failure } = await asker.failure({ permit: () => false });
      expect(failure.effect).toBe('unsent');
      expect(seen).toHaveLength(0);
      await asker.fetch({ permit: () => true });
      expect(seen).toHaveLength(1);
    },
  );

  it.each(['stable-token', 'access-token'] as const)(
    'the %s request names its user agent and asks for uncached JSON',
    async (type) => {
      const { url, seen } = await saying(GOOD);
      await asking(type, url).fetch();
      expect(seen[0]?.headers).toMatchObject({
        host: new URL(url).host,
        accept: 'application/json',
        'cache-control': 'no-cache',
        'user-agent': expect.stringMatching(/^wx-token-sidecar\/\d+\.\d+\.\d+/),
        connection: 'close',
      });
      expect(seen[0]?.headers).not.toHaveProperty('accept-encoding');
    },
  );

  it.each([
    ['', '/cgi-bin/stable_token'],
    ['/', '/cgi-bin/stable_token'],
    ['/wechat', '/wechat/cgi-bin/stable_token'],
    ['/wechat//', '/wechat/cgi-bin/stable_token'],
    ['/a/b%20c', '/a/b%20c/cgi-bin/stable_token'],
  ])('a request keeps the path %j of the base URL', async (prefix, target) => {
    const { url, seen } = await saying(GOOD);
    await asking('stable-token', `${url}${prefix}`).fetch();
    expect(seen.map((request) => request.target)).toEqual([target]);
  });

  it('each request opens a connection of its own', async () => {
    const server = await saying(GOOD);
    const { fetch } = asking('stable-token', server.url);
    await fetch();
    await fetch();
    expect(server.connections()).toBe(2);
  });

  it('each request reads the AppSecret anew', async () => {
    const { url, seen } = await saying(GOOD);
    const secrets = ['the-first-secret', 'the-second-secret'];
    const secret = async () => new Secret(secrets.shift() ?? '');
    const { fetch } = asking('stable-token', url, { secret });
    await fetch();
    await fetch();
    expect(seen.map(({ body }) => JSON.parse(body).secret)).toEqual([
      'the-first-secret',
      'the-second-secret',
    ]);
  });

  it('no request is sent when the AppSecret cannot be read', async () => {
    const { url, seen } = await saying(GOOD);
    const unusable = new EdgeError({
      class: 'passing',
      code: 'secret-unusable',
      message: 'the secret file is empty',
      zh: { message: 'the secret file is empty' },
      effect: 'unsent',
      backoff: PASSING,
    });
    const secret = () => Promise.reject(unusable);
    expect(judged(await asking('stable-token', url, { secret }).failure())).toBe('secret-unusable, unsent');
    expect(seen).toEqual([]);
  });
});

describe('parsed answer', () => {
  it('an answer yields the token, its lifetime and the platform time', async () => {
    const { url } = await saying(GOOD, 200, { date: 'Thu, 01 Jan 2026 00:00:00 GMT' });
    const { value, ...rest } = await asking('access-token', url).fetch();
    expect(value.reveal()).toBe(TOKEN);
    expect(rest).toEqual({ expiresIn: 7200, platformDate: Date.UTC(2026, 0, 1) });
  });

  it('an answer with an invalid Date header yields no platform time', async () => {
    const { url } = await saying(GOOD, 200, { date: 'yesterday' });
    expect(await asking('access-token', url).fetch()).not.toHaveProperty('platformDate');
  });
});
