import { describe, expect, it } from 'vitest';
import { startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { sha256, workbench } from './workbench.ts';

/**
 * Lives of seconds, and a daemon that looks at the clock every second. A stable token is replaced about every 2 s and
 * works for 4 s more, an access token about every 12 s and works for 5 s more: that much a busy machine may be late.
 */
const CASES = [
  {
    type: 'stable-token',
    rules: { tokenTtl: 6, rotationWindow: 5 },
    env: { WXTOKEN_ROTATION_WINDOW: '5s' },
    rotations: 5,
  },
  { type: 'access-token', rules: { tokenTtl: 18, overlap: 5 }, env: { WXTOKEN_AHEAD: '6s' }, rotations: 2 },
] as const;

describe.concurrent('G2, G3: reading during rotations', () => {
  for (const { type, rules, env, rotations } of CASES) {
    it(`a continuous reader meets only whole and live tokens over several rotations of the ${type}`, async ({
      onTestFinished,
    }) => {
      const { sandbox, file, run, fetches } = await workbench(onTestFinished, rules);
      const reader = startRestlessReader({ file, url: sandbox.url }, onTestFinished);
      run({ WXTOKEN_TYPE: type, ...env });

      await eventually(() => reader.readings().values.length > rotations, {
        for: `${rotations} rotations`,
      });
      const { reads, values, bad, refused } = await reader.stop();

      expect({ bad, refused }).toEqual({ bad: [], refused: [] });
      expect(reads).toBeGreaterThan(values.length);
      const issued = (await fetches()).map(({ tokenSha256 }) => tokenSha256);
      expect(issued).toEqual(expect.arrayContaining(values.map(sha256)));
      // Each call brought a token: none was asked for before its time.
      expect(new Set(issued).size).toBe(issued.length);
    });
  }
});

describe.concurrent('G2: hanging requests', () => {
  it('the daemon gives up a request that is never answered and fetches again', async ({ onTestFinished }) => {
    const { sandbox, run, fetches, newToken } = await workbench(onTestFinished);
    await sandbox.faults([{ kind: 'hang', times: 1 }]);
    const daemon = run();
    await daemon.logged(({ code }) => code === 'timeout');
    await newToken();

    expect((await fetches()).map(({ outcome }) => outcome)).toEqual(['hang', 'answered']);
  });
});
