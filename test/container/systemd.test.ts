import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { codeWith } from '../docs/readme.ts';
import { sha256 } from '../e2e/workbench.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { derivedImage, imageFor, podman, ROOT } from './engine.ts';
import { PLATFORM, startPod } from './pod.ts';

const UNIT = 'wx-token-sidecar.service';
const TOKEN = '/run/wx/token';

/** A machine: systemd may mount, as it may anywhere, and has the rights of any container besides. */
const MACHINE = {
  name: 'machine',
  options: ['--cap-add', 'SYS_ADMIN', '--systemd=always'],
  image: '',
  command: [],
  memoryLimit: Number.NaN,
  probes: {},
  ports: {},
};

/** What a key of the unit says, the first time. */
function settingOf(unit: string, key: string): string {
  const value = new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1];
  if (value === undefined) throw new Error(`the unit says nothing of ${key}`);
  return value;
}

/** What a comment of the unit says is to be done with a program. */
function commandOf(unit: string, program: string): string {
  const command = new RegExp(`^# (${program} [^;\\n]*)`, 'm').exec(unit)?.[1];
  if (command === undefined) throw new Error(`the unit does not say how to ${program}`);
  return command;
}

/** The unit of the documentation, installed and started as it says. */
async function started(context: TestContext) {
  await imageFor(context);
  const image = await derivedImage('systemd', join(ROOT, 'test/container/systemd.Dockerfile'));
  const pod = await startPod([], [], context.onTestFinished);
  const machine = await pod.start(MACHINE, { image });
  const run = async (...command: readonly string[]) => {
    const { code, output, complaint } = await machine.exec(...command);
    if (code !== 0) throw new Error(`${command.join(' ')}: ${code}\n${complaint}${output}`);
    return output.trim();
  };
  await eventually(() => run('systemctl', 'is-system-running'), { for: 'systemd' });

  const unit = await codeWith('ini', '[Service]');
  const [node = ''] = settingOf(unit, 'ExecStart').split(' ');
  const user = settingOf(unit, 'User');
  const [, secret = ''] = settingOf(unit, 'LoadCredential').split(':');
  const prepare = `set -e
ln -s "$(command -v node)" ${node}
cd /opt/wx-token-sidecar && ${commandOf(unit, 'install')}
${commandOf(unit, 'useradd')}
useradd --groups ${user} app
useradd stranger
mkdir -p "$(dirname ${secret})" && printf %s ${TEST_ACCOUNT.secret} > ${secret} && chmod 0400 ${secret}`;
  await run('sh', '-c', prepare);
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const files = {
    [UNIT]: unit,
    // The one thing that is not as written.
    'platform.conf': `[Service]\nEnvironment=WXTOKEN_API_BASE_URL=${PLATFORM}\n`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await run('mkdir', `/etc/systemd/system/${UNIT}.d`);
  await podman('cp', join(folder, UNIT), `${machine.id}:/etc/systemd/system/${UNIT}`);
  await podman('cp', join(folder, 'platform.conf'), `${machine.id}:/etc/systemd/system/${UNIT}.d/`);
  await run('systemctl', 'daemon-reload');
  await run('systemctl', 'start', UNIT);

  const journal = () => run('journalctl', '--no-pager', '--output', 'cat', '--unit', UNIT);
  const as = (who: string, ...command: string[]) => machine.exec('runuser', '-u', who, '--', ...command);
  const shown = (property: string) => run('systemctl', 'show', '--value', '--property', property, UNIT);
  const token = await eventually(async () => (await as('app', 'cat', TOKEN)).output, {
    for: 'the token',
  }).catch(async (cause: Error) => {
    throw new Error(`${cause.message}; the journal:\n${await journal()}`, { cause });
  });
  return { unit, user, secret, pod, machine, run, as, shown, journal, token };
}

describe('running systemd unit of the documentation', () => {
  it('the systemd unit publishes the token for the group of the service only', async (context) => {
    const { as, pod, run, secret, token, user } = await started(context);

    expect((await pod.fetches()).map(({ tokenSha256 }) => tokenSha256)).toEqual([sha256(token)]);
    expect(await run('stat', '--format', '%a %U %G', TOKEN)).toBe(`640 ${user} ${user}`);
    expect((await as('stranger', 'cat', TOKEN)).complaint).toContain('Permission denied');
    expect((await as('app', 'touch', '/run/wx/new')).complaint).toContain('Permission denied');
    expect(await run('stat', '--format', '%a %U', secret)).toBe('400 root');
    expect((await as('app', 'ls', `/run/credentials/${UNIT}`)).complaint).toContain('Permission denied');
  });

  it('the systemd unit confines the daemon, which stays within its memory limit', async (context) => {
    const { run, shown, unit } = await started(context);
    const pid = await shown('MainPID');
    const status = await run('cat', `/proc/${pid}/status`);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(status).toMatch(new RegExp(`^${set}:\t0+$`, 'm'));
    }
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    const mounts = await run('cat', `/proc/${pid}/mountinfo`);
    // The place of a mount, and how it is mounted there.
    const mode = (place: string) =>
      new RegExp(`^\\S+ \\S+ \\S+ \\S+ ${place} (r[ow])`, 'm').exec(mounts)?.[1];
    expect(['/', '/dev', '/home', '/root', '/run/wx'].map(mode)).toEqual(['ro', 'ro', 'ro', 'ro', 'rw']);

    const highest = Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) / 1024;
    const limit = Number(settingOf(unit, 'MemoryMax').replace('M', ''));
    process.stdout.write(`at most ${highest.toFixed(1)} MB resident, of ${limit} MB\n`);
    expect(highest).toBeLessThan(limit);
  });

  it('the published token outlives a restart, a stop and a kill without a platform call', async (context) => {
    const { as, pod, run, shown, token } = await started(context);
    const read = async () => (await as('app', 'cat', TOKEN)).output;
    const restarted = (before: string) =>
      eventually(async () => !['0', before].includes(await shown('MainPID')), { for: 'the restart' });

    const first = await shown('MainPID');
    await run('systemctl', 'restart', UNIT);
    await restarted(first);
    expect(await read()).toBe(token);
    await eventually(async () => (await shown('ActiveState')) === 'active', { for: 'the service' });
    await run('systemctl', 'stop', UNIT);
    expect(await shown('Result')).toBe('success');
    expect(await shown('ExecMainStatus')).toBe('0');
    expect(await read()).toBe(token);

    await run('systemctl', 'start', UNIT);
    const second = await shown('MainPID');
    await run('systemctl', 'kill', '--signal', 'KILL', UNIT);
    await restarted(second);
    expect(await read()).toBe(token);
    expect(await pod.fetches()).toHaveLength(1);
  });

  it('the daemon refreshes the token on HUP', async (context) => {
    const { as, pod, run, token } = await started(context);
    await run('systemctl', 'kill', '--signal', 'HUP', UNIT);
    const next = await eventually(
      async () => {
        const { output } = await as('app', 'cat', TOKEN);
        return output !== token && output;
      },
      { for: 'another token' },
    );
    expect((await pod.fetches()).map(({ tokenSha256 }) => tokenSha256)).toEqual([token, next].map(sha256));
  });
});
