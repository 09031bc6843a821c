import { describe, expect, it } from 'vitest';
import { TEST_ACCOUNT, withSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { atNoon, fetchClassic, fetchStable, probe } from './client.ts';

const TOKEN = '/cgi-bin/token';

describe('faults that replace the answer', () => {
  it('the status fault answers with the given HTTP status and an HTML body', async () => {
    const sandbox = await withSandbox();
    await sandbox.faults([{ kind: 'status', status: 503 }]);
    const response = await fetch(sandbox.url + TOKEN);
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toBe('text/html');
    expect(await response.text()).toMatch(/^<html>/);
  });

  it('the html fault answers 200 with an HTML page', async () => {
    const sandbox = await withSandbox();
    await sandbox.faults([{ kind: 'html' }]);
    const response = await fetch(sandbox.url + TOKEN);
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/^<html>/);
  });

  it('the empty fault answers 200 with an empty body', async () => {
    const sandbox = await withSandbox();
    await sandbox.faults([{ kind: 'empty' }]);
    const response = await fetch(sandbox.url + TOKEN);
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('the body fault answers with any text under any content type', async () => {
    const sandbox = await withSandbox();
    const body = '{"access_token":"odd","expires_in":"1500"}';
    await sandbox.faults([{ kind: 'body', body, times: 1 }]);
    expect(await fetchClassic(sandbox)).toEqual({ access_token: 'odd', expires_in: '1500' });
    await sandbox.faults([{ kind: 'body', body: 'ok', contentType: 'text/plain' }]);
    const response = await fetch(sandbox.url + TOKEN);
    expect([response.headers.get('content-type'), await response.text()]).toEqual(['text/plain', 'ok']);
  });

  it('the errcode fault refuses with the given code, in usual or given words', async () => {
    const sandbox = await withSandbox();
    await sandbox.faults([
      { kind: 'errcode', errcode: 45009, times: 1 },
      { kind: 'errcode', errcode: 89503, errmsg: 'ask the admin' },
    ]);
    expect((await fetchClassic(sandbox)).errmsg).toMatch(/^reach max api daily quota.* rid: [\da-f-]{26}$/);
    const refused = await fetchClassic(sandbox);
    expect(refused.errcode).toBe(89503);
    expect(refused.errmsg).toMatch(/^ask the admin rid: [\da-f-]{26}$/);
  });

  it('the redirect fault answers 302 with the given location', async () => {
    const sandbox = await withSandbox();
    await sandbox.faults([{ kind: 'redirect', location: 'http://127.0.0.1:1/elsewhere' }]);
    const response = await fetch(sandbox.url + TOKEN, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([
      302,
      'http://127.0.0.1:1/elsewhere',
    ]);
  });

  it('a fault that replaces the answer leaves the platform untouched', async () => {
    const sandbox = await withSandbox();
    await sandbox.faults([
      { kind: 'html', times: 1 },
      { kind: 'errcode', errcode: -1, times: 1 },
      { kind: 'cut', times: 1 },
    ]);
    await fetch(`${sandbox.url}${TOKEN}`);
    await fetchClassic(sandbox);
    await expect(fetchClassic(sandbox)).rejects.toThrow('fetch failed');
    expect(await sandbox.account().counters()).toMatchObject({ fetchesToday: 0 });
    const outcomes = (await sandbox.journal()).map(({ outcome, status, errcode }) => [
      outcome,
      status,
      errcode,
    ]);
    expect(outcomes).toEqual([
      ['html', 200, null],
      ['errcode', 200, -1],
      ['cut', null, null],
    ]);
  });
});

describe('faults of the connection', () => {
  it('the lost-answer fault lets the platform act but withholds the answer', async () => {
    const sandbox = await atNoon();
    const old = await fetchClassic(sandbox);
    await sandbox.faults([{ kind: 'lost-answer', times: 2 }]);
    await expect(fetchClassic(sandbox)).rejects.toThrow('fetch failed');
    expect(await sandbox.account().counters()).toMatchObject({ fetchesToday: 2 });
    expect(await sandbox.journal(1)).toMatchObject([{ outcome: 'lost-answer', status: null, errcode: 0 }]);
    await expect(fetchClassic(sandbox)).rejects.toThrow('fetch failed');
    expect(await probe(sandbox, old.access_token)).toBe(40001);
  });

  it('the partial fault sends a body that is shorter than its declared length', async () => {
    const sandbox = await atNoon();
    await sandbox.faults([{ kind: 'partial' }]);
    const response = await fetch(sandbox.url + TOKEN);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    await expect(fetchClassic(sandbox)).rejects.toThrow();
    expect(await sandbox.account().counters()).toMatchObject({ fetchesToday: 1 });
  });

  it('the endless fault sends a body without end until the fault is cleared', async () => {
    const sandbox = await withSandbox();
    await sandbox.faults([{ kind: 'endless' }]);
    const response = await fetch(sandbox.url + TOKEN);
    const body: AsyncIterable<Uint8Array> | null = response.body;
    let received = 0;
    const reading = (async () => {
      for await (const chunk of body ?? []) received += chunk.length;
    })();
    const ended = expect(reading).rejects.toThrow();
    await eventually(() => received > 4096);
    await sandbox.clearFaults();
    await ended;
  });

  it('the hang fault gives no answer until the fault is replaced', async () => {
    const sandbox = await withSandbox();
    await sandbox.faults([{ kind: 'hang' }]);
    const ended = expect(fetchClassic(sandbox)).rejects.toThrow('fetch failed');
    await eventually(async () => (await sandbox.calls(TOKEN)) === 1);
    await sandbox.faults([]);
    await ended;
    expect((await fetchClassic(sandbox)).errcode).toBeUndefined();
  });

  it('the latency fault lets the platform act at once and delays the answer', async () => {
    const sandbox = await withSandbox();
    await sandbox.faults([{ kind: 'latency', ms: 3_600_000 }]);
    const leave = new AbortController();
    const query = `grant_type=client_credential&appid=${TEST_ACCOUNT.appId}&secret=${TEST_ACCOUNT.secret}`;
    const call = fetch(`${sandbox.url}${TOKEN}?${query}`, { signal: leave.signal });
    const ended = expect(call).rejects.toThrow();
    await eventually(async () => (await sandbox.calls(TOKEN)) === 1);
    expect(await sandbox.account().counters()).toMatchObject({ fetchesToday: 1 });
    leave.abort();
    await ended;
  });

  it('the latency fault delivers the whole answer and combines with other faults', async () => {
    const sandbox = await withSandbox({ latency: 1 });
    await sandbox.faults([{ kind: 'latency', ms: 1 }]);
    expect((await fetchClassic(sandbox)).expires_in).toBe(7200);
    await sandbox.faults([{ kind: 'latency', ms: 1 }, { kind: 'latency', ms: 1 }, { kind: 'empty' }]);
    expect(await (await fetch(sandbox.url + TOKEN)).text()).toBe('');
    expect((await sandbox.journal()).map(({ outcome }) => outcome)).toEqual(['latency', 'empty']);
  });
});

describe('list of faults', () => {
  it('a fault applies only to the path and the appid that it names', async () => {
    const other = { appId: 'wx1111111111111111', secret: '1'.repeat(32) };
    const sandbox = await withSandbox({ accounts: [TEST_ACCOUNT, other] });
    const changes = { appid: other.appId, secret: other.secret };
    await sandbox.faults([{ kind: 'errcode', errcode: -1, path: TOKEN, appId: other.appId }]);
    expect((await fetchClassic(sandbox)).errcode).toBeUndefined();
    expect((await fetchStable(sandbox, changes)).errcode).toBeUndefined();
    expect((await fetchClassic(sandbox, changes)).errcode).toBe(-1);
  });

  it('a fault recognises the appid of a call by its token or its body', async () => {
    const sandbox = await withSandbox();
    const { access_token } = await fetchStable(sandbox);
    await sandbox.faults([{ kind: 'errcode', errcode: -1, appId: TEST_ACCOUNT.appId }]);
    expect(await probe(sandbox, access_token)).toBe(-1);
    expect((await fetchStable(sandbox)).errcode).toBe(-1);
  });

  it('faults with `times` are used up one after the other and show what is left', async () => {
    const sandbox = await withSandbox();
    await sandbox.faults([
      { kind: 'errcode', errcode: -1, times: 2 },
      { kind: 'errcode', errcode: 45011, times: 1 },
    ]);
    expect((await fetchClassic(sandbox)).errcode).toBe(-1);
    const left = await (await fetch(`${sandbox.url}/sandbox/faults`)).json();
    expect(left).toEqual({
      faults: [
        { kind: 'errcode', errcode: -1, times: 1 },
        { kind: 'errcode', errcode: 45011, times: 1 },
      ],
    });
    expect((await fetchClassic(sandbox)).errcode).toBe(-1);
    expect((await fetchClassic(sandbox)).errcode).toBe(45011);
    expect((await fetchClassic(sandbox)).errcode).toBeUndefined();
  });

  it('a fault never affects the control path', async () => {
    const sandbox = await withSandbox();
    await sandbox.faults([{ kind: 'cut' }]);
    expect(await sandbox.journal()).toEqual([]);
  });

  it.each([
    ['an unknown kind', { kind: 'earthquake' }, /faults\.0\.kind/],
    ['an unknown field', { kind: 'html', tmies: 1 }, /faults\.0\.tmies/],
    ['a missing field', { kind: 'latency' }, /faults\.0\.ms/],
    ['a status that is no error', { kind: 'status', status: 200 }, /faults\.0\.status/],
    ['a path without a slash', { kind: 'html', path: 'cgi-bin/token' }, /faults\.0\.path/],
    ['zero times', { kind: 'html', times: 0 }, /faults\.0\.times/],
  ])('a fault with %s is refused with 400 and the old list stays', async (_what, fault, message) => {
    const sandbox = await withSandbox();
    await sandbox.faults([{ kind: 'html' }]);
    const url = `${sandbox.url}/sandbox/faults`;
    const response = await fetch(url, { method: 'PUT', body: JSON.stringify({ faults: [fault] }) });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.stringMatching(message) });
    expect(await (await fetch(url)).json()).toEqual({ faults: [{ kind: 'html' }] });
  });
});
