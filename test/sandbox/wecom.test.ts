import { describe, expect, it } from 'vitest';
import { createPlatform } from '../../src/sandbox/platform.ts';
import type { TestSandbox } from '../support/sandbox.ts';
import { atNoon, fetchClassic, get, NOON, probe, SECOND } from './client.ts';

const CORP = 'ww0000000000000000';
const accounts = [
  { appId: CORP, secret: 'bot' },
  { appId: CORP, secret: 'contacts' },
  { appId: 'ww1111111111111111', secret: 'foreign' },
];

function gettoken(sandbox: TestSandbox, corpsecret = 'bot', corpid = CORP) {
  return get(sandbox, '/cgi-bin/gettoken', { corpid, corpsecret });
}

describe('WeCom token endpoint', () => {
  it('a WeCom token is handed out unchanged until its end, then a new one', async () => {
    const sandbox = await atNoon({ accounts });
    const first = await gettoken(sandbox);
    expect(first).toEqual({ errcode: 0, errmsg: 'ok', access_token: expect.any(String), expires_in: 7200 });
    await sandbox.advance(7199.5 * SECOND);
    expect(await gettoken(sandbox)).toEqual({ ...first, expires_in: 0 });
    await sandbox.advance(0.5 * SECOND);
    const next = await gettoken(sandbox);
    expect(next.access_token).not.toBe(first.access_token);
    expect(await probe(sandbox, first.access_token)).toBe(42001);
    expect(await probe(sandbox, next.access_token)).toBe('alive');
  });

  it('each secret of a corp has a token of its own', async () => {
    const sandbox = await atNoon({ accounts });
    const bot = await gettoken(sandbox, 'bot');
    const contacts = await gettoken(sandbox, 'contacts');
    expect(contacts.access_token).not.toBe(bot.access_token);
    expect(await probe(sandbox, bot.access_token)).toBe('alive');
    expect(await probe(sandbox, contacts.access_token)).toBe('alive');
  });

  it('a new WeCom token is handed out at once after an early invalidation', async () => {
    const sandbox = await atNoon({ accounts });
    const old = await gettoken(sandbox);
    await sandbox.account(CORP).patch({ killTokens: true });
    expect(await probe(sandbox, old.access_token)).toBe(40014);
    expect((await gettoken(sandbox)).access_token).not.toBe(old.access_token);
  });

  it('wrong parameters are refused with the codes and words of WeCom', async () => {
    const sandbox = await atNoon({ accounts });
    expect((await gettoken(sandbox, 'bot', '')).errcode).toBe(41002);
    expect((await gettoken(sandbox, '')).errcode).toBe(41004);
    expect((await gettoken(sandbox, 'bot', 'ww2222222222222222')).errcode).toBe(40013);
    expect((await gettoken(sandbox, 'foreign')).errcode).toBe(40091);
    const refused = await gettoken(sandbox, 'wrong');
    expect(refused.errcode).toBe(40001);
    expect(refused.errmsg).toMatch(
      /^invalid credential, hint: \[\d+\], from ip: 127\.0\.0\.1, more info at https:\/\/\S+\?e=40001$/,
    );
  });

  it('a WeCom caller is blocked for an hour after 2000 failing calls within an hour', () => {
    const platform = createPlatform({ accounts });
    const call = (corpsecret: string, now: number, ip = '192.0.2.1') => {
      const query = { corpid: CORP, corpsecret };
      return platform.handle({ method: 'GET', path: '/cgi-bin/gettoken', query, body: '', ip }, now).trace
        .errcode;
    };
    for (let failures = 0; failures < 1999; failures += 1) expect(call('wrong', NOON)).toBe(40001);
    expect(call('bot', NOON)).toBe(0);
    expect(call('wrong', NOON)).toBe(40001);
    expect(call('bot', NOON)).toBe(45009);
    expect(call('bot', NOON, '192.0.2.2')).toBe(0);
    expect(call('bot', NOON + 3599 * SECOND)).toBe(45009);
    expect(call('bot', NOON + 3600 * SECOND)).toBe(0);
  });

  it('a WeCom caller whose failures are spread over hours is not blocked', () => {
    const platform = createPlatform({ accounts });
    const query = { corpid: CORP, corpsecret: 'wrong' };
    const request = { method: 'GET', path: '/cgi-bin/gettoken', query, body: '', ip: '192.0.2.1' };
    for (let failures = 0; failures < 4000; failures += 1) {
      expect(platform.handle(request, NOON + failures * 2 * SECOND).trace.errcode).toBe(40001);
    }
  });

  it('the trusted addresses of a corp apply to business calls, not to token fetches', async () => {
    const sandbox = await atNoon({ accounts });
    await sandbox.account(CORP).patch({ whitelist: ['192.0.2.1'] });
    const { errcode, access_token } = await gettoken(sandbox);
    expect(errcode).toBe(0);
    expect(await probe(sandbox, access_token)).toBe(60020);
  });

  it('a disabled corp is refused with 50003 and a banned one with 48004', async () => {
    const sandbox = await atNoon({ accounts });
    await sandbox.account(CORP).patch({ frozen: true });
    expect((await gettoken(sandbox)).errcode).toBe(50003);
    await sandbox.account(CORP).patch({ frozen: false, apiBanned: true });
    expect((await gettoken(sandbox)).errcode).toBe(48004);
  });

  it('the fetches of all secrets of a corp are counted together', async () => {
    const sandbox = await atNoon({ accounts });
    await gettoken(sandbox, 'bot');
    await gettoken(sandbox, 'contacts');
    expect(await sandbox.account(CORP).counters()).toMatchObject({ appId: CORP, fetchesToday: 2 });
  });
});

describe('WeCom ticket endpoints', () => {
  const corpTicket = (sandbox: TestSandbox, access_token: string) =>
    get(sandbox, '/cgi-bin/get_jsapi_ticket', { access_token });
  const agentTicket = (sandbox: TestSandbox, access_token: string) =>
    get(sandbox, '/cgi-bin/ticket/get', { access_token, type: 'agent_config' });

  it('a corp has one corp ticket and each app its own agent ticket until they end', async () => {
    const sandbox = await atNoon({ accounts });
    const bot = await gettoken(sandbox, 'bot');
    const contacts = await gettoken(sandbox, 'contacts');
    const ticket = await corpTicket(sandbox, bot.access_token);
    expect(ticket).toEqual({ errcode: 0, errmsg: 'ok', ticket: expect.any(String), expires_in: 7200 });
    expect(await corpTicket(sandbox, contacts.access_token)).toEqual(ticket);

    const agent = await agentTicket(sandbox, bot.access_token);
    expect(agent.ticket).not.toBe(ticket.ticket);
    expect((await agentTicket(sandbox, contacts.access_token)).ticket).not.toBe(agent.ticket);

    await sandbox.advance(7200 * SECOND);
    const renewed = await gettoken(sandbox, 'bot');
    expect((await corpTicket(sandbox, renewed.access_token)).ticket).not.toBe(ticket.ticket);
    expect((await agentTicket(sandbox, renewed.access_token)).ticket).not.toBe(agent.ticket);
  });

  it('a token of the wrong platform is refused by the ticket endpoints', async () => {
    const official = { appId: 'wx0000000000000000', secret: '0'.repeat(32) };
    const sandbox = await atNoon({ accounts: [official, ...accounts] });
    const { access_token } = await fetchClassic(sandbox);
    expect((await corpTicket(sandbox, access_token)).errcode).toBe(40014);
    expect((await corpTicket(sandbox, 'made-up-token-of-no-one')).errcode).toBe(40014);
    const bot = await gettoken(sandbox);
    const query = { access_token: bot.access_token, type: 'jsapi' };
    expect((await get(sandbox, '/cgi-bin/ticket/getticket', query)).errcode).toBe(40001);
    expect((await get(sandbox, '/cgi-bin/ticket/get', query)).errcode).toBe(40097);
  });

  it('an app may fetch 100 tickets an hour and is then refused with 45009', async () => {
    const sandbox = await atNoon({ accounts });
    const { access_token } = await gettoken(sandbox);
    for (let calls = 0; calls < 100; calls += 1)
      expect((await corpTicket(sandbox, access_token)).errcode).toBe(0);
    expect((await agentTicket(sandbox, access_token)).errcode).toBe(45009);
    await sandbox.advance(3600 * SECOND);
    expect((await agentTicket(sandbox, access_token)).errcode).toBe(0);
  });

  it('a corp may fetch 400 tickets an hour over all its apps', async () => {
    const apps = ['one', 'two', 'three', 'four', 'five'].map((secret) => ({ appId: CORP, secret }));
    const platform = createPlatform({ accounts: apps });
    const call = (path: string, query: Record<string, string>) =>
      platform.handle({ method: 'GET', path, query, body: '', ip: '127.0.0.1' }, NOON).trace;
    const tokens = apps.map(
      ({ secret }) => call('/cgi-bin/gettoken', { corpid: CORP, corpsecret: secret }).token,
    );
    const fetchTickets = (token: string | null | undefined, times: number) =>
      Array.from(
        { length: times },
        () => call('/cgi-bin/get_jsapi_ticket', { access_token: token ?? '' }).errcode,
      );
    for (const token of tokens.slice(0, 4)) expect(new Set(fetchTickets(token, 100))).toEqual(new Set([0]));
    expect(fetchTickets(tokens[4], 1)).toEqual([45009]);
  });
});
