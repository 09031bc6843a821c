import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { asking, GOOD, judged, SECRET, TOKEN } from './asking.ts';
import { saying } from './servers.ts';

const KINDS = ['stable-token', 'access-token'] as const;

describe.each(KINDS)('a token for %s is recognised', (type) => {
  it.each([
    ['beside errcode 0', { errcode: 0, errmsg: 'ok' }, 7200],
    ['beside errcode 0 in a text', { errcode: '0' }, 7200],
    ['beside fields that nobody knows', { warning_msg: 'TLS 1.0', scope: [1, { a: 2 }] }, 7200],
    ['with a life in a text', { expires_in: '1500' }, 1500],
    ['with a second left', { expires_in: 1 }, 1],
    ['with a life of a day', { expires_in: 86_400 }, 86_400],
  ])('%s', async (_, more, life) => {
    const { url } = await saying(JSON.stringify({ access_token: TOKEN, expires_in: 7200, ...more }));
    const { value, expiresIn } = await asking(type, url).fetch();
    expect(value.reveal()).toBe(TOKEN);
    expect(expiresIn).toBe(life);
  });

  it.each([
    ['as plain text', GOOD, { 'content-type': 'text/plain' }],
    ['as a page', GOOD, { 'content-type': 'text/html; charset=gbk' }],
    ['after a byte order mark', `\ufeff${GOOD}`, {}],
    ['among blanks', `\r\n ${GOOD}\n`, {}],
    [
      'beside raw control characters',
      `{"errmsg":"o\nk\u0001\t","access_token":"${TOKEN}","expires_in":7200}`,
      {},
    ],
    ['in nearly 64 KB', `${GOOD}${' '.repeat(65_000)}`, {}],
  ])('%s', async (_, body, headers) => {
    const { url } = await saying(body, 200, headers);
    expect((await asking(type, url).fetch()).value.reveal()).toBe(TOKEN);
  });

  it.each([['x'.repeat(16)], ['x'.repeat(4096)], ['!#%&()*+,-./09:;=>?@AZ[]^_az{|}~']])(
    'when it is %.40s',
    async (value) => {
      const { url } = await saying(JSON.stringify({ access_token: value, expires_in: 7200 }));
      expect((await asking(type, url).fetch()).value.reveal()).toBe(value);
    },
  );
});

const token = (changes: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ access_token: TOKEN, expires_in: 7200, ...changes });

describe('an odd answer is no token, and may have cost one', () => {
  it.each([
    ['nothing', ''],
    ['blanks', ' \r\n'],
    ['a page', `<html><body>${TOKEN}</body></html>`],
    ['half an answer', GOOD.slice(0, -4)],
    ['two answers', GOOD + GOOD],
    ['a number', '42'],
    ['a text', JSON.stringify(TOKEN)],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['a list', `[${GOOD}]`],
    ['an answer in an answer', `{"data":${GOOD}}`],
    ['errcode 0 without a token', '{"errcode":0,"errmsg":"ok"}'],
    ['another field', `{"token":"${TOKEN}","expires_in":7200}`],
    ['a form', `access_token=${TOKEN}&expires_in=7200`],
    ['bytes', Buffer.from([0xff, 0xfe, 0x00, 0x7b])],
    ['a packed answer', gzipSync(GOOD)],
    ['no value', token({ access_token: null })],
    ['a number as the value', token({ access_token: 4_200_000_000_000_000 })],
    ['an empty value', token({ access_token: '' })],
    ['the value undefined', token({ access_token: 'undefined' })],
    ['a value of 15 characters', token({ access_token: 'x'.repeat(15) })],
    ['a value of 4097 characters', token({ access_token: 'x'.repeat(4097) })],
    ['a value with a raw newline', GOOD.replace(TOKEN, `${TOKEN.slice(0, 20)}\n${TOKEN.slice(20)}`)],
    ['a value with a raw NUL at its end', GOOD.replace(TOKEN, `${TOKEN}\u0000`)],
    ['an errcode in words', token({ errcode: 'abc' })],
    ['an errcode that is no whole number', token({ errcode: 40001.5 })],
    ['an errcode beyond all numbers', token({ errcode: 1e300 })],
    ['an errcode that is an object', token({ errcode: {} })],
    ['an empty errcode', token({ errcode: '' })],
    ['a value with a quote', token({ access_token: `${TOKEN}"` })],
    ['a value with an apostrophe', token({ access_token: `${TOKEN}'` })],
    ['a value with a backslash', token({ access_token: `${TOKEN}\\` })],
    ['a value with a $', token({ access_token: `${TOKEN}$(id)` })],
    ['a value with a backtick', token({ access_token: `${TOKEN}\`` })],
    ['a value with a <', token({ access_token: `${TOKEN}<?php` })],
    ['a value with a newline', token({ access_token: `${TOKEN}\n` })],
    ['a value with a blank', token({ access_token: `${TOKEN} ` })],
    ['a value with other letters', token({ access_token: `${TOKEN}令牌` })],
    ['no life', token({ expires_in: undefined })],
    ['a life of 0', token({ expires_in: 0 })],
    ['a life below 0', token({ expires_in: -1 })],
    ['a life of more than a day', token({ expires_in: 86_401 })],
    ['a life beyond reason', token({ expires_in: 1e300 })],
    ['a life without end', `{"access_token":"${TOKEN}","expires_in":1e999}`],
    ['a life in words', token({ expires_in: 'two hours' })],
    ['a life below 0 in a text', token({ expires_in: '-1' })],
    ['a life of true', token({ expires_in: true })],
    ['a life of null', token({ expires_in: null })],
    ['a life in a list', token({ expires_in: [7200] })],
  ])('%s', async (_, body) => {
    const { url } = await saying(body);
    expect(judged(await asking('access-token', url).failure())).toBe('odd-answer, unknown');
    expect(judged(await asking('stable-token', url).failure())).toBe('odd-answer, unknown');
  });
});

describe('an error code is the platform’s no', () => {
  const no = (errcode: unknown, errmsg: unknown = 'no') => JSON.stringify({ errcode, errmsg });

  it.each([
    ['as a number', no(40013), 200],
    ['in a text', no('40013'), 200],
    ['without a message', '{"errcode":40013}', 200],
    ['with a message that is none', no(40013, { a: 1 }), 200],
    ['beside a token', JSON.stringify({ errcode: 40013, access_token: TOKEN, expires_in: 7200 }), 200],
    ['under HTTP 400', no(40013), 400],
    ['under HTTP 500', no(40013), 500],
    ['under HTTP 302', no(40013), 302],
    ['after a byte order mark', `\ufeff${no(40013)}`, 200],
    ['with raw control characters in the message', '{"errcode":40013,"errmsg":"a\nb\u0000"}', 200],
  ])('%s', async (_, body, status) => {
    const { url } = await saying(body, status);
    const failed = await asking('access-token', url).failure();
    expect(judged(failed)).toBe('wx-40013, none');
    expect(failed.failure).toMatchObject({ class: 'refused', errcode: 40013 });
  });

  it('negative as well', async () => {
    const { url } = await saying(no(-1, 'system error'));
    expect(judged(await asking('stable-token', url).failure())).toBe('wx--1, none');
  });

  it('with what it means and the fix: of 40164 the very IP address to whitelist, and the rid', async () => {
    const rid = '6543210a-1b2c3d4e-0f1e2d3c';
    const errmsg = `invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: ${rid}`;
    const { url } = await saying(no(40164, errmsg));
    const { failure } = await asking('stable-token', url).failure();
    expect(failure).toMatchObject({ code: 'wx-40164', errcode: 40164, rid, class: 'refused' });
    expect(failure.advice).toContain('Add 203.0.113.7 to the IP whitelist');
  });

  it('unknown too, with an excerpt of its message that shows no secret though the platform echoed it', async () => {
    const echoed = `bad secret=${SECRET} access_token: ${TOKEN} ${encodeURIComponent(SECRET)}`;
    const { url } = await saying(no(77_777, echoed));
    expect(judged(await asking('stable-token', url).failure())).toBe('wx-77777, none');
  });

  it('is none when it is null, and the rest decides', async () => {
    const { url } = await saying(JSON.stringify({ errcode: null, access_token: TOKEN, expires_in: 7200 }));
    expect((await asking('stable-token', url).fetch()).value.reveal()).toBe(TOKEN);
  });
});

describe('an HTTP status that is no success', () => {
  it.each([500, 502, 503, 504, 599])('%i may have cost a token', async (status) => {
    const { url } = await saying(`<html>${TOKEN}</html>`, status);
    const failed = await asking('access-token', url).failure();
    expect(judged(failed)).toBe(`http-${status}, unknown`);
    expect(failed.failure.class).toBe('passing');
  });

  it.each([400, 401, 403, 404, 412, 413, 429])('%i is a no, with advice', async (status) => {
    const { url } = await saying(GOOD, status);
    const failed = await asking('access-token', url).failure();
    expect(judged(failed)).toBe(`http-${status}, none`);
    expect(failed.failure.advice).toMatch(/look at the base URL/);
  });

  it.each([301, 302, 303, 307, 308])(
    '%i is not followed: the request carries the AppSecret',
    async (status) => {
      const elsewhere = await saying(GOOD);
      const location = `${elsewhere.url}/login?secret=${encodeURIComponent(SECRET)}&access_token=${TOKEN}#${TOKEN}`;
      const { url, seen } = await saying('', status, { location });
      const failed = await asking('access-token', url).failure();
      expect(judged(failed)).toBe(`http-${status}, none`);
      expect(failed.message).toBe(`the platform answered HTTP ${status} to ${elsewhere.url}`);
      expect(seen).toHaveLength(1);
      expect(elsewhere.seen).toEqual([]);
    },
  );

  it.each(['/login', '', 'http://', '::', `https://user:${TOKEN}@portal.example/`])(
    '302 may lead anywhere: %j',
    async (location) => {
      const { url } = await saying('', 302, { location });
      expect(judged(await asking('stable-token', url).failure())).toBe('http-302, none');
    },
  );
});
