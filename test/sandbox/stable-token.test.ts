import { describe, expect, it } from 'vitest';
import { atNoon, fetchClassic, fetchStable, get, post, probe, SECOND } from './client.ts';

describe('stable token endpoint in normal mode', () => {
  it('a normal stable call gets the same token with the whole seconds that are left', async () => {
    const sandbox = await atNoon();
    const first = await fetchStable(sandbox);
    expect(first).toEqual({ access_token: expect.stringMatching(/^\d+_[\w-]+$/), expires_in: 7200 });
    await sandbox.advance(100.5 * SECOND);
    expect(await fetchStable(sandbox)).toEqual({ access_token: first.access_token, expires_in: 7099 });
  });

  it('a stable call within the rotation window gets a new token while the old one lives on', async () => {
    const sandbox = await atNoon();
    const old = await fetchStable(sandbox);
    await sandbox.advance(6899 * SECOND);
    expect((await fetchStable(sandbox)).access_token).toBe(old.access_token);
    await sandbox.advance(1 * SECOND);
    const fresh = await fetchStable(sandbox);
    expect(fresh.access_token).not.toBe(old.access_token);
    expect(fresh.expires_in).toBe(7200);

    await sandbox.advance(299 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe('alive');
    await sandbox.advance(1 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe(42001);
    expect(await probe(sandbox, fresh.access_token)).toBe('alive');
  });

  it('a stable token that nobody asks for expires without a rotation', async () => {
    const sandbox = await atNoon();
    const old = await fetchStable(sandbox);
    await sandbox.advance(7200 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe(42001);
    expect((await fetchStable(sandbox)).expires_in).toBe(7200);
  });

  it('the rotation window shrinks by default with the lifetime of a token', async () => {
    const sandbox = await atNoon({ tokenTtl: 40 });
    const old = await fetchStable(sandbox);
    await sandbox.advance(29 * SECOND);
    expect((await fetchStable(sandbox)).access_token).toBe(old.access_token);
    await sandbox.advance(1 * SECOND);
    expect((await fetchStable(sandbox)).access_token).not.toBe(old.access_token);
  });

  it('stable calls beyond ten thousand a minute are refused with 45011 until the next minute', async () => {
    const { createPlatform } = await import('../../src/sandbox/platform.ts');
    const account = { appId: 'wx0000000000000001', secret: 'secret' };
    const platform = createPlatform({ accounts: [account] });
    const body = JSON.stringify({
      grant_type: 'client_credential',
      appid: account.appId,
      secret: account.secret,
    });
    const request = { method: 'POST', path: '/cgi-bin/stable_token', query: {}, body, ip: '127.0.0.1' };
    const codes = Array.from({ length: 10_001 }, () => platform.handle(request, 0).trace.errcode);
    expect(codes.filter((code) => code === 0)).toHaveLength(10_000);
    expect(codes.at(-1)).toBe(45011);
    expect(platform.handle(request, 60 * SECOND).trace.errcode).toBe(0);
  });
});

describe('stable token endpoint in forced mode', () => {
  it('a forced refresh kills the previous token at once', async () => {
    const sandbox = await atNoon();
    const old = await fetchStable(sandbox);
    const fresh = await fetchStable(sandbox, { force_refresh: true });
    expect(fresh.access_token).not.toBe(old.access_token);
    expect(await probe(sandbox, old.access_token)).toBe(40001);
    expect(await probe(sandbox, fresh.access_token)).toBe('alive');
  });

  it('a forced refresh kills both tokens of a rotation', async () => {
    const sandbox = await atNoon();
    const old = await fetchStable(sandbox);
    await sandbox.advance(6900 * SECOND);
    const rotated = await fetchStable(sandbox);
    await fetchStable(sandbox, { force_refresh: true });
    expect(await probe(sandbox, old.access_token)).toBe(40001);
    expect(await probe(sandbox, rotated.access_token)).toBe(40001);
  });

  it('a forced refresh within 30 s of the last one gets the same token', async () => {
    const sandbox = await atNoon();
    const first = await fetchStable(sandbox, { force_refresh: true });
    await sandbox.advance(29 * SECOND);
    const early = await fetchStable(sandbox, { force_refresh: true });
    expect(early).toEqual({ access_token: first.access_token, expires_in: 7171 });
    await sandbox.advance(1 * SECOND);
    const next = await fetchStable(sandbox, { force_refresh: true });
    expect(next.access_token).not.toBe(first.access_token);
    expect(await sandbox.account().counters()).toMatchObject({ forcedToday: 2, stableToday: 3 });
  });

  it('forced refreshes beyond 20 a day are refused with 45009 while normal calls go on', async () => {
    const sandbox = await atNoon();
    for (let calls = 0; calls < 20; calls += 1) {
      expect((await fetchStable(sandbox, { force_refresh: true })).errcode).toBeUndefined();
      await sandbox.advance(30 * SECOND);
    }
    expect((await fetchStable(sandbox, { force_refresh: true })).errcode).toBe(45009);
    expect((await fetchStable(sandbox)).errcode).toBeUndefined();
    await sandbox.advance(12 * 3600 * SECOND);
    expect((await fetchStable(sandbox, { force_refresh: true })).errcode).toBeUndefined();
  });

  it('a force_refresh that is not a boolean does not force a refresh', async () => {
    const sandbox = await atNoon();
    const old = await fetchStable(sandbox);
    expect((await fetchStable(sandbox, { force_refresh: 'true' })).access_token).toBe(old.access_token);
  });
});

describe('stable token endpoint', () => {
  it('the stable and the classic endpoint never touch each other’s tokens', async () => {
    const sandbox = await atNoon();
    const stable = await fetchStable(sandbox);
    const classic = await fetchClassic(sandbox);
    await fetchStable(sandbox, { force_refresh: true });
    expect(await probe(sandbox, classic.access_token)).toBe('alive');

    const current = await fetchStable(sandbox);
    for (let fetches = 0; fetches < 3; fetches += 1) await fetchClassic(sandbox);
    expect(await probe(sandbox, current.access_token)).toBe('alive');
    expect(current.access_token).not.toBe(stable.access_token);
  });

  it('a stable call does not depend on the daily quota of the classic endpoint', async () => {
    const sandbox = await atNoon({ dailyQuota: 0 });
    expect((await fetchClassic(sandbox)).errcode).toBe(45009);
    expect((await fetchStable(sandbox)).errcode).toBeUndefined();
  });

  it('a GET of the stable token endpoint is refused with 43002', async () => {
    expect((await get(await atNoon(), '/cgi-bin/stable_token')).errcode).toBe(43002);
  });

  it('a body that is not a JSON object is refused with 47001, an empty one with 44002', async () => {
    const sandbox = await atNoon();
    expect((await post(sandbox, '/cgi-bin/stable_token', 'appid=wx&secret=0')).errcode).toBe(47001);
    expect((await post(sandbox, '/cgi-bin/stable_token', '[]')).errcode).toBe(47001);
    expect((await post(sandbox, '/cgi-bin/stable_token', '')).errcode).toBe(44002);
  });
});
