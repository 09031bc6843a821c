import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createJournal } from '../../src/sandbox/journal.ts';
import { TEST_ACCOUNT, withSandbox } from '../support/sandbox.ts';
import { atNoon, fetchClassic, fetchStable, NOON, probe } from './client.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('sandbox journal', () => {
  it('the journal records each call with time, account, outcome and token hash', async () => {
    const sandbox = await atNoon();
    const { access_token } = await fetchStable(sandbox, { force_refresh: true });
    await probe(sandbox, access_token);
    const [fetched, probed] = await sandbox.journal();
    expect(fetched).toEqual({
      seq: 1,
      at: NOON,
      method: 'POST',
      path: '/cgi-bin/stable_token',
      appId: TEST_ACCOUNT.appId,
      force: true,
      errcode: 0,
      status: 200,
      outcome: 'answered',
      userAgent: 'node',
      tokenSha256: sha256(access_token),
    });
    expect(probed).toMatchObject({
      seq: 2,
      path: '/cgi-bin/getcallbackip',
      appId: TEST_ACCOUNT.appId,
      force: false,
      errcode: 0,
      tokenSha256: sha256(access_token),
    });
  });

  it('the journal holds no secret and no token', async () => {
    const sandbox = await withSandbox();
    const tokens = [await fetchClassic(sandbox), await fetchStable(sandbox)].map(
      (answer) => answer.access_token,
    );
    for (const token of tokens) await probe(sandbox, token);
    await fetchClassic(sandbox, { secret: 'a-wrong-secret' });
    const text = JSON.stringify(await sandbox.journal());
    for (const secret of [...tokens, TEST_ACCOUNT.secret, 'a-wrong-secret'])
      expect(text).not.toContain(secret);
    expect(text).toContain('40125');
  });

  it('the journal can be read from a sequence number and counted by path and appid', async () => {
    const sandbox = await withSandbox();
    await fetchClassic(sandbox);
    await fetchStable(sandbox);
    await fetchStable(sandbox, { appid: 'wx1111111111111111' });
    expect((await sandbox.journal(1)).map(({ seq, errcode }) => [seq, errcode])).toEqual([
      [2, 0],
      [3, 40013],
    ]);
    expect(await sandbox.calls('/cgi-bin/stable_token')).toBe(2);
    expect(await sandbox.calls('/cgi-bin/stable_token', TEST_ACCOUNT.appId)).toBe(1);
    await expect(sandbox.journal(-1)).rejects.toThrow('since: not a sequence number');
  });

  it('the journal cuts a long path, appid or user agent to 200 characters', async () => {
    const sandbox = await withSandbox();
    const headers = { 'user-agent': 'u'.repeat(1000) };
    await fetch(`${sandbox.url}/${'p'.repeat(1000)}?appid=${'a'.repeat(1000)}`, { headers });
    const [entry] = await sandbox.journal();
    expect([entry?.path, entry?.appId, entry?.userAgent].map((text) => text?.length)).toEqual([
      200, 200, 200,
    ]);
  });

  it('the journal keeps only the latest calls', () => {
    const journal = createJournal(10);
    const call = { at: 0, method: 'GET', path: '/', appId: null, force: false, errcode: null, status: 404 };
    for (let calls = 0; calls < 1000; calls += 1) {
      journal.add({ ...call, outcome: 'answered', userAgent: null, token: null });
    }
    const kept = journal.since(0);
    expect(kept.length).toBeGreaterThanOrEqual(10);
    expect(kept.length).toBeLessThan(20);
    expect(kept.at(-1)?.seq).toBe(1000);
  });
});

describe('sandbox clock', () => {
  it('the sandbox clock can be moved both ways, and the Date header follows', async () => {
    const sandbox = await atNoon();
    expect(await sandbox.advance(3_600_000)).toBe(NOON + 3_600_000);
    const later = await fetch(`${sandbox.url}/cgi-bin/token`);
    expect(later.headers.get('date')).toBe(new Date(NOON + 3_600_000).toUTCString());
    expect(await sandbox.advance(-7_200_000)).toBe(NOON - 3_600_000);
    await sandbox.faults([{ kind: 'html' }]);
    const earlier = await fetch(`${sandbox.url}/cgi-bin/token`);
    expect(earlier.headers.get('date')).toBe(new Date(NOON - 3_600_000).toUTCString());
    const told = await (await fetch(`${sandbox.url}/sandbox/clock`)).json();
    expect(told).toEqual({ now: NOON - 3_600_000 });
  });

  it('the sandbox clock is the system clock by default', async () => {
    const sandbox = await withSandbox();
    const before = Date.now();
    const now = await sandbox.advance(0);
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });
});

describe('sandbox accounts', () => {
  it('an account can be added once while the sandbox runs', async () => {
    const sandbox = await withSandbox();
    const other = { appId: 'wx1111111111111111', secret: '1'.repeat(32) };
    const changes = { appid: other.appId, secret: other.secret };
    expect((await fetchClassic(sandbox, changes)).errcode).toBe(40013);
    await sandbox.addAccount(other);
    expect((await fetchClassic(sandbox, changes)).errcode).toBeUndefined();
    await expect(sandbox.addAccount(other)).rejects.toThrow('409');
    const corp = { appId: 'ww0000000000000000', secret: 'one' };
    await sandbox.addAccount(corp);
    await sandbox.addAccount({ ...corp, secret: 'two' });
    await expect(sandbox.addAccount(corp)).rejects.toThrow('409');
  });

  it('an account shows its counters and switches but never its secret', async () => {
    const sandbox = await withSandbox();
    await sandbox.account().patch({ whitelist: ['127.0.0.1'], dailyQuota: 5 });
    expect(await sandbox.account().counters()).toEqual({
      appId: TEST_ACCOUNT.appId,
      frozen: false,
      apiBanned: false,
      whitelist: ['127.0.0.1'],
      dailyQuota: 5,
      fetchesToday: 0,
      stableToday: 0,
      forcedToday: 0,
    });
  });

  it('a request for an unknown account is answered 404', async () => {
    const sandbox = await withSandbox();
    await expect(sandbox.account('wx2222222222222222').counters()).rejects.toThrow('404');
    await expect(sandbox.account('wx2222222222222222').patch({ frozen: true })).rejects.toThrow('404');
  });

  it('an invalid change of an account is refused and changes nothing', async () => {
    const sandbox = await withSandbox();
    const { patch, counters } = sandbox.account();
    const before = await counters();
    await expect(patch({ whitelist: ['example.org'], frozen: true })).rejects.toThrow(
      'whitelist.0: no IP address',
    );
    await expect(patch({ whitelist: ['10.0.0.0/33'] })).rejects.toThrow('400');
    await expect(patch({ forzen: true })).rejects.toThrow('forzen');
    await expect(patch({ secret: '' })).rejects.toThrow('400');
    expect(await counters()).toEqual(before);
  });

  it('the secret of a corp can be reset only while there is a single one', async () => {
    const corp = { appId: 'ww0000000000000000', secret: 'one' };
    const sandbox = await withSandbox({ accounts: [corp] });
    const gettoken = async (secret: string) => {
      const response = await fetch(
        `${sandbox.url}/cgi-bin/gettoken?corpid=${corp.appId}&corpsecret=${secret}`,
      );
      return JSON.parse(await response.text()).errcode;
    };
    await sandbox.account(corp.appId).patch({ secret: 'reset' });
    expect([await gettoken('one'), await gettoken('reset')]).toEqual([40001, 0]);
    await sandbox.addAccount({ ...corp, secret: 'two' });
    await expect(sandbox.account(corp.appId).patch({ secret: 'both' })).rejects.toThrow('several secrets');
    await expect(sandbox.account(corp.appId).patch({ dailyQuota: 1 })).rejects.toThrow('no daily quota');
  });
});

describe('control path', () => {
  const ask = async (path: string, init: RequestInit) => {
    const sandbox = await withSandbox();
    const response = await fetch(`${sandbox.url}/sandbox/${path}`, init);
    return { status: response.status, error: JSON.parse(await response.text()).error };
  };

  it('a control request whose body is not JSON is answered 400', async () => {
    expect(await ask('clock', { method: 'POST', body: '{' })).toEqual({
      status: 400,
      error: 'the body is not JSON',
    });
  });

  it('a control request of more than 64 KB is answered 413', async () => {
    expect((await ask('faults', { method: 'PUT', body: ' '.repeat(65_537) })).status).toBe(413);
  });

  it('an unknown control resource is answered 404 and a wrong method 405', async () => {
    expect(await ask('token', {})).toEqual({
      status: 404,
      error: expect.stringContaining('journal, faults, clock'),
    });
    expect(await ask('constructor', {})).toMatchObject({ status: 404 });
    const { status, error } = await ask('journal', { method: 'DELETE' });
    expect([status, error]).toEqual([405, 'journal: GET only']);
  });
});
