import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { contentOf } from '../support/files.ts';
import { mountFuse, needsFuse } from '../support/fuse.ts';
import { startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, workbench } from './workbench.ts';

it('a volume that ignores modes is told of once, and an unchanged token is neither written nor announced again', async ({
  onTestFinished,
  skip,
}) => {
  await needsFuse(skip);
  const { sandbox, folder, env } = await workbench(onTestFinished);
  const { point } = await mountFuse(join(folder, 'fuse'), onTestFinished, [
    ...['-p', '0777', '--chmod-ignore', '--chown-ignore'],
  ]);
  const told = join(folder, 'told');
  const hook = join(folder, 'hook.sh');
  await writeFile(hook, `#!/bin/sh\necho told >> ${told}\n`);
  await chmod(hook, 0o755);
  await mkdir(join(point, 'wx'));
  const path = join(point, 'wx', 'token');
  const config = join(folder, 'config.yaml');
  const credential = {
    ...{ name: 'shop', appId: APP_ID, secretFile: env()['WXTOKEN_SECRET_FILE'] },
    publish: [{ type: 'file', path, mode: '0640' }],
    notify: [{ type: 'exec', command: [hook] }],
  };
  const stateDir = join(point, 'state');
  const platform = { baseUrl: sandbox.url };
  await writeFile(
    config,
    JSON.stringify({ schedule: '* * * * * *', stateDir, platform, credentials: [credential] }),
  );
  const run = () => startProgram(['run', '--config', config], {}, onTestFinished);

  const daemon = run();
  const line = await daemon.logged(({ code }) => code === 'mode-not-had');
  expect(line).toMatchObject({ level: 'warn', credential: 'shop', target: `file:${path}` });
  expect(line.message).toContain('has mode 0777, not 0640: its volume ignores modes');
  await eventually(() => contentOf(told), { for: 'the hook' });
  await daemon.logged(/\.json has mode 0777, not 0600: its volume ignores modes/);
  const { ino } = await stat(path);
  const token = await readFile(path, 'utf8');

  await eventually(
    async () => {
      const status = startProgram(['status', '--config', config], {}, onTestFinished);
      await status.exited;
      return status.stdout().includes('has mode 0777, not 0640');
    },
    { for: 'the mode in the status' },
  );
  const check = startProgram(['check', '--config', config], {}, onTestFinished);
  await check.exited;
  expect(check.stdout()).toContain(`${path} is there with mode 0777, not 0640`);
  daemon.signal('SIGTERM');
  await daemon.exited;

  // The next daemon looks at the target, finds the token and leaves it.
  const next = run();
  await next.logged(/^adopted/);
  await next.logged(({ code }) => code === 'mode-not-had');
  next.signal('SIGTERM');
  await next.exited;
  expect((await stat(path)).ino).toBe(ino);
  expect(await readFile(path, 'utf8')).toBe(token);
  expect(await contentOf(told)).toBe('told\n');
  expect(next.log().filter(({ message }) => message === 'published')).toEqual([]);
});
