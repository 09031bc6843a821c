import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { codeWith } from '../docs/readme.ts';
import { sha256 } from '../e2e/workbench.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { planOfCompose } from './compose-plan.ts';
import { imageFor, NODE_IMAGE, podman } from './engine.ts';
import { readBy, statusOf, TOKEN, whyNotMade } from './example.ts';
import { memoryOf } from './memory.ts';
import { type ContainerPlan, containerOf, textsOf } from './plan.ts';
import { type Container, startPod } from './pod.ts';

/** The services of the documented compose.yaml, without those that depend on others. */
async function composed(context: TestContext) {
  await imageFor(context);
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'secret'));
  await writeFile(join(folder, 'secret', 'appsecret'), TEST_ACCOUNT.secret, { mode: 0o600 });
  // As the documentation says, by the engine, which may be another user's.
  const command = 'chown -R 1000:1000 /project/secret';
  await podman(
    ...['run', '--rm', '--network', 'none', '--user', '0:0', '--volume', `${folder}:/project`],
    ...['--entrypoint', '["sh","-c"]', NODE_IMAGE, command],
  );
  const files = {
    compose: await codeWith('yaml', 'image: wx-token-sidecar'),
    health: await codeWith('yaml', 'healthcheck:'),
    creation: await codeWith('sh', 'docker volume create'),
  };
  const plan = planOfCompose(files, folder);
  const pod = await startPod(plan.volumes, [], context.onTestFinished);
  const daemonPlan = containerOf(plan, 'wx-token');
  return { plan, pod, daemonPlan, daemon: await pod.start(daemonPlan) };
}

/** What the healthcheck says of the daemon. */
async function health(plan: ContainerPlan, daemon: Container): Promise<number> {
  const [kind, ...command] = textsOf(plan.probes['healthcheck']?.['test']);
  if (kind !== 'CMD') throw new Error(`not a command as podman executes it: ${kind}`);
  return (await daemon.exec(...command)).code;
}

describe('running compose.yaml of the documentation', () => {
  it('the compose file confines the daemon as written', async (context) => {
    const { daemon, daemonPlan } = await composed(context);
    const status = await statusOf(daemon);

    expect(status).toMatchObject({ CapEff: expect.stringMatching(/^0+$/), NoNewPrivs: '1', Seccomp: '2' });
    expect(status['CapBnd']).toMatch(/^0+$/);
    expect(`${status['Uid']?.split(/\s/)[0]}:${status['Gid']?.split(/\s/)[0]}`).toBe(
      daemonPlan.options[daemonPlan.options.indexOf('--user') + 1],
    );
    for (const folder of ['/', '/run', '/etc/wx-token']) {
      expect(await whyNotMade(daemon, join(folder, 'new')), folder).toBe('EROFS');
    }
    const { limit } = await memoryOf(daemon);
    if (limit === undefined) process.stdout.write('what memory it may have cannot be read here\n');
    else expect(limit).toBe(daemonPlan.memoryLimit);
  });

  it('the daemon is healthy once there is a token, which the app can only read', async (context) => {
    const { plan, pod, daemon, daemonPlan } = await composed(context);
    await eventually(async () => (await health(daemonPlan, daemon)) === 0, {
      for: 'the health of the daemon',
    });

    const app = await pod.start(containerOf(plan, 'app'), { instead: ['sleep', 'infinity'] });
    const before = await readBy(app);
    expect((await pod.fetches()).map(({ tokenSha256 }) => tokenSha256)).toEqual([sha256(before)]);
    expect((await app.exec('id', '-u')).output.trim()).not.toBe('1000');
    expect((await app.exec('sh', '-c', `echo x > ${TOKEN}`)).complaint).toContain('Read-only file system');
    expect((await app.exec('ls', '/etc/wx-token/appsecret')).complaint).toContain('No such file');

    await daemon.signal('HUP');
    const after = await eventually(
      async () => {
        const token = await readBy(app);
        return token !== before && token;
      },
      { for: 'the token of the forced refresh' },
    );
    expect((await pod.fetches()).at(-1)).toMatchObject({ force: true, tokenSha256: sha256(after) });
  });

  it('the daemon is not healthy without a token', async (context) => {
    const { daemonPlan, pod } = await composed(context);
    const elsewhere = {
      WXTOKEN_FILE: '/var/run/wx/other/token',
      WXTOKEN_STATE_DIR: '/var/run/wx/other/state',
    };
    const cutOff = await pod.start(daemonPlan, {
      env: { ...elsewhere, WXTOKEN_API_BASE_URL: 'http://127.0.0.1:9' },
    });
    await eventually(async () => (await cutOff.log()).includes('"started"'), { for: 'the start' });
    expect(await health(daemonPlan, cutOff)).toBe(3);
  });

  it('the daemon restarts after a kill without a platform call and exits 0 on TERM', async (context) => {
    const { daemon, daemonPlan, pod } = await composed(context);
    await eventually(async () => (await health(daemonPlan, daemon)) === 0, {
      for: 'the health of the daemon',
    });
    const pid = await daemon.pid();
    process.kill(pid, 'SIGKILL');
    await eventually(async () => ![0, pid].includes(await daemon.pid()), { for: 'the restart' });
    await eventually(async () => (await daemon.log()).includes('adopted a stored'), { for: 'the take-over' });
    expect(await pod.fetches()).toHaveLength(1);

    await podman('stop', '--time', '5', daemon.id);
    expect(await podman('inspect', '--format', '{{.State.ExitCode}}', daemon.id)).toBe('0');
  });
});
