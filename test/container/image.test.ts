import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sha256 } from '../e2e/workbench.ts';
import { BUILD_OPTIONS, IMAGE, imageFor, NODE_IMAGE, podman, ROOT } from './engine.ts';

const HOME = '/opt/wx-token-sidecar';

/** Where the options of the build mount something: an empty file stays there. */
function mountPoints(): string[] {
  return BUILD_OPTIONS.flatMap((option) => /^(?:--volume=)?[^:]+:(\/[^:]+)/.exec(option)?.[1] ?? []);
}

it('the image holds Node, one bundle, what belongs to that and nothing else', async (context) => {
  await imageFor(context);
  const { added, deleted = [] }: { added: string[]; deleted?: string[] } = JSON.parse(
    await podman('diff', '--format', 'json', IMAGE, NODE_IMAGE),
  );

  expect(added.filter((path) => !mountPoints().includes(path)).sort()).toEqual(
    [
      HOME,
      `${HOME}/LICENSE`,
      `${HOME}/dist`,
      `${HOME}/dist/THIRD-PARTY-LICENSES`,
      `${HOME}/dist/wx-token-sidecar.cdx.json`,
      `${HOME}/dist/wx-token-sidecar.js`,
      `${HOME}/dist/wx-token-sidecar.js.map`,
      `${HOME}/package.json`,
      // The folder to mount a volume on, in Debian by way of a link.
      '/run/wx',
      '/usr/local/bin/wx-token-sidecar',
    ].sort(),
  );
  expect(deleted).toEqual([]);
});

it('the image runs the program as 1000 by itself', async (context) => {
  await imageFor(context);
  const config = JSON.parse(await podman('image', 'inspect', '--format', '{{json .Config}}', IMAGE));
  expect(config).toMatchObject({ User: '1000:1000', Cmd: ['run'] });
  const version = await podman('run', '--rm', '--network', 'none', '--read-only', IMAGE, '--version');
  const { version: expected } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  expect(version).toBe(`wx-token-sidecar ${expected}`);
});

it('the image holds the very bundle, list and licences that are made here', async (context) => {
  await imageFor(context);
  for (const file of ['wx-token-sidecar.js', 'wx-token-sidecar.cdx.json', 'THIRD-PARTY-LICENSES']) {
    const held = await podman(
      ...['run', '--rm', '--network', 'none', '--entrypoint', '["sha256sum"]'],
      ...[IMAGE, `${HOME}/dist/${file}`],
    );
    const made = sha256(await readFile(join(ROOT, 'dist', file), 'utf8'));
    expect(held.split(' ')[0], file).toBe(made);
  }
});
