import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { asking, GOOD, judged, SECRET, TOKEN } from './asking.ts';
import { saying } from './servers.ts';

const KINDS = ['stable-token', 'access-token'] as const;

describe.each(KINDS)('accepted answers for %s', (type) => {
  it.each([
    ['errcode 0', { errcode: 0, errmsg: 'ok' }, 7200],
    ['errcode 0 as a string', { errcode: '0' }, 7200],
    ['unknown extra fields', { warning_msg: 'TLS 1.0', scope: [1, { a: 2 }] }, 7200],
    ['expires_in as a string', { expires_in: '1500' }, 1500],
    ['one second of life left', { expires_in: 1 }, 1],
    ['a lifetime of one day', { expires_in: 86_400 }, 86_400],
  ])(`the ${type} answer with %s yields the token and its lifetime`, async (_, more, life) => {
    const { url } = await saying(JSON.stringify({ access_token: TOKEN, expires_in: 7200, ...more }));
    const { value, expiresIn } = await asking(type, url).fetch();
    expect(value.reveal()).toBe(TOKEN);
    expect(expiresIn).toBe(life);
  });

  it.each([
    ['sent as text/plain', GOOD, { 'content-type': 'text/plain' }],
    ['sent as text/html', GOOD, { 'content-type': 'text/html; charset=gbk' }],
    ['after a byte order mark', `\ufeff${GOOD}`, {}],
    ['surrounded by whitespace', `\r\n ${GOOD}\n`, {}],
    [
      'beside raw control characters',
      `{"errmsg":"o\nk\u0001\t","access_token":"${TOKEN}","expires_in":7200}`,
      {},
    ],
    ['of nearly 64 KB', `${GOOD}${' '.repeat(65_000)}`, {}],
  ])(`the ${type} answer %s yields the token`, async (_, body, headers) => {
    const { url } = await saying(body, 200, headers);
    expect((await asking(type, url).fetch()).value.reveal()).toBe(TOKEN);
  });

  it.each([['x'.repeat(16)], ['x'.repeat(4096)], ['!#%&()*+,-./09:;=>?@AZ[]^_az{|}~']])(
    `the ${type} value $0 is accepted as a token`,
    async (value) => {
      const { url } = await saying(JSON.stringify({ access_token: value, expires_in: 7200 }));
      expect((await asking(type, url).fetch()).value.reveal()).toBe(value);
    },
  );
});

const token = (changes: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ access_token: TOKEN, expires_in: 7200, ...changes });

describe('malformed answers', () => {
  it.each([
    ['an empty body', ''],
    ['only whitespace', ' \r\n'],
    ['an HTML page', `<html><body>${TOKEN}</body></html>`],
    ['truncated JSON', GOOD.slice(0, -4)],
    ['two JSON objects in a row', GOOD + GOOD],
    ['a bare number', '42'],
    ['a bare string', JSON.stringify(TOKEN)],
    ['a bare null', 'null'],
    ['an empty object', '{}'],
    ['a list around the object', `[${GOOD}]`],
    ['the answer nested in another object', `{"data":${GOOD}}`],
    ['errcode 0 without a token', '{"errcode":0,"errmsg":"ok"}'],
    ['the token in another field', `{"token":"${TOKEN}","expires_in":7200}`],
    ['a URL-encoded form', `access_token=${TOKEN}&expires_in=7200`],
    ['binary bytes', Buffer.from([0xff, 0xfe, 0x00, 0x7b])],
    ['an unrequested gzip body', gzipSync(GOOD)],
    ['a null token value', token({ access_token: null })],
    ['a number as the token value', token({ access_token: 4_200_000_000_000_000 })],
    ['an empty token value', token({ access_token: '' })],
    ['the token value undefined', token({ access_token: 'undefined' })],
    ['a token value of 15 characters', token({ access_token: 'x'.repeat(15) })],
    ['a token value of 4097 characters', token({ access_token: 'x'.repeat(4097) })],
    ['a raw newline in the token value', GOOD.replace(TOKEN, `${TOKEN.slice(0, 20)}\n${TOKEN.slice(20)}`)],
    ['a raw NUL at the end of the token value', GOOD.replace(TOKEN, `${TOKEN}\u0000`)],
    ['an errcode in words', token({ errcode: 'abc' })],
    ['a fractional errcode', token({ errcode: 40001.5 })],
    ['a huge errcode', token({ errcode: 1e300 })],
    ['an errcode that is an object', token({ errcode: {} })],
    ['an empty errcode', token({ errcode: '' })],
    ['a quote in the token value', token({ access_token: `${TOKEN}"` })],
    ['an apostrophe in the token value', token({ access_token: `${TOKEN}'` })],
    ['a backslash in the token value', token({ access_token: `${TOKEN}\\` })],
    ['a $ in the token value', token({ access_token: `${TOKEN}$(id)` })],
    ['a backtick in the token value', token({ access_token: `${TOKEN}\`` })],
    ['a < in the token value', token({ access_token: `${TOKEN}<?php` })],
    ['an escaped newline in the token value', token({ access_token: `${TOKEN}\n` })],
    ['a blank in the token value', token({ access_token: `${TOKEN} ` })],
    ['non-ASCII letters in the token value', token({ access_token: `${TOKEN}令牌` })],
    ['no lifetime', token({ expires_in: undefined })],
    ['a lifetime of 0', token({ expires_in: 0 })],
    ['a negative lifetime', token({ expires_in: -1 })],
    ['a lifetime of more than a day', token({ expires_in: 86_401 })],
    ['a huge lifetime', token({ expires_in: 1e300 })],
    ['an infinite lifetime', `{"access_token":"${TOKEN}","expires_in":1e999}`],
    ['a lifetime in words', token({ expires_in: 'two hours' })],
    ['a negative lifetime as a string', token({ expires_in: '-1' })],
    ['a lifetime of true', token({ expires_in: true })],
    ['a lifetime of null', token({ expires_in: null })],
    ['a lifetime in a list', token({ expires_in: [7200] })],
  ])('an answer with %s is rejected with an unknown outcome', async (_, body) => {
    const { url } = await saying(body);
    expect(judged(await asking('access-token', url).failure())).toBe('odd-answer, unknown');
    expect(judged(await asking('stable-token', url).failure())).toBe('odd-answer, unknown');
  });
});

describe('error codes in an answer', () => {
  const no = (errcode: unknown, errmsg: unknown = 'no') => JSON.stringify({ errcode, errmsg });

  it.each([
    ['as a number', no(40013), 200],
    ['as a string', no('40013'), 200],
    ['without a message', '{"errcode":40013}', 200],
    ['with a message that is no string', no(40013, { a: 1 }), 200],
    ['beside a token', JSON.stringify({ errcode: 40013, access_token: TOKEN, expires_in: 7200 }), 200],
    ['under HTTP 400', no(40013), 400],
    ['under HTTP 500', no(40013), 500],
    ['under HTTP 302', no(40013), 302],
    ['after a byte order mark', `\ufeff${no(40013)}`, 200],
    ['with raw control characters in the message', '{"errcode":40013,"errmsg":"a\nb\u0000"}', 200],
  ])('errcode 40013 %s is a refusal that changed nothing', async (_, body, status) => {
    const { url } = await saying(body, status);
    const failed = await asking('access-token', url).failure();
    expect(judged(failed)).toBe('wx-40013, none');
    expect(failed.failure).toMatchObject({ class: 'refused', errcode: 40013 });
  });

  it('errcode -1 is a failure that changed nothing', async () => {
    const { url } = await saying(no(-1, 'system error'));
    expect(judged(await asking('stable-token', url).failure())).toBe('wx--1, none');
  });

  it('errcode 40164 names the IP address to whitelist and the rid', async () => {
    const rid = '6543210a-1b2c3d4e-0f1e2d3c';
    const errmsg = `invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: ${rid}`;
    const { url } = await saying(no(40164, errmsg));
    const { failure } = await asking('stable-token', url).failure();
    expect(failure).toMatchObject({ code: 'wx-40164', errcode: 40164, rid, class: 'refused' });
    expect(failure.advice).toContain('Add 203.0.113.7 to the IP whitelist');
  });

  it('an unknown errcode is reported without the secret that the platform echoed', async () => {
    const echoed = `bad secret=${SECRET} access_token: ${TOKEN} ${encodeURIComponent(SECRET)}`;
    const { url } = await saying(no(77_777, echoed));
    expect(judged(await asking('stable-token', url).failure())).toBe('wx-77777, none');
  });

  it('an errcode of null counts as absent, and the token is accepted', async () => {
    const { url } = await saying(JSON.stringify({ errcode: null, access_token: TOKEN, expires_in: 7200 }));
    expect((await asking('stable-token', url).fetch()).value.reveal()).toBe(TOKEN);
  });
});

describe('unsuccessful HTTP statuses', () => {
  it.each([500, 502, 503, 504, 599])('HTTP %i leaves open whether a token was issued', async (status) => {
    const { url } = await saying(`<html>${TOKEN}</html>`, status);
    const failed = await asking('access-token', url).failure();
    expect(judged(failed)).toBe(`http-${status}, unknown`);
    expect(failed.failure.class).toBe('passing');
  });

  it.each([400, 401, 403, 404, 412, 413, 429])(
    'HTTP %i is a refusal with advice to look at the base URL',
    async (status) => {
      const { url } = await saying(GOOD, status);
      const failed = await asking('access-token', url).failure();
      expect(judged(failed)).toBe(`http-${status}, none`);
      expect(failed.failure.advice).toMatch(/look at the base URL/);
    },
  );

  it.each([301, 302, 303, 307, 308])(
    'HTTP %i is not followed because the request carries the AppSecret',
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
    'HTTP 302 is a refusal even with the Location header %j',
    async (location) => {
      const { url } = await saying('', 302, { location });
      expect(judged(await asking('stable-token', url).failure())).toBe('http-302, none');
    },
  );
});
