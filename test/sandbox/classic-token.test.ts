import { describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { atNoon, fetchClassic, NOON, post, probe, SECOND } from './client.ts';

describe('classic token endpoint', () => {
  it('each classic fetch gets a new token without an errcode', async () => {
    const sandbox = await atNoon();
    const first = await fetchClassic(sandbox);
    const second = await fetchClassic(sandbox);
    expect(Object.keys(first)).toEqual(['access_token', 'expires_in']);
    expect(first.expires_in).toBe(7200);
    expect(second.access_token).not.toBe(first.access_token);
  });

  it('a classic token has 136 characters: digits, an underscore and URL-safe characters', async () => {
    const { access_token } = await fetchClassic(await atNoon());
    expect(access_token).toMatch(/^\d+_[\w-]+$/);
    expect(access_token).toHaveLength(136);
  });

  it('a classic fetch by POST takes its parameters from the JSON body', async () => {
    const { appId, secret } = TEST_ACCOUNT;
    const body = { grant_type: 'client_credential', appid: appId, secret };
    const { access_token } = await post(await atNoon(), '/cgi-bin/token', body);
    expect(access_token).toMatch(/^\d+_/);
  });

  it('a replaced classic token lives on for the overlap and is then refused with 40001', async () => {
    const sandbox = await atNoon({ overlap: 300 });
    const old = await fetchClassic(sandbox);
    const current = await fetchClassic(sandbox);
    await sandbox.advance(299 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe('alive');
    await sandbox.advance(1 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe(40001);
    expect(await probe(sandbox, current.access_token)).toBe('alive');
  });

  it('a replaced classic token does not outlive its own end', async () => {
    const sandbox = await atNoon();
    const old = await fetchClassic(sandbox);
    await sandbox.advance(7100 * SECOND);
    await fetchClassic(sandbox);
    await sandbox.advance(99 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe('alive');
    await sandbox.advance(1 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe(42001);
  });

  it('a third classic fetch kills the first token at once, even within the overlap', async () => {
    const sandbox = await atNoon();
    const first = await fetchClassic(sandbox);
    const second = await fetchClassic(sandbox);
    const third = await fetchClassic(sandbox);
    expect(await probe(sandbox, first.access_token)).toBe(40001);
    expect(await probe(sandbox, second.access_token)).toBe('alive');
    expect(await probe(sandbox, third.access_token)).toBe('alive');
  });

  it('a classic token that was never replaced expires with 42001', async () => {
    const sandbox = await atNoon({ tokenTtl: 60 });
    const { access_token } = await fetchClassic(sandbox);
    await sandbox.advance(60 * SECOND);
    expect(await probe(sandbox, access_token)).toBe(42001);
  });

  it('classic fetches beyond the daily quota are refused with 45009 until midnight in China', async () => {
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

  it('a fractional token lifetime is rounded down to whole seconds', async () => {
    const sandbox = await atNoon({ tokenTtl: 2.5 });
    expect((await fetchClassic(sandbox)).expires_in).toBe(2);
  });
});
