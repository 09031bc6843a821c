import { describe, expect, it } from 'vitest';
import { platformFailure } from '../../src/core/errcodes/index.ts';
import { EdgeError, failureOf } from '../../src/core/failure.ts';
import { Secret } from '../../src/core/secret.ts';
import { kindOf, providerOf } from '../../src/providers/index.ts';

/** The advice for a refusal with that code. */
async function adviceFor(errcode: number, { appId = 'wx0000000000000000', secret = '0'.repeat(32) }) {
  const provider = providerOf(kindOf('stable-token'), {
    appId,
    secret: async () => new Secret(secret),
    platform: {
      call: async () => {
        throw new EdgeError(platformFailure('official', 'token', { errcode, errmsg: '' }));
      },
    },
  });
  const { signal } = new AbortController();
  const failure = await provider.fetch({ forced: false, signal }).then(
    () => undefined,
    (error: unknown) => failureOf(error, 'none'),
  );
  expect(failure).toMatchObject({ errcode });
  return failure?.advice ?? '';
}

describe('advice for a refused id or AppSecret', () => {
  it('an AppID that the platform does not know is told with its odd character', async () => {
    expect(await adviceFor(40013, { appId: 'wx00000000000000Z0' })).toMatch(
      /^Look at the AppID: its character 17 is Z \(U\+005A\), where only 0-9 and a-f are usual\. Compare appId/,
    );
  });

  it('a refused AppSecret of another length is told, and no character of it', async () => {
    const advice = await adviceFor(40125, { secret: '0123456789abcdef0123456789abcde' });
    expect(advice).toMatch(/^Look at the AppSecret; it has 31 characters, where 32 are usual\. /);
  });

  it('an odd character of a refused AppSecret is told by its place', async () => {
    const advice = await adviceFor(40001, { secret: `Q${'0'.repeat(31)}` });
    expect(advice).toMatch(/^Look at the AppSecret; its character 1 is another one, where only 0-9 and a-f/);
    expect(advice).not.toContain('Q');
  });

  it.each([40013, 40125, 40001, 40164])(
    'with nothing odd, the advice for %i is that of the code',
    async (errcode) => {
      expect(await adviceFor(errcode, {})).toBe(
        platformFailure('official', 'token', { errcode, errmsg: '' }).advice,
      );
    },
  );
});
