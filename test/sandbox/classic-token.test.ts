import { describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { atNoon, fetchClassic, NOON, post, probe, SECOND } from './client.ts';

describe('the classic token endpoint', () => {
  it('hands out a new token with each fetch, and no errcode with it', async () => {
    const sandbox = await atNoon();
    const first = await fetchClassic(sandbox);
    const second = await fetchClassic(sandbox);
    expect(Object.keys(first)).toEqual(['access_token', 'expires_in']);
    expect(first.expires_in).toBe(7200);
    expect(second.access_token).not.toBe(first.access_token);
  });

  it('hands out tokens of digits, an underscore and URL-safe characters, 136 in all', async () => {
    const { access_token } = await fetchClassic(await atNoon());
    expect(access_token).toMatch(/^\d+_[\w-]+$/);
    expect(access_token).toHaveLength(136);
  });

  it('takes the parameters of a POST from its JSON body', async () => {
    const { appId, secret } = TEST_ACCOUNT;
    const body = { grant_type: 'client_credential', appid: appId, secret };
    const { access_token } = await post(await atNoon(), '/cgi-bin/token', body);
    expect(access_token).toMatch(/^\d+_/);
  });

  it('keeps the replaced token alive for the overlap, then refuses it with 40001', async () => {
    const sandbox = await atNoon({ overlap: 300 });
    const old = await fetchClassic(sandbox);
    const current = await fetchClassic(sandbox);
    await sandbox.advance(299 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe('alive');
    await sandbox.advance(1 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe(40001);
    expect(await probe(sandbox, current.access_token)).toBe('alive');
  });

  it('never keeps a replaced token alive beyond its own end', async () => {
    const sandbox = await atNoon();
    const old = await fetchClassic(sandbox);
    await sandbox.advance(7100 * SECOND);
    await fetchClassic(sandbox);
    await sandbox.advance(99 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe('alive');
    await sandbox.advance(1 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe(42001);
  });

  it('kills the first of three tokens at once, within the overlap too', async () => {
    const sandbox = await atNoon();
    const first = await fetchClassic(sandbox);
    const second = await fetchClassic(sandbox);
    const third = await fetchClassic(sandbox);
    expect(await probe(sandbox, first.access_token)).toBe(40001);
    expect(await probe(sandbox, second.access_token)).toBe('alive');
    expect(await probe(sandbox, third.access_token)).toBe('alive');
  });

  it('lets a token that nobody replaced end of age with 42001', async () => {
    const sandbox = await atNoon({ tokenTtl: 60 });
    const { access_token } = await fetchClassic(sandbox);
    await sandbox.advance(60 * SECOND);
    expect(await probe(sandbox, access_token)).toBe(42001);
  });

  it('refuses with 45009 once the daily quota is used up, until midnight in China', async () => {
    const sandbox = await atNoon({ dailyQuota: 2 });
    await fetchClassic(sandbox);
    await fetchClassic(sandbox);
    expect(await fetchClassic(sandbox)).toMatchObject({
      errcode: 45009,
      errmsg: expect.stringMatching(/daily quota.*getStableAccessToken/),
    });
    expect(await sandbox.account().counters()).toMatchObject({ fetchesToday: 2, dailyQuota: 2 });

    const midnight = Date.parse('2024-05-02T00:00:00+08:00');
    await sandbox.advance(midnight - 1 - NOON);
    expect((await fetchClassic(sandbox)).errcode).toBe(45009);
    await sandbox.advance(1);
    expect((await fetchClassic(sandbox)).errcode).toBeUndefined();
  });

  it('floors fractional lives to whole seconds', async () => {
    const sandbox = await atNoon({ tokenTtl: 2.5 });
    expect((await fetchClassic(sandbox)).expires_in).toBe(2);
  });
});
