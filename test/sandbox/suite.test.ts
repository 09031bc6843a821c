import { describe, expect, it } from 'vitest';
import type { TestSandbox } from '../support/sandbox.ts';
import { atNoon, probe } from './client.ts';

const PROVIDER = { corpId: 'ww0000000000000001', secret: 'p'.repeat(32) };
const SUITE = { suiteId: 'ww1111111111111111', secret: 's'.repeat(32) };
const CORP = 'wpAbCdEf0000000000';

type Body = Readonly<Record<string, unknown>>;

async function withSuite() {
  const sandbox = await atNoon();
  await sandbox.control('POST', '/providers', PROVIDER);
  await sandbox.control('POST', '/suites', { ...SUITE, provider: PROVIDER.corpId });
  const { ticket } = await sandbox.control('POST', `/suites/${SUITE.suiteId}/tickets`);
  return { sandbox, ticket };
}

async function call(sandbox: TestSandbox, name: string, body: Body, token?: unknown): Promise<Body> {
  const query = token === undefined ? '' : `?suite_access_token=${token}`;
  const response = await fetch(`${sandbox.url}/cgi-bin/service/${name}${query}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return JSON.parse(await response.text());
}

function fetchSuite(sandbox: TestSandbox, suite_ticket: unknown, changes: Body = {}) {
  const body = { suite_id: SUITE.suiteId, suite_secret: SUITE.secret, suite_ticket, ...changes };
  return call(sandbox, 'get_suite_token', body);
}

async function withCorp() {
  const { sandbox, ticket } = await withSuite();
  const { suite_access_token: token } = await fetchSuite(sandbox, ticket);
  const { authCode, permanentCode } = await sandbox.control('POST', `/suites/${SUITE.suiteId}/corps`, {
    corpId: CORP,
  });
  const fetchCorp = (changes: Body = {}, presented: unknown = token) =>
    call(
      sandbox,
      'get_corp_token',
      { auth_corpid: CORP, permanent_code: permanentCode, ...changes },
      presented,
    );
  return { sandbox, token, authCode, permanentCode, fetchCorp };
}

describe('get_provider_token', () => {
  it('a provider gets the same token until its end, without an errcode', async () => {
    const { sandbox } = await withSuite();
    const ask = (changes: Body = {}) =>
      call(sandbox, 'get_provider_token', {
        corpid: PROVIDER.corpId,
        provider_secret: PROVIDER.secret,
        ...changes,
      });
    const first = await ask();
    expect(first).toEqual({ provider_access_token: expect.stringMatching(/^[\w-]{214}$/), expires_in: 7200 });
    await sandbox.advance(60_000);
    expect(await ask()).toEqual({ ...first, expires_in: 7140 });
    expect(await ask({ provider_secret: 'wrong' })).toMatchObject({ errcode: 40001 });
    expect(await ask({ corpid: 'ww9999999999999999' })).toMatchObject({ errcode: 40013 });
    await sandbox.control('PATCH', `/providers/${PROVIDER.corpId}`, { whitelist: ['192.0.2.1'] });
    const refused = await ask();
    expect(refused).toMatchObject({ errcode: 60020 });
    expect(refused['errmsg']).toContain('from ip: 127.0.0.1');
  });
});

describe('get_suite_token', () => {
  it('a suite gets the same token for any live ticket', async () => {
    const { sandbox, ticket } = await withSuite();
    const first = await fetchSuite(sandbox, ticket);
    expect(first).toEqual({ suite_access_token: expect.any(String), expires_in: 7200 });
    const { ticket: next } = await sandbox.control('POST', `/suites/${SUITE.suiteId}/tickets`);
    expect(await fetchSuite(sandbox, next)).toEqual(first);
  });

  it('a ticket works for 30 minutes', async () => {
    const { sandbox, ticket } = await withSuite();
    await sandbox.advance(30 * 60_000 - 1);
    expect((await fetchSuite(sandbox, ticket))['errcode']).toBeUndefined();
    await sandbox.advance(1);
    expect(await fetchSuite(sandbox, ticket)).toMatchObject({ errcode: 40085 });
  });

  it('a suite is refused by what is missing or wrong', async () => {
    const { sandbox, ticket } = await withSuite();
    const codeOf = async (changes: Body) => (await fetchSuite(sandbox, ticket, changes))['errcode'];
    expect(await codeOf({ suite_id: '' })).toBe(41021);
    expect(await codeOf({ suite_id: 'ww9' })).toBe(40083);
    expect(await codeOf({ suite_secret: '' })).toBe(41024);
    expect(await codeOf({ suite_secret: 'wrong' })).toBe(40080);
    expect(await codeOf({ suite_ticket: '' })).toBe(41023);
    expect(await codeOf({ suite_ticket: 'invented' })).toBe(40085);
  });
});

describe('corps of a suite', () => {
  it('a code is exchanged once for the permanent code, by v2 without a token', async () => {
    const { sandbox, token, authCode, permanentCode } = await withCorp();
    const exchange = (name: string, auth_code: unknown) => call(sandbox, name, { auth_code }, token);
    expect(await exchange('v2/get_permanent_code', authCode)).toEqual({
      permanent_code: permanentCode,
      auth_corp_info: { corpid: CORP },
    });
    expect(await exchange('get_permanent_code', authCode)).toMatchObject({ errcode: 40078 });
  });

  it('a corp gets the same token until its end, and tickets with it', async () => {
    const { sandbox, token, fetchCorp } = await withCorp();
    const first = await fetchCorp();
    expect(first).toEqual({ access_token: expect.any(String), expires_in: 7200 });
    expect(await fetchCorp()).toEqual(first);
    expect(await probe(sandbox, String(first['access_token']))).toBe('alive');
    const ticketWith = async (value: unknown) => {
      const response = await fetch(`${sandbox.url}/cgi-bin/get_jsapi_ticket?access_token=${value}`);
      return JSON.parse(await response.text());
    };
    expect(await ticketWith(first['access_token'])).toMatchObject({ errcode: 0 });
    expect(await ticketWith(token)).toMatchObject({ errcode: 40014 });
  });

  it('a corp id is case-sensitive, a permanent code belongs to its suite, and a suite token can be wrong or expired', async () => {
    const { sandbox, fetchCorp, token } = await withCorp();
    expect(await fetchCorp({ auth_corpid: CORP.toLowerCase() })).toMatchObject({ errcode: 40013 });
    expect(await fetchCorp({ permanent_code: 'wrong' })).toMatchObject({ errcode: 40084 });
    expect(await fetchCorp({ permanent_code: '' })).toMatchObject({ errcode: 41025 });
    expect(await fetchCorp({}, 'an-invented-suite-token')).toMatchObject({ errcode: 40082 });
    await sandbox.advance(7_200_000);
    expect(await fetchCorp({}, token)).toMatchObject({ errcode: 42009 });
  });

  it('the app that a provider builds for one corp gets its token as an app of that corp does', async () => {
    const { sandbox } = await withSuite();
    const template = 'dk1111111111111111';
    await sandbox.control('POST', '/suites', { ...SUITE, suiteId: template, provider: PROVIDER.corpId });
    const { permanentCode } = await sandbox.control('POST', `/suites/${template}/corps`, { corpId: CORP });
    const ask = async (corpid: string, corpsecret: unknown) => {
      const query = new URLSearchParams({ corpid, corpsecret: String(corpsecret) });
      return JSON.parse(await (await fetch(`${sandbox.url}/cgi-bin/gettoken?${query}`)).text());
    };
    const first = await ask(CORP, permanentCode);
    expect(first).toMatchObject({ errcode: 0, expires_in: 7200 });
    expect(await ask(CORP, permanentCode)).toEqual(first);
    expect(await ask(CORP.toLowerCase(), permanentCode)).toMatchObject({ errcode: 40013 });
    await sandbox.control('PATCH', `/suites/${template}/corps/${CORP}`, { resetPermanentCode: true });
    expect((await ask(CORP, permanentCode))['errcode']).toBeGreaterThan(0);
  });

  it('a corp that cancels ends its token, and one that resets its permanent code needs the new one', async () => {
    const { sandbox, fetchCorp } = await withCorp();
    const path = `/suites/${SUITE.suiteId}/corps/${CORP}`;
    const { access_token } = await fetchCorp();
    await sandbox.control('PATCH', path, { resetPermanentCode: true });
    expect(await fetchCorp()).toMatchObject({ errcode: 40084 });
    const { permanentCode } = await sandbox.control('POST', `/suites/${SUITE.suiteId}/corps`, {
      corpId: CORP,
    });
    expect((await fetchCorp({ permanent_code: permanentCode }))['errcode']).toBeUndefined();
    await sandbox.control('DELETE', path);
    expect(await probe(sandbox, String(access_token))).toBe(40014);
    expect(await fetchCorp({ permanent_code: permanentCode })).toMatchObject({ errcode: 40084 });
  });
});

describe('getAppAccessToken', () => {
  it('a bot gets the same token until its last minute, when the next one is handed out and the old one is told no more', async () => {
    const sandbox = await atNoon();
    const bot = { appId: '102000000', secret: 'b'.repeat(32) };
    await sandbox.control('POST', '/bots', bot);
    const ask = async (clientSecret: string) => {
      const response = await fetch(`${sandbox.url}/app/getAppAccessToken`, {
        method: 'POST',
        body: JSON.stringify({ appId: bot.appId, clientSecret }),
      });
      return JSON.parse(await response.text());
    };
    const first = await ask(bot.secret);
    expect(first).toEqual({ access_token: expect.any(String), expires_in: '7200' });
    await sandbox.advance(7_200_000 - 60_001);
    expect(await ask(bot.secret)).toEqual({ access_token: first.access_token, expires_in: '60' });
    await sandbox.advance(1);
    const next = await ask(bot.secret);
    expect(next.expires_in).toBe('7200');
    expect(next.access_token).not.toBe(first.access_token);
    expect(await ask('wrong')).toEqual({ code: 100_007, message: 'invalid appid or secret' });
    // Another company's platform, which knows nothing of bots: as for any token that it has not made.
    expect(await probe(sandbox, next.access_token)).toBe(40001);
  });
});
