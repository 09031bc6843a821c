import { chmod, chown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { TYPES, type Type, workbench } from '../e2e/workbench.ts';
import type { Environment } from '../support/program.ts';
import { recordIn } from './record.ts';
import { asUser, giveTo, inNamespaces, needs, startWrapped, USER, type Wrapper } from './wrapped.ts';

const GROUP = 2000;

describe.concurrent('G6: owner and mode of the state folder', () => {
  it('a record that another user owns is ignored with a warning, and what is published is taken over', async (context) => {
    const { bench, stateDir, env } = await volume(context, 'stable-token');
    expect((await bench.once(env)).code).toBe(0);
    const path = await recordIn(stateDir);
    await chown(path, USER, USER);

    const restarted = await bench.once(env);
    expect(restarted.code).toBe(0);
    expect(restarted.log()).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('another user') }),
    );
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('a state folder without write permission leaves a stable-token working with a warning', async (context) => {
    const { bench, stateDir, env, onceAs } = await volume(context, 'stable-token');
    expect((await onceAs(asUser())).code).toBe(0);
    await chown(stateDir, 0, 0);
    await chmod(stateDir, 0o755);
    const first = await bench.token();

    const restarted = await onceAs(asUser(), env);
    expect(restarted.code).toBe(0);
    expect(restarted.log()).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringMatching(/state folder.*continuing without/),
      }),
    );
    expect(await bench.token()).toBe(first);
    expect((await bench.fetches()).length).toBeLessThanOrEqual(2);
  });

  it('a state folder without write permission is refused for an access-token with exit code 78', async (context) => {
    const { bench, stateDir, onceAs } = await volume(context, 'access-token');
    expect((await onceAs(asUser())).code).toBe(0);
    await chown(stateDir, 0, 0);
    await chmod(stateDir, 0o755);
    const first = await bench.token();

    const restarted = await onceAs(asUser());
    expect(restarted.code).toBe(78);
    expect(restarted.stderr()).toMatch(/WXTOKEN_STATE_DIR: .*EACCES.*fsGroup/);
    expect(await bench.token()).toBe(first);
    expect(await bench.fetches()).toHaveLength(1);
  });

  it.for(TYPES)(
    'a state folder on a read-only volume is reported with the remedy for the %s',
    async (type, context) => {
      const { bench, stateDir, onceAs } = await volume(context, type);
      const readOnly = inNamespaces(
        ['-m'],
        `mount --bind ${stateDir} ${stateDir} && mount -o remount,ro,bind ${stateDir}`,
      );
      expect((await bench.once({ WXTOKEN_TYPE: type, WXTOKEN_STATE_DIR: stateDir })).code).toBe(0);
      needs(readOnly, 'mount a folder read-only', context.skip);
      const first = await bench.token();

      const restarted = await onceAs(readOnly);
      expect(restarted.code).toBe(type === 'stable-token' ? 0 : 78);
      expect(restarted.stderr()).toMatch(/EROFS.*mount it read-write/);
      expect(await bench.token()).toBe(first);
      expect((await bench.fetches()).length).toBeLessThanOrEqual(type === 'stable-token' ? 2 : 1);
    },
  );

  it.for(TYPES)(
    'a state folder that fsGroup gave to a group costs its next user no call for the %s',
    async (type, context) => {
      const { bench, stateDir, onceAs } = await volume(context, type);
      expect((await onceAs(asUser())).code).toBe(0);
      const first = await bench.token();
      await giveToGroup(bench.folder);

      expect((await onceAs(asUser(USER, GROUP))).code).toBe(0);
      const next = await onceAs(asUser(USER + 1, GROUP));
      expect({ code: next.code, said: next.stderr() }).toMatchObject({ code: 0 });
      expect(await bench.token()).toBe(first);
      expect(await bench.fetches()).toHaveLength(1);
      expect(stateDir).toContain(bench.folder);
    },
  );
});

/** A workbench that belongs to the image's user, for a test that must be root to make it so. */
async function volume({ onTestFinished, skip }: TestContext, type: Type) {
  needs(asUser(), 'become another user', skip);
  const bench = await workbench(onTestFinished);
  await giveTo(bench);
  const stateDir = join(bench.folder, 'state');
  const env: Environment = { WXTOKEN_TYPE: type, WXTOKEN_STATE_DIR: stateDir };
  async function onceAs(wrapper: Wrapper, changes: Environment = env) {
    const program = startWrapped(wrapper, ['once', '--timeout', '10s'], bench.env(changes), onTestFinished);
    const { code } = await program.exited;
    return { ...program, code };
  }
  return { bench, stateDir, env, onceAs };
}

/** What the kubelet does to a volume: the group of everything, rw for it, and setgid on the folders. */
async function giveToGroup(folder: string): Promise<void> {
  await chown(folder, -1, GROUP);
  await chmod(folder, 0o2770);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    await chown(path, -1, GROUP);
    await chmod(path, entry.isDirectory() ? 0o2770 : 0o660);
  }
}
