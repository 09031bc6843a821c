import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { filePublisher } from '../../src/publishers/file.ts';
import { englishOf } from '../config/told.ts';
import { isRoot, mount, namesIn, temporaryFolder } from '../system/folder.ts';
import { program } from '../system/program.ts';

const NOBODY = 65_534;
const SUBJECT = {
  name: 'default',
  type: 'stable-token',
  appId: 'wx0000000000000000',
  kind: 'token',
} as const;
const preparer = program(new URL('./preparer.ts', import.meta.url));

/** What `prepare` finds wrong with a path. */
async function problemsOf(path: string, details = false): Promise<readonly string[]> {
  const target = { type: 'file', path, format: 'raw', details, mode: 0o640 } as const;
  const problems = await filePublisher(target, SUBJECT).prepare();
  return problems.flatMap((problem) => englishOf(problem) ?? []);
}

describe('usable paths', () => {
  it('a path is usable when neither the file nor its folder exists', async () => {
    expect(await problemsOf(join(await temporaryFolder(), 'a', 'b', 'token'), true)).toEqual([]);
  });

  it('a path is usable when the file exists already', async () => {
    const path = join(await temporaryFolder(), 'token');
    await writeFile(path, 'token');
    expect(await problemsOf(path)).toEqual([]);
  });

  it('a path is usable when its folder is a symbolic link or a mount', async (ctx) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'volume'));
    await symlink('volume', join(folder, 'link'));
    expect(await problemsOf(join(folder, 'link', 'token'))).toEqual([]);
    const problem = await mount(['-t', 'tmpfs', 'none'], join(folder, 'volume'));
    if (problem) return ctx.skip(problem);
    expect(await problemsOf(join(folder, 'link', 'token'))).toEqual([]);
  });
});

describe('refused paths', () => {
  it('a symbolic link is refused as a path', async () => {
    const path = join(await temporaryFolder(), 'token');
    await symlink('elsewhere', path);
    expect(await problemsOf(path)).toEqual([
      `${path} is a symbolic link, which the first write would replace: name the file it should be`,
    ]);
  });

  it('a folder is refused as a path', async () => {
    const path = join(await temporaryFolder(), 'token');
    await mkdir(path);
    expect(await problemsOf(path)).toEqual([
      `${path} is there already and is not a regular file: remove it, or name another path`,
    ]);
  });

  it('a FIFO is refused as a path without waiting for a writer', async () => {
    const path = join(await temporaryFolder(), 'token');
    execFileSync('mkfifo', [path]);
    expect(await problemsOf(path)).toEqual([expect.stringContaining('is not a regular file')]);
  });

  it('a socket is refused as a path', async () => {
    const path = join(await temporaryFolder(), 'token');
    const server = createServer().listen(path);
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    expect(await problemsOf(path)).toEqual([expect.stringContaining('is not a regular file')]);
  });

  it('a path is refused when a folder stands in place of its details', async () => {
    const path = join(await temporaryFolder(), 'token');
    await mkdir(`${path}.json`);
    expect(await problemsOf(path, true)).toEqual([expect.stringContaining(`${path}.json is there already`)]);
    expect(await problemsOf(path, false)).toEqual([]);
  });

  it('an unusable file and its unusable details are reported as two problems', async () => {
    const path = join(await temporaryFolder(), 'token');
    await mkdir(path);
    await mkdir(`${path}.json`);
    expect(await problemsOf(path, true)).toHaveLength(2);
  });

  it.for(['token', 'a token', 'a\ttoken', 'a\\token', 'a\\040token', '令牌'])(
    'a mounted single file named %j is refused as a path',
    async (name, ctx) => {
      const folder = await temporaryFolder();
      const path = join(folder, name);
      await writeFile(path, 'token');
      const impossible = await mount(['--bind', path], path);
      if (impossible) return ctx.skip(impossible);
      expect(await problemsOf(path)).toEqual([
        `${path} is itself a mount (a single-file bind mount or subPath), so readers would keep the old file for ever: ` +
          `mount the folder ${folder} instead`,
      ]);
    },
  );

  it('a mounted single file is refused even when named through a link', async (ctx) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'volume'));
    await symlink('volume', join(folder, 'link'));
    const path = join(folder, 'volume', 'token');
    await writeFile(path, 'token');
    const impossible = await mount(['--bind', path], path);
    if (impossible) return ctx.skip(impossible);
    expect(await problemsOf(join(folder, 'link', 'token'))).toEqual([
      expect.stringContaining('is itself a mount'),
    ]);
  });

  it('a file beside a mounted one is accepted as a path', async (ctx) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'token'), 'token');
    const impossible = await mount(['--bind', join(folder, 'token')], join(folder, 'token'));
    if (impossible) return ctx.skip(impossible);
    expect(await problemsOf(join(folder, 'token2'))).toEqual([]);
  });

  it('a folder on a read-only volume is refused with the remedy', async (ctx) => {
    const folder = await temporaryFolder();
    const impossible = await mount(['--bind', '-o', 'ro', folder], folder);
    if (impossible) return ctx.skip(impossible);
    expect(await problemsOf(join(folder, 'token'))).toEqual([
      `cannot write into ${folder}: EROFS; the volume is mounted read-only: ` +
        'mount it read-write in the sidecar, read-only in the app',
    ]);
    expect(await problemsOf(join(folder, 'deeper', 'token'))).toEqual([
      expect.stringContaining(
        `cannot create the folder ${folder}/deeper: EROFS; the volume is mounted read-only`,
      ),
    ]);
  });

  it('a path that leads through a file is refused', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    expect(await problemsOf(join(folder, 'file', 'token'))).toEqual([
      expect.stringContaining('there is a file where the folder should be'),
    ]);
    expect(await problemsOf(join(folder, 'file', 'deeper', 'token'))).toEqual([
      expect.stringContaining('a part of the path is a file, not a folder'),
    ]);
  });

  it.for([
    { what: 'that it may not write', mode: 0o755, owner: 0 },
    { what: 'that it may not list, where a left-over could not be found', mode: 0o300, owner: NOBODY },
  ])('the daemon refuses a folder $what', async ({ mode, owner }, ctx) => {
    if (!isRoot) return ctx.skip('only root may start a program as somebody else');
    const folder = await temporaryFolder();
    await chown(folder, owner, owner);
    await chmod(folder, mode);
    const said = await preparer.run([join(folder, 'token')], { uid: NOBODY, gid: NOBODY });
    expect(JSON.parse(said)).toEqual([
      `cannot write into ${folder}: EACCES; give the daemon write permission on the folder ` +
        '(in Kubernetes: securityContext.fsGroup)',
    ]);
    expect(await namesIn(folder)).toEqual([]);
  });
});
