import { describe, expect, it } from 'vitest';
import type { TestSandbox } from '../support/sandbox.ts';
import { atNoon, NOON, probe } from './client.ts';

const APPID = 'wx0000000000000001';
const SECRET = 'c'.repeat(32);
const SHOP = 'wx1111111111111111';

type Body = Readonly<Record<string, unknown>>;

/** A sandbox with a component that has had its first ticket. */
async function withComponent() {
  const sandbox = await atNoon();
  await sandbox.control('POST', '/components', { appId: APPID, secret: SECRET });
  return { sandbox, ticket: await nextTicket(sandbox) };
}

async function nextTicket(sandbox: TestSandbox): Promise<string> {
  const { ticket } = await sandbox.control<{ ticket: string }>('POST', `/components/${APPID}/tickets`);
  return ticket;
}

async function call(sandbox: TestSandbox, name: string, body: Body, token?: string): Promise<Body> {
  const query = token === undefined ? '' : `?component_access_token=${token}`;
  const response = await fetch(`${sandbox.url}/cgi-bin/component/${name}${query}`, {
    method: 'POST',
    body: JSON.stringify({ component_appid: APPID, ...body }),
  });
  return JSON.parse(await response.text());
}

function fetchToken(sandbox: TestSandbox, ticket: string, changes: Body = {}) {
  const body = { component_appsecret: SECRET, component_verify_ticket: ticket, ...changes };
  return call(sandbox, 'api_component_token', body);
}

/** A component with a token, and an account that has authorised it. */
async function withAuthorizer({ exchanged = true } = {}) {
  const { sandbox, ticket } = await withComponent();
  const { component_access_token } = await fetchToken(sandbox, ticket);
  const token = String(component_access_token);
  const authorize = async () => {
    const answer = await sandbox.control('POST', `/components/${APPID}/authorizers`, {
      appId: SHOP,
      exchanged,
    });
    return String(answer['authorizationCode']);
  };
  const code = await authorize();
  const refreshTokenOf = async () => {
    const { list } = await call(sandbox, 'api_get_authorizer_list', { offset: 0, count: 500 }, token);
    return (list as Body[])[0]?.['refresh_token'];
  };
  const refresh = (refreshToken: unknown, changes: Body = {}) =>
    call(
      sandbox,
      'api_authorizer_token',
      { authorizer_appid: SHOP, authorizer_refresh_token: refreshToken, ...changes },
      token,
    );
  return { sandbox, ticket, token, code, authorize, refreshTokenOf, refresh };
}

describe('api_component_token', () => {
  it('a component gets a token for its ticket, and may use the ticket again', async () => {
    const { sandbox, ticket } = await withComponent();
    const first = await fetchToken(sandbox, ticket);
    expect(first).toEqual({
      component_access_token: expect.stringMatching(/^[\w-]{136}$/),
      expires_in: 7200,
    });
    expect(await probe(sandbox, String(first['component_access_token']))).toBe('alive');
    expect(await fetchToken(sandbox, ticket)).toMatchObject({ expires_in: 7200 });
  });

  it('a second token ends the first one five minutes later', async () => {
    const { sandbox, ticket } = await withComponent();
    const first = String((await fetchToken(sandbox, ticket))['component_access_token']);
    await fetchToken(sandbox, ticket);
    expect(await probe(sandbox, first)).toBe('alive');
    await sandbox.advance(300_000);
    expect(await probe(sandbox, first)).toBe(40001);
  });

  it('a ticket works for 12 hours and is refused with 61005 after that; an unknown or empty one with 61006', async () => {
    const { sandbox, ticket } = await withComponent();
    await sandbox.advance(12 * 3_600_000 - 1);
    expect((await fetchToken(sandbox, ticket))['errcode']).toBeUndefined();
    await sandbox.advance(1);
    expect(await fetchToken(sandbox, ticket)).toMatchObject({ errcode: 61005 });
    expect(await fetchToken(sandbox, 'ticket@@@invented')).toMatchObject({ errcode: 61006 });
    expect(await fetchToken(sandbox, '')).toMatchObject({ errcode: 61006 });
  });

  it('the ticket of another component is refused with 61006', async () => {
    const { sandbox } = await withComponent();
    const other = { appId: 'wx0000000000000002', secret: SECRET };
    await sandbox.control('POST', '/components', other);
    const { ticket } = await sandbox.control('POST', `/components/${other.appId}/tickets`);
    expect(await fetchToken(sandbox, String(ticket))).toMatchObject({ errcode: 61006 });
  });

  it('an account is no component (61011), an unknown appid is bad (40013), and a secret is wrong (40001) or was reset (40125)', async () => {
    const { sandbox, ticket } = await withComponent();
    const codeOf = async (changes: Body) => (await fetchToken(sandbox, ticket, changes))['errcode'];
    expect(await codeOf({ component_appid: 'wx0000000000000000' })).toBe(61011);
    expect(await codeOf({ component_appid: 'wx9999999999999999' })).toBe(40013);
    expect(await codeOf({ component_appid: '' })).toBe(41018);
    expect(await codeOf({ component_appsecret: '' })).toBe(41004);
    expect(await codeOf({ component_appsecret: 'wrong' })).toBe(40001);
    await sandbox.control('PATCH', `/components/${APPID}`, { secret: 'another' });
    expect(await codeOf({})).toBe(40125);
    expect(await codeOf({ component_appsecret: 'another' })).toBeUndefined();
  });

  it('an address off the whitelist is refused with 61004, which names it', async () => {
    const { sandbox, ticket } = await withComponent();
    await sandbox.control('PATCH', `/components/${APPID}`, { whitelist: ['192.0.2.1'] });
    const { errcode, errmsg } = await fetchToken(sandbox, ticket);
    expect(errcode).toBe(61004);
    expect(errmsg).toMatch(/^access clientip is not registered requestIP: 127\.0\.0\.1 rid: /);
  });

  it('the allowance of a day is counted, and ten times a month it can be cleared', async () => {
    const { sandbox, ticket } = await withComponent();
    await sandbox.control('PATCH', `/components/${APPID}`, { dailyQuota: 1 });
    const clear = () => call(sandbox, 'clear_quota/v2', { appsecret: SECRET });
    await fetchToken(sandbox, ticket);
    expect(await fetchToken(sandbox, ticket)).toMatchObject({ errcode: 45009 });
    for (let clearing = 0; clearing < 10; clearing += 1) expect(await clear()).toMatchObject({ errcode: 0 });
    expect((await fetchToken(sandbox, ticket))['errcode']).toBeUndefined();
    expect(await clear()).toMatchObject({ errcode: 48006 });
    await sandbox.advance(31 * 86_400_000);
    expect(await clear()).toMatchObject({ errcode: 0 });
  });
});

describe('api_start_push_ticket', () => {
  it('it starts what was stopped, and says so when nothing was', async () => {
    const { sandbox } = await withComponent();
    const start = () => call(sandbox, 'api_start_push_ticket', { component_secret: SECRET });
    expect(await start()).toEqual({ errcode: 0, errmsg: 'in a normal state' });
    await sandbox.control('PATCH', `/components/${APPID}`, { pushing: false });
    expect(await start()).toEqual({ errcode: 0, errmsg: 'ok' });
    expect(await sandbox.control('GET', `/components/${APPID}`)).toMatchObject({ pushing: true });
    expect(await call(sandbox, 'api_start_push_ticket', { component_secret: 'wrong' })).toMatchObject({
      errcode: 40001,
    });
  });
});

describe('calls with a component token', () => {
  it('a code is exchanged once, within ten minutes', async () => {
    const { sandbox, token, code, authorize } = await withAuthorizer({ exchanged: false });
    const exchange = (authorization_code: string) =>
      call(sandbox, 'api_query_auth', { authorization_code }, token);
    expect(await exchange(code)).toEqual({
      authorization_info: {
        authorizer_appid: SHOP,
        authorizer_access_token: expect.stringMatching(/^[\w-]{136}$/),
        expires_in: 7200,
        authorizer_refresh_token: expect.stringMatching(/^refreshtoken@@@/),
        func_info: expect.any(Array),
      },
    });
    expect(await exchange(code)).toMatchObject({ errcode: 61010 });
    expect(await exchange('queryauthcode@@@invented')).toMatchObject({ errcode: 61009 });
    const late = await authorize();
    await sandbox.advance(600_000);
    expect(await exchange(late)).toMatchObject({ errcode: 61010 });
  });

  it('the list has no refresh token of an account before its code was exchanged', async () => {
    const { sandbox, token, code, refreshTokenOf } = await withAuthorizer({ exchanged: false });
    expect(await refreshTokenOf()).toBeUndefined();
    await call(sandbox, 'api_query_auth', { authorization_code: code }, token);
    expect(await refreshTokenOf()).toMatch(/^refreshtoken@@@/);
  });

  it('the list comes in pages of at most 500', async () => {
    const { sandbox, token } = await withAuthorizer();
    const page = (offset: unknown, count: unknown) =>
      call(sandbox, 'api_get_authorizer_list', { offset, count }, token);
    expect(await page(0, 500)).toEqual({
      total_count: 1,
      list: [{ authorizer_appid: SHOP, refresh_token: expect.any(String), auth_time: NOON / 1000 }],
    });
    expect(await page(1, 500)).toEqual({ total_count: 1, list: [] });
    for (const count of [501, 0, '1', undefined])
      expect(await page(0, count)).toMatchObject({ errcode: 40170 });
  });

  it('a refresh token is echoed unchanged and works again; another one is refused with 61023', async () => {
    const { refresh, refreshTokenOf, sandbox } = await withAuthorizer();
    const refreshToken = await refreshTokenOf();
    const first = await refresh(refreshToken);
    expect(first).toMatchObject({ expires_in: 7200, authorizer_refresh_token: refreshToken });
    expect(await probe(sandbox, String(first['authorizer_access_token']))).toBe('alive');
    expect((await refresh(refreshToken))['errcode']).toBeUndefined();
    expect(await refresh('refreshtoken@@@other')).toMatchObject({ errcode: 61023 });
    expect(await refresh(refreshToken, { authorizer_appid: 'wx2222222222222222' })).toMatchObject({
      errcode: 61003,
    });
  });

  it.each([
    ['empty', { authorizer_refresh_token: '' }],
    ['absent', {}],
  ] as const)('the echo of a refresh token can be %s, and the token stays the same', async (echo, shown) => {
    const { sandbox, refresh, refreshTokenOf } = await withAuthorizer();
    await sandbox.control('PATCH', `/components/${APPID}`, { echo });
    const before = await refreshTokenOf();
    expect(await refresh(before)).toEqual({
      authorizer_access_token: expect.any(String),
      expires_in: 7200,
      ...shown,
    });
    expect(await refreshTokenOf()).toBe(before);
  });

  it('the echo of a refresh token can be a new one, beside which the old one works for five minutes', async () => {
    const { sandbox, refresh, refreshTokenOf } = await withAuthorizer();
    await sandbox.control('PATCH', `/components/${APPID}`, { echo: 'rotated' });
    const before = await refreshTokenOf();
    const { authorizer_refresh_token } = await refresh(before);
    expect(authorizer_refresh_token).not.toBe(before);
    await sandbox.control('PATCH', `/components/${APPID}`, { echo: 'same' });
    expect((await refresh(before))['errcode']).toBeUndefined();
    await sandbox.advance(300_000);
    expect(await refresh(before)).toMatchObject({ errcode: 61023 });
    expect((await refresh(authorizer_refresh_token))['errcode']).toBeUndefined();
  });

  it('authorising again ends the token at once and changes the refresh token', async () => {
    const { sandbox, refresh, refreshTokenOf, authorize } = await withAuthorizer();
    const before = await refreshTokenOf();
    const { authorizer_access_token } = await refresh(before);
    await authorize();
    expect(await probe(sandbox, String(authorizer_access_token))).toBe(40001);
    expect(await refresh(before)).toMatchObject({ errcode: 61023 });
    expect((await refresh(await refreshTokenOf()))['errcode']).toBeUndefined();
  });

  it('an account that has cancelled is off the list, and neither its token nor its refresh token works', async () => {
    const { sandbox, token, refresh, refreshTokenOf } = await withAuthorizer();
    const before = await refreshTokenOf();
    const { authorizer_access_token } = await refresh(before);
    await sandbox.control('DELETE', `/components/${APPID}/authorizers/${SHOP}`);
    expect(await probe(sandbox, String(authorizer_access_token))).toBe(40001);
    expect(await refresh(before)).toMatchObject({ errcode: 61003 });
    expect(await call(sandbox, 'api_get_authorizer_list', { offset: 0, count: 1 }, token)).toMatchObject({
      total_count: 0,
    });
    expect(await call(sandbox, 'api_get_authorizer_info', { authorizer_appid: SHOP }, token)).toMatchObject({
      errcode: 61003,
    });
  });

  it('a limited account is refused with 50002, and one whose allowance is used up with 45009', async () => {
    const { sandbox, refresh, refreshTokenOf } = await withAuthorizer();
    const refreshToken = await refreshTokenOf();
    const patch = (changes: Body) =>
      sandbox.control('PATCH', `/components/${APPID}/authorizers/${SHOP}`, changes);
    await patch({ limited: true });
    expect(await refresh(refreshToken)).toMatchObject({ errcode: 50002 });
    await patch({ limited: false, dailyQuota: 0 });
    expect(await refresh(refreshToken)).toMatchObject({ errcode: 45009 });
  });

  it('one account tells its refresh token, and gets tickets with its own token alone', async () => {
    const { sandbox, token, refresh, refreshTokenOf } = await withAuthorizer();
    const refreshToken = await refreshTokenOf();
    expect(await call(sandbox, 'api_get_authorizer_info', { authorizer_appid: SHOP }, token)).toMatchObject({
      authorization_info: { authorizer_refresh_token: refreshToken },
    });
    const { authorizer_access_token } = await refresh(refreshToken);
    const ticketWith = async (accessToken: unknown) => {
      const query = `access_token=${accessToken}&type=jsapi`;
      const response = await fetch(`${sandbox.url}/cgi-bin/ticket/getticket?${query}`);
      return JSON.parse(await response.text());
    };
    expect(await ticketWith(authorizer_access_token)).toMatchObject({ errcode: 0, expires_in: 7200 });
    expect(await ticketWith(token)).toMatchObject({ errcode: 61015 });
  });

  it('a component token is refused when it is missing, unknown, expired, or an account token', async () => {
    const { sandbox, token, refresh, refreshTokenOf } = await withAuthorizer();
    const list = async (presented?: string) =>
      (await call(sandbox, 'api_get_authorizer_list', { offset: 0, count: 1 }, presented))['errcode'];
    const { authorizer_access_token } = await refresh(await refreshTokenOf());
    expect(await list()).toBe(41021);
    expect(await list('an-invented-component-token')).toBe(40001);
    expect(await list(String(authorizer_access_token))).toBe(61014);
    await sandbox.advance(7_200_000);
    expect(await list(token)).toBe(42001);
  });
});
