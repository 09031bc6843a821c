import { describe, expect, it } from 'vitest';
import { atNoon, fetchClassic, fetchStable, get, post, probe, SECOND } from './client.ts';

describe('the stable token endpoint in normal mode', () => {
  it('hands out the same token with the whole seconds that are left', async () => {
    const sandbox = await atNoon();
    const first = await fetchStable(sandbox);
    expect(first).toEqual({ access_token: expect.stringMatching(/^\d+_[\w-]+$/), expires_in: 7200 });
    await sandbox.advance(100.5 * SECOND);
    expect(await fetchStable(sandbox)).toEqual({ access_token: first.access_token, expires_in: 7099 });
  });

  it('mints a new token within the rotation window, while the old one lives out its time', async () => {
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

  it('does not rotate by itself: an unasked token ends', async () => {
    const sandbox = await atNoon();
    const old = await fetchStable(sandbox);
    await sandbox.advance(7200 * SECOND);
    expect(await probe(sandbox, old.access_token)).toBe(42001);
    expect((await fetchStable(sandbox)).expires_in).toBe(7200);
  });

  it('shrinks the rotation window with the life of a token unless told otherwise', async () => {
    const sandbox = await atNoon({ tokenTtl: 40 });
    const old = await fetchStable(sandbox);
    await sandbox.advance(29 * SECOND);
    expect((await fetchStable(sandbox)).access_token).toBe(old.access_token);
    await sandbox.advance(1 * SECOND);
    expect((await fetchStable(sandbox)).access_token).not.toBe(old.access_token);
  });

  it('allows ten thousand calls a minute, then answers 45011 until the next one', async () => {
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

describe('the stable token endpoint in forced mode', () => {
  it('kills the previous token at once', async () => {
    const sandbox = await atNoon();
    const old = await fetchStable(sandbox);
    const fresh = await fetchStable(sandbox, { force_refresh: true });
    expect(fresh.access_token).not.toBe(old.access_token);
    expect(await probe(sandbox, old.access_token)).toBe(40001);
    expect(await probe(sandbox, fresh.access_token)).toBe('alive');
  });

  it('kills both tokens of a rotation', async () => {
    const sandbox = await atNoon();
    const old = await fetchStable(sandbox);
    await sandbox.advance(6900 * SECOND);
    const rotated = await fetchStable(sandbox);
    await fetchStable(sandbox, { force_refresh: true });
    expect(await probe(sandbox, old.access_token)).toBe(40001);
    expect(await probe(sandbox, rotated.access_token)).toBe(40001);
  });

  it('hands out the same token sooner than 30 s after the last forced call', async () => {
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

  it('may be used 20 times a day, then answers 45009 while normal calls go on', async () => {
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

  it('is not reached by a force_refresh that is no boolean', async () => {
    const sandbox = await atNoon();
    const old = await fetchStable(sandbox);
    expect((await fetchStable(sandbox, { force_refresh: 'true' })).access_token).toBe(old.access_token);
  });
});

describe('the stable token endpoint', () => {
  it('and the classic one never touch each other’s tokens', async () => {
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

  it('does not spend the daily quota of the classic one', async () => {
    const sandbox = await atNoon({ dailyQuota: 0 });
    expect((await fetchClassic(sandbox)).errcode).toBe(45009);
    expect((await fetchStable(sandbox)).errcode).toBeUndefined();
  });

  it('refuses a GET with 43002', async () => {
    expect((await get(await atNoon(), '/cgi-bin/stable_token')).errcode).toBe(43002);
  });

  it('refuses a body that is no JSON object with 47001, and an empty one with 44002', async () => {
    const sandbox = await atNoon();
    expect((await post(sandbox, '/cgi-bin/stable_token', 'appid=wx&secret=0')).errcode).toBe(47001);
    expect((await post(sandbox, '/cgi-bin/stable_token', '[]')).errcode).toBe(47001);
    expect((await post(sandbox, '/cgi-bin/stable_token', '')).errcode).toBe(44002);
  });
});
