import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codeWith } from '../docs/readme.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { derivedImage, IMAGE, imageFor, NODE_IMAGE } from './engine.ts';
import { endByTerm } from './example.ts';
import { startPod } from './pod.ts';

const CONFIG = `
credentials:
  - name: shop
    appId: ${TEST_ACCOUNT.appId}
    secretEnv: SECRET
    publish: [{ type: file, path: /var/run/wx/token }]
    notify:
      - { type: exec, command: [/bin/sh, -c, 'echo "$WX_KIND of $WX_CREDENTIAL" > /var/run/wx/told'] }
`;

const PLAN = { name: 'hooks', image: '', command: [], memoryLimit: Number.NaN, probes: {}, ports: {} };

it('the documented image for exec hooks runs an exec hook', async (context) => {
  await imageFor(context);
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const written = await codeWith('dockerfile', 'COPY --from=');
  // Of the base, which may not be to be had, a shell is all that is asked for here.
  const dockerfile = written
    .replace(/^FROM .+$/m, `FROM ${NODE_IMAGE}`)
    .replaceAll(/--from=\S+/g, `--from=${IMAGE}`);
  await writeFile(join(folder, 'Dockerfile'), dockerfile);
  await writeFile(join(folder, 'config.yaml'), CONFIG);
  const image = await derivedImage('hooks', join(folder, 'Dockerfile'));

  const pod = await startPod([], [], context.onTestFinished);
  const options = ['--volume', `${join(folder, 'config.yaml')}:/etc/wx-token.yaml:ro`];
  const daemon = await pod.start(
    { ...PLAN, options },
    {
      image,
      env: {
        WXTOKEN_CONFIG: '/etc/wx-token.yaml',
        SECRET: TEST_ACCOUNT.secret,
      },
    },
  );
  const told = async () => (await daemon.exec('cat', '/var/run/wx/told')).output;
  expect(await eventually(told, { for: 'the hook' })).toBe('token of shop\n');
  expect((await daemon.exec('wx-token-sidecar', 'status', '--quiet')).code).toBe(0);
  expect((await endByTerm(daemon)).code).toBe(0);
});
