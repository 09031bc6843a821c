import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/wait.ts';
import { PATHS, PLATFORM, thirdParty } from './third-parties.ts';

const NAMES = Object.keys(PATHS).filter((name) => name !== 'start') as (keyof typeof PATHS)[];

describe('a daemon that is killed in the middle of an exchange', () => {
  it.each(
    NAMES.flatMap((name) =>
      (['hang', 'lost-answer'] as const).flatMap((kind) =>
        (['same', 'rotated', 'empty'] as const).map((echo) => ({ name, kind, echo })),
      ),
    ),
  )(
    'at $name ($kind, refresh token $echo) it leaves what the next one heals',
    async ({ name, kind, echo }) => {
      const { push, authorize, start, newToken, calls, sandbox } = await thirdParty(onTestFinished);
      await authorize();
      await push();
      await sandbox.control('PATCH', `/components/${PLATFORM}`, { echo });
      await sandbox.faults([{ kind, path: PATHS[name], times: 1 }]);
      const killed = start();
      await eventually(async () => (await calls(name)) > 0);
      killed.signal('SIGKILL');
      await killed.exited;
      await sandbox.clearFaults();
      start();
      await newToken('platform');
      await newToken('shop');
      // A fetch that may have been made is made once more, and no other.
      const made = [await calls('component'), await calls('authorizer')];
      expect(made[0]).toBeLessThanOrEqual(2);
      expect(made[1]).toBeLessThanOrEqual(3);
    },
  );
});
