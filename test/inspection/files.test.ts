import { chmod, chown, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StateOrigin } from '../../src/config/resolve/state-dir.ts';
import { Secret } from '../../src/core/secret.ts';
import { inspectSecret as lookSecret } from '../../src/inspection/check/secret.ts';
import { inspectState as lookState } from '../../src/inspection/check/state.ts';
import { inspectFiles as lookFiles } from '../../src/publishers/file-check.ts';
import type { FileTarget } from '../../src/publishers/file-target.ts';
import { isRoot } from '../system/folder.ts';
import { hostOn, realFolder } from './host-context.ts';
import { inEnglish } from './said.ts';

function target(path: string, changes: Partial<FileTarget> = {}): FileTarget {
  return { type: 'file', path, of: 'token', format: 'raw', details: true, mode: 0o640, ...changes };
}

async function inspectFiles(...about: Parameters<typeof lookFiles>) {
  return inEnglish(await lookFiles(...about));
}

async function inspectSecret(...about: Parameters<typeof lookSecret>) {
  return inEnglish(await lookSecret(...about));
}

async function inspectState(...about: Parameters<typeof lookState>) {
  return inEnglish(await lookState(...about));
}

describe('published files', () => {
  it('a published file is shown with its readers and the file system of its folder', async () => {
    const folder = await realFolder();
    const path = join(folder, 'volume', 'token');
    expect(await inspectFiles([target(path)], hostOn('tmpfs'))).toEqual({
      facts: [
        [
          'token',
          `${path}: raw, details in token.json; mode 0640: app (1000) reads and writes, group app (1000) reads, others nothing`,
        ],
        ['folder', `${folder}/volume: will be created, tmpfs (memory)`],
      ],
      warnings: [],
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('a folder is shown once for all files in it, with the target of its link', async () => {
    const folder = await realFolder();
    await mkdir(join(folder, 'volume'), { mode: 0o755 });
    await symlink('volume', join(folder, 'link'));
    const files = ['token', 'ticket'].map((name) => target(join(folder, 'link', name), { details: false }));
    const { facts } = await inspectFiles(files, hostOn('tmpfs'));

    expect(facts.map(([label]) => label)).toEqual(['token', 'token', 'folder']);
    expect(facts[2]?.[1]).toBe(
      `${folder}/link: leads to ${folder}/volume, is there with mode 0755, writable, tmpfs (memory)`,
    );
  });

  it.for(['ext4', 'overlay', 'nfs4'])(
    'a published file on %s causes a warning because it is not in memory',
    async (type) => {
      const path = join(await realFolder(), 'token');
      const { warnings } = await inspectFiles([target(path)], hostOn(type));
      expect(warnings).toEqual([expect.stringMatching(new RegExp(`not kept in memory but on ${type}: `))]);
    },
  );

  it('a published file on a network file system comes with advice to poll', async () => {
    const path = join(await realFolder(), 'token');
    const { facts } = await inspectFiles([target(path)], hostOn('nfs4'));
    expect(facts).toContainEqual(['', expect.stringMatching(/no events.*polling/)]);
  });

  it('a published file on a container layer is shown as invisible to other containers', async () => {
    const path = join(await realFolder(), 'token');
    const { facts } = await inspectFiles([target(path)], hostOn('overlay'));
    expect(facts).toContainEqual(['folder', expect.stringContaining('no other container sees it')]);
  });

  it('a published file that everyone may read causes a warning', async () => {
    const path = join(await realFolder(), 'token');
    const { warnings } = await inspectFiles([target(path, { mode: 0o644 })], hostOn('tmpfs'));
    expect(warnings).toEqual([expect.stringMatching(/^everyone who gets at .*token may read it/)]);
  });

  it('a file group that the daemon is not in causes a warning, except for root', async () => {
    const folder = await realFolder();
    await chmod(folder, 0o755);
    const file = target(join(folder, 'token'), { gid: 33 });
    expect((await inspectFiles([file], hostOn('tmpfs'))).warnings).toEqual([
      expect.stringMatching(/^app \(1000\) is not in group www-data \(33\)/),
    ]);
    expect((await inspectFiles([file], hostOn('tmpfs', { uid: 0 }))).warnings).toEqual([]);
    expect((await inspectFiles([file], hostOn('tmpfs', { groups: [1000, 33] }))).warnings).toEqual([]);
  });

  it('a folder that the group of the file cannot enter causes a warning', async () => {
    const folder = await realFolder();
    await chmod(folder, 0o700);
    const file = target(join(folder, 'volume', 'token'), { gid: 33 });
    expect((await inspectFiles([file], hostOn('tmpfs', { groups: [33] }))).warnings).toEqual([
      `group www-data (33) may read ${folder}/volume/token, but does not get through ${folder} (mode 0700)`,
    ]);
  });

  it('a published file in a setgid folder is shown with the group of the folder', async (ctx) => {
    if (!isRoot) return ctx.skip('this process may not change owners');
    const folder = await realFolder();
    await chown(folder, 1000, 33);
    await chmod(folder, 0o2770);
    const { facts } = await inspectFiles([target(join(folder, 'token'))], hostOn('tmpfs'));
    expect(facts[0]?.[1]).toContain('group www-data (33) reads');
  });

  it('an existing file with another mode is shown with its current mode', async () => {
    const path = join(await realFolder(), 'token');
    await writeFile(path, 'a token', { mode: 0o600 });
    const { facts } = await inspectFiles([target(path)], hostOn('tmpfs'));
    expect(facts).toContainEqual(['', expect.stringMatching(/^for now it is there with mode 0600 of /)]);
    expect(JSON.stringify(facts)).not.toContain('a token');
  });
});

describe('secret files', () => {
  it.for([
    [0o600, 0],
    [0o640, 0],
    [0o644, 1],
  ] as const)('the secret file of decimal mode %o gets a warning count of %d', async ([mode, count]) => {
    const file = join(await realFolder(), 'app.secret');
    await writeFile(file, 'hidden');
    await chmod(file, mode);
    const { facts, warnings } = await inspectSecret({ file }, hostOn('ext4'));

    expect(warnings).toHaveLength(count);
    expect(facts[0]?.[1]).toContain(`readable, mode 0${mode.toString(8)}: `);
    expect(JSON.stringify([facts, warnings])).not.toContain('hidden');
  });

  it('a secret file mounted as a single file is shown as such', async () => {
    const file = join(await realFolder(), 'app.secret');
    await writeFile(file, 'hidden', { mode: 0o600 });
    const root = { id: 1, parent: 0, point: '/', type: 'overlay', readOnly: false };
    const single = { id: 2, parent: 1, point: file, type: 'ext4', readOnly: true };
    const { facts } = await inspectSecret({ file }, hostOn('', { mounts: [root, single] }));
    expect(facts).toContainEqual(['', expect.stringContaining('mounted as a single file')]);
  });

  it('a secret file that is a link is shown with its destination', async () => {
    const folder = await realFolder();
    await writeFile(join(folder, 'data'), 'hidden', { mode: 0o600 });
    await symlink('data', join(folder, 'app.secret'));
    const { facts } = await inspectSecret({ file: join(folder, 'app.secret') }, hostOn('tmpfs'));
    expect(facts[0]?.[1]).toContain(`leads to ${folder}/data, readable`);
  });

  it('a secret in an environment variable is shown as such without warnings', async () => {
    const { facts, warnings } = await inspectSecret({ value: new Secret('hidden') }, hostOn('tmpfs'));
    expect(facts).toEqual([['secret', expect.stringContaining('in a variable of the environment')]]);
    expect(warnings).toEqual([]);
  });
});

describe('state folders', () => {
  const sharedOn = async (type: string, stateOrigin: StateOrigin) => {
    const stateDir = join(await realFolder(), 'state');
    const { shared, facts } = await inspectState({ stateDir, stateOrigin }, hostOn(type));
    return { shared, how: facts.find(([label]) => label === 'shared')?.[1] };
  };

  it('a state folder on a network file system is shared with every machine that mounts it', async () => {
    expect(await sharedOn('nfs4', 'new')).toEqual({ shared: true, how: 'with every machine that mounts it' });
  });

  it('a configured state folder is shared with every daemon given the same folder', async () => {
    expect(await sharedOn('ext4', 'chosen')).toEqual({
      shared: true,
      how: 'with every daemon that is given the same folder',
    });
  });

  it('a state folder that a link beside the published files leads to is not told as a chosen one', async () => {
    const { shared, how } = await sharedOn('ext4', 'found');
    expect(shared).toBe(false);
    expect(how).toMatch(/^no: it is the usual one/);
  });

  it('a state folder with a group is shown as shared with its users', async () => {
    const config = {
      stateDir: join(await realFolder(), 'state'),
      stateGid: 33,
      stateOrigin: 'chosen',
    } as const;
    const { facts } = await inspectState(config, hostOn('ext4'));
    expect(facts).toContainEqual([
      'shared',
      expect.stringMatching(/; for all users of group www-data \(33\)$/),
    ]);
  });

  it('the record count of a state folder ignores other files', async () => {
    const folder = await realFolder();
    const host = hostOn('ext4');
    const records = async () =>
      (await inspectState({ stateDir: folder, stateOrigin: 'chosen' }, host)).facts.at(-1);
    expect(await records()).toEqual(['records', 'none yet']);
    for (const name of ['a.json', 'b.json', 'b.json.owner', '.hidden.json', 'requests']) {
      await writeFile(join(folder, name), '');
    }
    expect(await records()).toEqual(['records', '2']);
  });
});
