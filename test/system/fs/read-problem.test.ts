import { chmod, chown, mkdir, open, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { type ReadProblem, readProblem, whyUnreadable } from '../../../src/system/fs/read-problem.ts';
import { isRoot, temporaryFolder } from '../folder.ts';

const NOBODY = 65_534;

/** `folder/file`, which belongs to root alone. */
async function roots(context: TestContext): Promise<string> {
  if (!isRoot) context.skip('only root can be somebody else');
  const folder = join(await temporaryFolder(), 'folder');
  await mkdir(folder);
  await writeFile(join(folder, 'file'), 'text');
  await chmod(join(folder, 'file'), 0o600);
  await chown(join(folder, 'file'), 0, 0);
  return join(folder, 'file');
}

function inEnglish({ problem, advice }: ReadProblem) {
  return { problem: problem.en, ...(advice && { advice: advice.en }) };
}

/** What is said when nobody reads the file, whose own group is another one than the file's. */
async function told(path: string) {
  process.setegid?.(NOBODY);
  const groups = process.getgroups?.() ?? [];
  process.setgroups?.([]);
  process.seteuid?.(NOBODY);
  try {
    const error = await open(path).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return inEnglish(await readProblem(path, error));
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
    process.setgroups?.(groups);
  }
}

describe('reasons why a file cannot be read', () => {
  it('a file of another user is named with owner, mode, the uid of the daemon and the cure', async (context) => {
    const file = await roots(context);
    expect(await told(file)).toEqual({
      problem:
        'cannot be read (EACCES): it belongs to uid 0, gid 0 with mode 0600, and the daemon runs as uid 65534, gid 65534',
      advice:
        `let the user of the daemon read it: as root, chown 65534 ${file} where it lies ` +
        '(rootless podman: podman unshare chown); in Kubernetes: securityContext.fsGroup, and defaultMode 0440',
    });
  });

  it('a file of the daemon itself that it may not read is to be made readable', async (context) => {
    const file = await roots(context);
    await chown(file, NOBODY, NOBODY);
    await chmod(file, 0o044);
    expect(await told(file)).toMatchObject({
      problem: expect.stringContaining('uid 65534, gid 65534 with mode 0044'),
      advice: `chmod u+r ${file}`,
    });
  });

  it('the folder that may not be entered is named', async (context) => {
    const file = await roots(context);
    const folder = dirname(file);
    await chmod(file, 0o644);
    await chmod(folder, 0o700);
    const { problem, advice } = await told(file);
    expect(problem).toContain(
      `: the folder ${folder} belongs to uid 0, gid 0 with mode 0700, and the daemon runs as`,
    );
    expect(advice).toContain(`enter it: as root, chown 65534 ${folder} where it lies`);
  });

  it('what a link leads to is named', async (context) => {
    const file = await roots(context);
    const link = join(await temporaryFolder(), 'link');
    await symlink(file, link);
    expect((await told(link)).problem).toContain('(EACCES): it belongs to uid 0');
    await chmod(dirname(file), 0o700);
    expect((await told(link)).problem).toContain(`: the folder ${dirname(file)} belongs to uid 0`);
  });

  it('a file whose mode allows the read is said to be denied by something else', async (context) => {
    const file = await roots(context);
    await chmod(file, 0o644);
    // As SELinux makes it.
    const denied = Object.assign(new Error('permission denied'), { code: 'EACCES' });
    expect(inEnglish(await readProblem(file, denied))).toMatchObject({
      advice: expect.stringContaining('SELinux'),
    });
  });

  it('any other error is told by its code, or in its own words', async () => {
    const file = join(await temporaryFolder(), 'missing');
    const error = await open(file).catch((reason: unknown) => reason);
    expect((await whyUnreadable(file, error)).en).toBe(`${file} cannot be read (ENOENT)`);
    expect((await whyUnreadable(file, new Error('too large'))).en).toBe(`${file} cannot be read (too large)`);
  });

  it('a file that is gone by now is told by its code alone', async (context) => {
    const file = await roots(context);
    await rm(dirname(dirname(file)), { recursive: true });
    const denied = Object.assign(new Error('permission denied'), { code: 'EACCES' });
    expect((await whyUnreadable(file, denied)).en).toMatch(/cannot be read \(EACCES\)/);
  });
});
