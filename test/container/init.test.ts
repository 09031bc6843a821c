import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { sha256 } from '../e2e/workbench.ts';
import { folderFor } from '../k8s/helm.ts';
import { builtIn, workload } from '../k8s/kustomize.ts';
import { startProgram } from '../support/program.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { CHECK, expectChecked, expectToken, issued, startApi, startedPod } from './built-pod.ts';
import { planOfCompose } from './compose-plan.ts';
import { imageFor, NODE_IMAGE, podman } from './engine.ts';
import { startMachine, tokenFor, UNIT } from './machine.ts';
import { containerOf } from './plan.ts';
import { PLATFORM, startPod } from './pod.ts';

/** What `init` writes for such readers, and the commands that it leaves to people. */
async function initialized(context: TestContext, reader: string) {
  await imageFor(context);
  const folder = join(await folderFor(context), 'wx');
  const given = ['--reader', reader, '--appid', TEST_ACCOUNT.appId, '--language', 'en'];
  const program = startProgram(['init', '--folder', folder, ...given], {}, context.onTestFinished);
  expect(await program.exited, program.stderr()).toMatchObject({ code: 0 });
  const lines = program
    .stdout()
    .split('\n')
    .map((line) => line.trim());
  const command = (start: string) => {
    const found = lines.find((line) => line.startsWith(start));
    if (found === undefined) throw new Error(`no step begins with ${start}`);
    return found;
  };
  return { folder, lines, command };
}

/** The words of a command that come after others. */
function wordsAfter(command: string, words: string): readonly string[] {
  const [, rest = ''] = command.split(words);
  return rest.trim().split(/\s+/);
}

describe('set-ups that init writes', () => {
  it('the compose file brings a token that the app reads', async (context) => {
    const { folder, lines, command } = await initialized(context, 'compose');
    const secret = command('install ').split(' ').at(-1) ?? '';
    await mkdir(dirname(secret));
    await writeFile(secret, `${TEST_ACCOUNT.secret}\n`, { mode: 0o400 });
    // What the step's `install` does, by the engine, which may be another user's.
    const owned = `chown 1000:1000 ${secret.replace(folder, '/project')}`;
    await podman(
      ...['run', '--rm', '--network', 'none', '--user', '0:0', '--volume', `${folder}:/project`],
      ...['--entrypoint', '["sh","-c"]', NODE_IMAGE, owned],
    );
    const compose = await readFile(join(folder, 'compose.yaml'), 'utf8');
    const plan = planOfCompose({ compose, health: 'services: {}', creation: lines.join('\n') }, folder);
    const pod = await startPod(plan.volumes, [], context.onTestFinished);
    const daemon = await pod.start(containerOf(plan, 'wx-token'));
    const app = await pod.start(containerOf(plan, 'app'));
    await eventually(async () => (await app.log()).includes('token is there'), { for: 'the token' });

    expect((await app.exec('id', '-u')).output.trim()).toBe('33');
    expect(sha256((await app.exec('cat', '/var/run/wx/token')).output)).toBe(await issued(pod));
    await expectChecked(daemon, wordsAfter(stepWithCheck(lines), ' exec wx-token '));
  });

  it('the systemd unit, installed by the steps that init ends with, brings a token', async (context) => {
    const { folder, lines } = await initialized(context, 'systemd');
    const machine = await startMachine(context);
    await machine.run('mkdir', '-p', dirname(folder));
    await machine.put(folder, folder);
    const [secret = ''] = lines.filter((line) => line.startsWith('cat > ')).map((line) => line.slice(6));
    const steps = lines.filter((line) => /^(?:install|useradd|systemctl) /.test(line));
    expect(steps).toHaveLength(6);
    const put = `printf '%s\\n' ${TEST_ACCOUNT.secret} > ${secret}`;
    const [start = ''] = steps.slice(-1);
    await machine.run(
      'sh',
      '-ec',
      ['cd /opt/wx-token-sidecar', ...steps.slice(0, -1), put, start].join('\n'),
    );
    await machine.run('useradd', '--groups', 'wx-token', 'app');

    expect(sha256(await tokenFor(machine, 'app', '/run/wx/token'))).toBe(await issued(machine.pod));
    expect(await machine.shown('ActiveState')).toBe('active');
    expect(await machine.run('systemctl', 'is-enabled', UNIT)).toBe('enabled');
    await machine.run('sh', '-c', `WXTOKEN_API_BASE_URL=${PLATFORM} ${stepWithCheck(lines)}`);
  });

  it('the component adds a sidecar whose token the app reads as another user', async (context) => {
    const { folder, command } = await initialized(context, 'sidecar');
    const own = await folderFor(context);
    const mounts = parse(command('volumeMounts: '));
    const app = {
      name: 'app',
      image: 'app',
      ...mounts,
      securityContext: { runAsUser: 33, runAsGroup: 33, seccompProfile: { type: 'RuntimeDefault' } },
      resources: { limits: { memory: '64Mi' } },
    };
    await writeFile(join(own, 'app.yaml'), JSON.stringify(workload('Deployment', { containers: [app] })));
    const [component = ''] = parse(command('components: ')).components;
    const components = [relative(own, component)];
    expect(component).toBe(folder);
    await writeFile(join(own, 'kustomization.yaml'), JSON.stringify({ resources: ['app.yaml'], components }));
    const objects = await builtIn(own, context);
    const pod = await startedPod(context, objects);
    const sidecar = await pod.begun('wx-token');
    const reader = await pod.start(pod.plan('app'), { instead: ['sleep', 'infinity'] });
    expect(sha256((await reader.exec('cat', '/var/run/wx/token')).output)).toBe(await issued(pod));
    await expectChecked(sidecar, CHECK);
  });

  it('the kustomization of a refresher brings a token into its Secret, with the rights that it gives', async (context) => {
    const { folder } = await initialized(context, 'cluster');
    const objects = await builtIn(folder, context);
    const pod = await startedPod(context, objects);
    const api = await startApi(pod, context, objects);
    const daemon = await pod.begun('wx-token', api.changes);
    await expectToken(pod, api, daemon, 'main');
    await expectChecked(daemon, CHECK);
  });
});

function stepWithCheck(lines: readonly string[]): string {
  const found = lines.find((line) => line.includes(' check --online '));
  if (found === undefined) throw new Error('no step checks');
  return found;
}
