import { describe, expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { createPlatform, createTransport, credentialKinds } from '../../src/providers/index.ts';
import { systemClock } from '../../src/system/clock.ts';
import { aToken } from '../publishers/token.ts';
import { APPID, PATIENCE, SECRET, TOKEN } from './asking.ts';
import { closedPort, saying } from './servers.ts';

/** Whether the platform at this address accepts the token. */
async function works(url: string): Promise<boolean> {
  const transport = createTransport({ timeout: PATIENCE });
  onTestFinished(() => transport.close());
  const platform = createPlatform('official', [url], transport, systemClock);
  const source = { appId: APPID, secret: async () => new Secret(SECRET), platform };
  const { signal } = new AbortController();
  return (await credentialKinds['stable-token'].provider(source).probe(aToken(TOKEN), signal)).works;
}

describe('a token that readers doubt', () => {
  it('is tried at the cheapest call there is, without the secret', async () => {
    const { url, seen } = await saying('{"ip_list":["203.0.113.1"]}');
    expect(await works(url)).toBe(true);
    expect(seen).toMatchObject([{ method: 'GET', target: `/cgi-bin/getcallbackip?access_token=${TOKEN}` }]);
  });

  it.each([40001, 40014, 42001])('does not work when the platform answers %i', async (errcode) => {
    const { url } = await saying(JSON.stringify({ errcode, errmsg: 'no' }));
    expect(await works(url)).toBe(false);
  });

  it.each([-1, 45009, 45011, 40164, 48001, 50002])(
    'may well work when the platform answers %i',
    async (errcode) => {
      const { url } = await saying(JSON.stringify({ errcode, errmsg: 'no' }));
      expect(await works(url)).toBe(true);
    },
  );

  it('may well work when the platform cannot be asked', async () => {
    expect(await works(`http://127.0.0.1:${await closedPort()}`)).toBe(true);
    expect(await works((await saying('<html></html>', 502)).url)).toBe(true);
  });
});
