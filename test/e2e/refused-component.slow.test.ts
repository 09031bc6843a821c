import { expect, it } from 'vitest';
import { eventually } from '../support/wait.ts';
import { PLATFORM, PLATFORM_SECRET, thirdParty } from './third-parties.ts';

it('below a refused token that cannot be renewed, HUP and the schedule ask the platform for nothing', async (ctx) => {
  const { sandbox, start, push, authorize, newToken, calls } = await thirdParty(ctx.onTestFinished);
  await authorize();
  await push();
  const daemon = start();
  const before = await newToken('shop');
  const body = { secret: '0ddba11'.repeat(4), killTokens: true };
  await sandbox.control('PATCH', `/components/${PLATFORM}`, body);
  const asked = await calls('authorizer');
  daemon.signal('SIGHUP');
  // Between them lies a pause. An account that does not wait asks many times meanwhile.
  const renewals = await calls('component');
  await eventually(async () => (await calls('component')) >= renewals + 2, { for: 'two attempts' });
  expect((await calls('authorizer')) - asked).toBeLessThanOrEqual(1);
  await sandbox.control('PATCH', `/components/${PLATFORM}`, { secret: PLATFORM_SECRET });
  daemon.signal('SIGHUP');
  await newToken('shop', before);
});
