import { chmod, chown, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workbench } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import { needs, startWrapped } from './wrapped.ts';

const GROUP = 2000;

describe('G5: a state folder for several users', () => {
  it('a second user in the group of the state folder gets the token without a call', async ({
    onTestFinished,
    skip,
  }) => {
    const as = (uid: number) => ['setpriv', `--reuid=${uid}`, `--regid=${GROUP}`, '--clear-groups'] as const;
    needs(as(1000), 'run as other users', skip);
    const bench = await workbench(onTestFinished);
    const once = async (uid: number) => {
      const folder = join(bench.folder, `user-${uid}`);
      await mkdir(folder);
      await writeFile(
        join(folder, 'secret'),
        (await contentOf(bench.env()['WXTOKEN_SECRET_FILE'] ?? '')) ?? '',
      );
      const config = join(folder, 'config.json');
      const credential = {
        name: 'shop',
        type: 'access-token',
        appId: bench.env()['WXTOKEN_APPID'],
        secretFile: join(folder, 'secret'),
        publish: [{ type: 'file', path: join(folder, 'volume', 'token') }],
      };
      await writeFile(
        config,
        JSON.stringify({
          stateDir: join(bench.folder, 'state'),
          stateMode: '0770',
          stateGroup: GROUP,
          platform: { baseUrl: bench.sandbox.url },
          credentials: [credential],
        }),
      );
      for (const path of [folder, config, join(folder, 'secret')]) await chown(path, uid, GROUP);
      const program = startWrapped(as(uid), ['once', '--config', config], {}, onTestFinished);
      const { code } = await program.exited;
      return { code, stderr: program.stderr(), token: await contentOf(join(folder, 'volume', 'token')) };
    };
    await chown(bench.folder, 1000, GROUP);
    await chmod(bench.folder, 0o770);
    const first = await once(1000);
    const second = await once(1001);

    expect(first).toMatchObject({ code: 0 });
    expect(second).toMatchObject({ code: 0, token: first.token });
    expect(await bench.fetches()).toHaveLength(1);
    const { mode, gid } = await stat(join(bench.folder, 'state'));
    expect([mode & 0o7777, gid]).toEqual([0o2770, GROUP]);
  });
});
