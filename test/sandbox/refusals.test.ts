import { describe, expect, it } from 'vitest';
import { timeOfRid } from '../../src/core/rid.ts';
import { TEST_ACCOUNT, type TestSandbox } from '../support/sandbox.ts';
import { atNoon, fetchClassic, fetchStable, get, NOON, type PlatformBody, probe } from './client.ts';

type Fetch = (sandbox: TestSandbox, changes?: Readonly<Record<string, string>>) => Promise<PlatformBody>;

const endpoints: [name: string, fetchToken: Fetch][] = [
  ['classic', fetchClassic],
  ['stable', fetchStable],
];

describe.each(endpoints)('%s token endpoint', (_name, fetchToken) => {
  it(`the ${_name} endpoint refuses a missing appid with 41002 and a missing secret with 41004`, async () => {
    const sandbox = await atNoon();
    expect((await fetchToken(sandbox, { appid: '' })).errcode).toBe(41002);
    expect((await fetchToken(sandbox, { secret: '' })).errcode).toBe(41004);
  });

  it(`the ${_name} endpoint refuses an unknown appid with 40013, whatever else is wrong`, async () => {
    const sandbox = await atNoon();
    const changes = { appid: 'wx1111111111111111', secret: 'x', grant_type: '' };
    expect((await fetchToken(sandbox, changes)).errcode).toBe(40013);
  });

  it(`the ${_name} endpoint refuses a wrong secret with 40125 and a wrong grant_type with 40002`, async () => {
    const sandbox = await atNoon();
    expect((await fetchToken(sandbox, { secret: 'wrong' })).errcode).toBe(40125);
    expect((await fetchToken(sandbox, { grant_type: 'password' })).errcode).toBe(40002);
  });

  it(`the ${_name} endpoint refuses with an errcode and an errmsg that ends in a request id`, async () => {
    const refused = await fetchToken(await atNoon(), { secret: 'wrong' });
    expect(refused).toEqual({
      errcode: 40125,
      errmsg: expect.stringMatching(/^invalid appsecret rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/),
    });
  });

  it(`a request id of the ${_name} endpoint begins with the second of the request`, async () => {
    const { errmsg = '' } = await fetchToken(await atNoon(), { secret: 'wrong' });
    expect(timeOfRid(errmsg.split('rid: ')[1] ?? '')).toBe(NOON);
  });

  it(`the ${_name} endpoint refuses a frozen secret with 40243, but a wrong one with 40125`, async () => {
    const sandbox = await atNoon();
    await sandbox.account().patch({ frozen: true });
    expect((await fetchToken(sandbox)).errcode).toBe(40243);
    expect((await fetchToken(sandbox, { secret: 'wrong' })).errcode).toBe(40125);
    await sandbox.account().patch({ frozen: false });
    expect((await fetchToken(sandbox)).errcode).toBeUndefined();
  });

  it(`the ${_name} endpoint refuses the old secret after a reset while live tokens live on`, async () => {
    const sandbox = await atNoon();
    const { access_token } = await fetchToken(sandbox);
    await sandbox.account().patch({ secret: 'another' });
    expect((await fetchToken(sandbox)).errcode).toBe(40125);
    expect((await fetchToken(sandbox, { secret: 'another' })).errcode).toBeUndefined();
    expect(await probe(sandbox, access_token)).toBe('alive');
  });

  it(`the ${_name} endpoint refuses an address off the whitelist with 40164 and names the address`, async () => {
    const sandbox = await atNoon();
    await sandbox.account().patch({ whitelist: ['192.0.2.1', '198.51.100.0/24'] });
    const { errcode, errmsg } = await fetchToken(sandbox);
    expect(errcode).toBe(40164);
    expect(errmsg).toMatch(
      /^invalid ip 127\.0\.0\.1 ipv6 ::ffff:127\.0\.0\.1, not in whitelist rid: [\da-f-]{26}$/,
    );
  });

  it(`the ${_name} endpoint accepts whitelisted addresses and ranges, and any address without a whitelist`, async () => {
    const sandbox = await atNoon();
    for (const whitelist of [['127.0.0.1'], ['192.0.2.1', '127.0.0.0/8'], null]) {
      await sandbox.account().patch({ whitelist });
      expect((await fetchToken(sandbox)).errcode).toBeUndefined();
    }
    await sandbox.account().patch({ whitelist: [] });
    expect((await fetchToken(sandbox)).errcode).toBe(40164);
  });

  it(`the ${_name} endpoint refuses a banned account with 50004, whose tokens get 48004`, async () => {
    const sandbox = await atNoon();
    const { access_token } = await fetchToken(sandbox);
    await sandbox.account().patch({ apiBanned: true });
    expect((await fetchToken(sandbox)).errcode).toBe(50004);
    expect(await probe(sandbox, access_token)).toBe(48004);
  });
});

describe('business calls', () => {
  it('a business call with a live token lists addresses without an errcode', async () => {
    const sandbox = await atNoon();
    for (const { access_token } of [await fetchClassic(sandbox), await fetchStable(sandbox)]) {
      for (const path of ['/cgi-bin/getcallbackip', '/cgi-bin/get_api_domain_ip']) {
        const answer = await get(sandbox, path, { access_token });
        expect(Object.keys(answer)).toEqual(['ip_list']);
        expect(answer.ip_list?.length).toBeGreaterThan(0);
      }
    }
  });

  it('a missing token is refused with 41001, a malformed one with 40014, an unknown one with 40001', async () => {
    const sandbox = await atNoon();
    expect(await probe(sandbox, '')).toBe(41001);
    expect(await probe(sandbox, '<html>')).toBe(40014);
    const unknown = await get(sandbox, '/cgi-bin/getcallbackip', { access_token: `84_${'x'.repeat(133)}` });
    expect(unknown.errcode).toBe(40001);
    expect(unknown.errmsg).toMatch(/access_token is invalid or not latest/);
  });

  it('an early invalidation kills all tokens of an account, and the next fetch brings a new one', async () => {
    const sandbox = await atNoon();
    const classic = await fetchClassic(sandbox);
    const stable = await fetchStable(sandbox);
    await sandbox.account().patch({ killTokens: true });
    expect(await probe(sandbox, classic.access_token)).toBe(40001);
    expect(await probe(sandbox, stable.access_token)).toBe(40001);
    const renewed = await fetchStable(sandbox);
    expect(renewed.access_token).not.toBe(stable.access_token);
    expect(await probe(sandbox, renewed.access_token)).toBe('alive');
  });

  it('the fetches and secrets of one account do not affect another account', async () => {
    const other = { appId: 'wx1111111111111111', secret: '1'.repeat(32) };
    const sandbox = await atNoon({ accounts: [TEST_ACCOUNT, other] });
    const first = await fetchClassic(sandbox);
    const changes = { appid: other.appId, secret: other.secret };
    for (let fetches = 0; fetches < 3; fetches += 1) await fetchClassic(sandbox, changes);
    expect(await probe(sandbox, first.access_token)).toBe('alive');
    expect((await fetchClassic(sandbox, { secret: other.secret })).errcode).toBe(40125);
  });
});
