import { describe, expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { bound, createPlatform, createTransport, kindOf } from '../../src/providers/index.ts';
import { systemClock } from '../../src/system/time/clock.ts';
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
  return (await bound(kindOf('stable-token'), source).probe(aToken(TOKEN), signal)).works;
}

describe('probe of a token that readers refused', () => {
  it('the probe calls getcallbackip with the token and without the AppSecret', async () => {
    const { url, seen } = await saying('{"ip_list":["203.0.113.1"]}');
    expect(await works(url)).toBe(true);
    expect(seen).toMatchObject([{ method: 'GET', target: `/cgi-bin/getcallbackip?access_token=${TOKEN}` }]);
  });

  it.each([40001, 40014, 42001])(
    'the token counts as dead when the probe is answered with %i',
    async (errcode) => {
      const { url } = await saying(JSON.stringify({ errcode, errmsg: 'no' }));
      expect(await works(url)).toBe(false);
    },
  );

  it.each([-1, 45009, 45011, 40164, 48001, 50002])(
    'the token counts as alive when the probe is answered with %i',
    async (errcode) => {
      const { url } = await saying(JSON.stringify({ errcode, errmsg: 'no' }));
      expect(await works(url)).toBe(true);
    },
  );

  it('the token counts as alive when the platform cannot be probed', async () => {
    expect(await works(`http://127.0.0.1:${await closedPort()}`)).toBe(true);
    expect(await works((await saying('<html></html>', 502)).url)).toBe(true);
  });
});
