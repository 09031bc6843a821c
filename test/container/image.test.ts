import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, type TestContext } from 'vitest';
import { sha256 } from '../e2e/workbench.ts';
import { IMAGE, imageFor, NODE_IMAGE, podman, ROOT, tryPodman } from './engine.ts';

const HOME = 'opt/wx-token-sidecar';

/** All files of the image but the libraries of Node and the papers of what is not ours. */
const FILES = [
  'usr/local/bin/node',
  'usr/local/bin/wx-token-sidecar',
  `${HOME}/LICENSE`,
  `${HOME}/dist/THIRD-PARTY-LICENSES`,
  `${HOME}/dist/start.cjs`,
  `${HOME}/dist/wx-token-sidecar.cdx.json`,
  `${HOME}/dist/wx-token-sidecar.js`,
  `${HOME}/package.json`,
  'etc/group',
  'etc/passwd',
];

/** The program in parts, and what V8 has compiled of them: names hold a hash of what is in them. */
const PART = new RegExp(`^${HOME}/dist/parts/[\\w-]+\\.js(\\.cache)?$`);

/** What Node loads, on any kind of processor. */
const LIBRARY =
  /^(usr\/)?lib(64)?\/([a-z0-9_]+-linux-gnu[a-z0-9_]*\/)?(lib(atomic|c|dl|gcc_s|m|pthread|stdc\+\+)|ld-linux-[a-z0-9-]+)\.so\.\d+$/;

/** The licences and the versions of what is not ours. */
const PAPER =
  /^(etc\/os-release|usr\/local\/LICENSE|usr\/share\/common-licenses\/[A-Z][\w.-]*|usr\/share\/doc\/lib(atomic1|c6|gcc-s1|stdc\+\+6)\/copyright|var\/lib\/dpkg\/status\.d\/lib(atomic1|c6|gcc-s1|stdc\+\+6))$/;

const run = promisify(execFile);

/** The image as one file, which `tar` lists and reads. */
async function exported(context: TestContext): Promise<string> {
  await imageFor(context);
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const archive = join(folder, 'image.tar');
  const id = await podman('create', '--network', 'none', IMAGE);
  context.onTestFinished(async () => {
    await podman('rm', id);
  });
  await podman('export', '--output', archive, id);
  return archive;
}

it('the image holds Node, the bundle with its licences, and no other program', async (context) => {
  const archive = await exported(context);
  const { stdout } = await run('tar', ['--list', '--verbose', '--numeric-owner', '--file', archive]);
  const entries = stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [mode = '', owner = '', , , , ...path] = line.split(/ +/);
      return { mode, owner, path: path.join(' ') };
    });
  const files = entries.filter(({ mode }) => mode.startsWith('-'));
  const paths = files.map(({ path }) => path);
  const others = paths.filter((path) => !LIBRARY.test(path) && !PAPER.test(path) && !PART.test(path));
  expect(others.sort()).toEqual([...FILES].sort());
  const main = `${HOME}/dist/parts/main.js`;
  expect(paths).toEqual(expect.arrayContaining([main, `${main}.cache`]));
  const licence = '/usr/local/LICENSE';
  const test = ['run', '--rm', '--network', 'none', '--entrypoint', '["test","-f"]', NODE_IMAGE, licence];
  const { code } = await tryPodman(...test);
  expect(paths).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/\/libc\.so\.6$/),
      'usr/share/doc/libc6/copyright',
      'var/lib/dpkg/status.d/libc6',
      ...(code === 0 ? [licence.slice(1)] : []),
    ]),
  );

  // The folder to mount a volume on is the only thing that a daemon may write.
  expect(entries.filter(({ mode }) => !/^[d-]/.test(mode))).toEqual([
    { mode: 'lrwxrwxrwx', owner: '0/0', path: 'var/run -> /run' },
  ]);
  expect(entries.filter(({ owner }) => owner !== '0/0')).toEqual([
    { mode: 'drwxr-xr-x', owner: '1000/1000', path: 'run/wx/' },
  ]);
  // Nothing runs as another user, and nothing is anybody's to write.
  expect(entries.filter(({ mode }) => !mode.startsWith('l') && /^(...|.{6})s|^.{8}w/.test(mode))).toEqual([]);

  const [size, base] = await Promise.all(
    [IMAGE, NODE_IMAGE].map((image) => podman('image', 'inspect', '--format', '{{.Size}}', image)),
  );
  const megabytes = (bytes: string | undefined) => `${(Number(bytes) / 1e6).toFixed(0)} MB`;
  process.stdout.write(`the image takes ${megabytes(size)}, of a base of ${megabytes(base)}\n`);
});

it('the image runs the program as user 1000, by default and by name', async (context) => {
  await imageFor(context);
  const config = JSON.parse(await podman('image', 'inspect', '--format', '{{json .Config}}', IMAGE));
  expect(config).toMatchObject({ User: '1000:1000', Cmd: ['run'] });
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  for (const options of [[], ['--entrypoint', '["wx-token-sidecar"]']]) {
    const said = await podman(
      ...['run', '--rm', '--network', 'none', '--read-only', ...options],
      ...[IMAGE, '--version'],
    );
    expect(said).toBe(`wx-token-sidecar ${version}`);
  }
});

it('the image holds the same bundle, SBOM and licences as this build', async (context) => {
  const archive = await exported(context);
  for (const file of ['wx-token-sidecar.js', 'wx-token-sidecar.cdx.json', 'THIRD-PARTY-LICENSES']) {
    const { stdout } = await run(
      'tar',
      ['--extract', '--to-stdout', '--file', archive, `${HOME}/dist/${file}`],
      {
        maxBuffer: 2 ** 26,
      },
    );
    expect(sha256(stdout), file).toBe(sha256(await readFile(join(ROOT, 'dist', file), 'utf8')));
  }
});
