import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { bound, credentialKinds, kindOf } from '../../src/providers/index.ts';
import { aToken } from '../publishers/token.ts';
import { APPID, SECRET, TOKEN } from './asking.ts';

const OPTIONAL = ['startPushes', 'exchangeCode', 'obtainPermanentCode', 'readGrants'] as const;

function source(called: () => void = () => {}) {
  const platform = {
    async call() {
      called();
      return { body: {} };
    },
  };
  return { appId: APPID, secret: async () => new Secret(SECRET), platform };
}

describe('the provider of a kind', () => {
  it.each(credentialKinds.map((kind) => [kind.type, kind] as const))(
    'a provider of %s has the calls that its kind has, and no others',
    (_, kind) => {
      const provider = bound(kind, source());
      for (const call of OPTIONAL) expect(provider[call] !== undefined).toBe(call in kind.calls);
    },
  );

  it('a call that was taken off its provider is still one about that account', async () => {
    let calls = 0;
    const { exchangeCode } = bound(
      kindOf('component'),
      source(() => {
        calls += 1;
      }),
    );
    const { signal } = new AbortController();
    const outcome = await exchangeCode?.({ code: new Secret('code'), token: aToken(TOKEN), signal });
    expect([outcome, calls]).toEqual(['exchanged', 1]);
  });
});
