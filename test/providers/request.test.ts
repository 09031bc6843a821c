import { describe, expect, it } from 'vitest';
import { EdgeError, PASSING } from '../../src/core/failure.ts';
import { Secret } from '../../src/core/secret.ts';
import { APPID, asking, GOOD, judged, SECRET, TOKEN } from './asking.ts';
import { saying } from './servers.ts';

describe('a stable token is asked for', () => {
  it('by a POST of JSON that says its length, since WeChat answers a chunked one with 412', async () => {
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

  it('by force only when that was said', async () => {
    const { url, seen } = await saying(GOOD);
    await asking('stable-token', url).fetch({ forced: true });
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ force_refresh: true });
  });
});

describe('an access token is asked for', () => {
  it('by a GET without a body, whose query says the very secret', async () => {
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

describe('every request', () => {
  it.each(['stable-token', 'access-token', 'wecom'] as const)(
    'for a %s is sent with a permit of the last moment, or not at all',
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
    'for a %s says who asks, and what it wants',
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
  ])('keeps the path of the base URL: %j', async (prefix, target) => {
    const { url, seen } = await saying(GOOD);
    await asking('stable-token', `${url}${prefix}`).fetch();
    expect(seen.map((request) => request.target)).toEqual([target]);
  });

  it('makes a connection of its own, so that none is lost on one that has just died', async () => {
    const server = await saying(GOOD);
    const { fetch } = asking('stable-token', server.url);
    await fetch();
    await fetch();
    expect(server.connections()).toBe(2);
  });

  it('reads the secret anew', async () => {
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

  it('is not made without a secret', async () => {
    const { url, seen } = await saying(GOOD);
    const unusable = new EdgeError({
      class: 'passing',
      code: 'secret-unusable',
      message: 'the secret file is empty',
      effect: 'unsent',
      backoff: PASSING,
    });
    const secret = () => Promise.reject(unusable);
    expect(judged(await asking('stable-token', url, { secret }).failure())).toBe('secret-unusable, unsent');
    expect(seen).toEqual([]);
  });
});

describe('the answer', () => {
  it('is the value, its life, and the time on the platform’s own clock', async () => {
    const { url } = await saying(GOOD, 200, { date: 'Thu, 01 Jan 2026 00:00:00 GMT' });
    const { value, ...rest } = await asking('access-token', url).fetch();
    expect(value.reveal()).toBe(TOKEN);
    expect(rest).toEqual({ expiresIn: 7200, platformDate: Date.UTC(2026, 0, 1) });
  });

  it('has no time of the platform’s where its date is none', async () => {
    const { url } = await saying(GOOD, 200, { date: 'yesterday' });
    expect(await asking('access-token', url).fetch()).not.toHaveProperty('platformDate');
  });
});
