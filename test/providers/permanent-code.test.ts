import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { bound, createPlatform, createTransport, kindOf } from '../../src/providers/index.ts';
import { systemClock } from '../../src/system/time/clock.ts';

const CODE = 'queryauthcode@@@of-a-corp';
const TOKEN = {
  ...{ value: new Secret('token-of-the-suite'), expiresIn: 7200, generation: 1 },
  ...{ issuedAt: 0, expiresAt: 7_200_000 },
};
const PERMANENT = 'permanent-code-of-a-corp';
const GOOD = { permanent_code: PERMANENT, auth_corp_info: { corpid: 'wpAbCd-_0' } };

/** What a suite makes of an answer of the platform, and what the platform was asked. */
async function answered(answer: object, permit = () => true) {
  const asked: { readonly url: string; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.once('end', () => {
      asked.push({ url: String(request.url), body });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const transport = createTransport({ timeout: 60_000 });
  onTestFinished(() => transport.close());
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kind = kindOf('wecom-suite');
  const provider = bound(kind, {
    appId: 'ww0000000000000001',
    secret: async () => new Secret('s'.repeat(32)),
    platform: createPlatform(kind.family, [host], transport, systemClock),
  });
  const outcome = provider.obtainPermanentCode?.({
    ...{ code: new Secret(CODE), token: TOKEN, permit },
    signal: new AbortController().signal,
  });
  return { outcome, asked };
}

describe('the exchange of the code of a corp', () => {
  it('brings the corp and its permanent code, without an errcode and without a token', async () => {
    const { outcome, asked } = await answered(GOOD);
    expect(await outcome).toEqual({ corpId: 'wpAbCd-_0', value: new Secret(PERMANENT) });
    const path = '/cgi-bin/service/v2/get_permanent_code?suite_access_token=';
    expect(asked).toMatchObject([{ body: JSON.stringify({ auth_code: CODE }) }]);
    expect(asked[0]?.url.startsWith(path)).toBe(true);
  });

  it.each([40058, 40078])('%d says that nothing will come of the code', async (errcode) => {
    expect(await (await answered({ errcode, errmsg: 'invalid' })).outcome).toBe('used');
  });

  it('another errcode is a failure, which does not say what was sent', async () => {
    const { outcome } = await answered({ errcode: 40082, errmsg: `bad ${CODE}` });
    const error = await outcome?.catch((caught: Error) => caught);
    expect(error).toMatchObject({ failure: { errcode: 40082, blamesToken: expect.anything() } });
    expect(JSON.stringify(error)).not.toContain(CODE);
  });

  it.each([
    ['no permanent code', { ...GOOD, permanent_code: undefined }, 'has no permanent_code'],
    ['one that is none', { ...GOOD, permanent_code: 'a b' }, 'cannot be one'],
    ['no corp', { permanent_code: PERMANENT }, 'has no auth_corp_info.corpid'],
    [
      'a corp that could be a path',
      { ...GOOD, auth_corp_info: { corpid: '../../etc/passwd' } },
      'no file is named after it',
    ],
  ])('an answer with %s is refused, and not repeated', async (_, answer, reason) => {
    const error = await (await answered(answer)).outcome?.catch((caught: Error) => caught);
    expect(error).toMatchObject({
      failure: { code: 'odd-answer' },
      message: expect.stringContaining(reason),
    });
    expect((error as Error).message).not.toMatch(/etc.passwd|permanent-code-of/);
  });

  it('nothing is sent where it may not be at the last moment', async () => {
    const { outcome, asked } = await answered(GOOD, () => false);
    await expect(outcome).rejects.toMatchObject({ failure: { effect: 'unsent' } });
    expect(asked).toEqual([]);
  });
});
