import { chmod, chown, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startProgram } from '../support/program.ts';
import { isRoot } from '../system/folder.ts';
import { workbench } from './workbench.ts';

/** The user of the image. */
const UID = 1000;

describe('a secret file that belongs to another user', () => {
  it.for(['check', 'once', 'run'])(
    '%s names the uid of the daemon, the owner and mode of a secret file that it may not read, and the cure',
    async (command, context) => {
      if (!isRoot) return context.skip('only root can be somebody else');
      const { env, folder, file, fetches } = await workbench(context.onTestFinished);
      await mkdir(dirname(file));
      await chmod(folder, 0o755);
      await chown(dirname(file), UID, UID);
      const program = startProgram([command], { env: env(), uid: UID }, context.onTestFinished);
      const { WXTOKEN_SECRET_FILE: secret } = env();

      expect(await program.exited).toEqual({ code: 78, signal: null });
      const said = command === 'check' ? program.stdout() + program.stderr() : program.stderr();
      expect(said).toContain(
        `WXTOKEN_SECRET_FILE: the secret file ${secret} cannot be read (EACCES): it belongs to uid 0, gid 0 with mode 0600, ` +
          'and the daemon runs as uid 1000, gid 1000; let the user of the daemon read it: ' +
          `as root, chown 1000 ${secret} where it lies`,
      );
      expect(await fetches()).toEqual([]);
    },
  );

  it('a running daemon says the same when the file becomes unreadable', async (context) => {
    if (!isRoot) return context.skip('only root can be somebody else');
    const { env, folder, file, newToken } = await workbench(context.onTestFinished);
    const { WXTOKEN_SECRET_FILE: secret = '' } = env();
    await mkdir(dirname(file));
    await chmod(folder, 0o755);
    await chown(dirname(file), UID, UID);
    await chown(secret, UID, UID);
    const daemon = startProgram([], { env: env(), uid: UID }, context.onTestFinished);
    await newToken();

    await chown(secret, 0, 0);
    daemon.signal('SIGHUP');
    const line = await daemon.logged(({ code }) => code === 'secret-unusable');
    expect(JSON.stringify(line)).toContain(
      'it belongs to uid 0, gid 0 with mode 0600, and the daemon runs as uid 1000',
    );
    expect(line['advice']).toContain(`chown 1000 ${secret}`);
  });
});
