import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { codeWith } from '../docs/readme.ts';
import { sha256 } from '../e2e/workbench.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { startMachine, tokenFor, UNIT } from './machine.ts';

const TOKEN = '/run/wx/token';

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
  const machine = await startMachine(context);
  const { pod, run, as, shown } = machine;
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
  await writeFile(join(folder, UNIT), unit);
  await machine.put(join(folder, UNIT), `/etc/systemd/system/${UNIT}`);
  await run('systemctl', 'daemon-reload');
  await run('systemctl', 'start', UNIT);

  const token = await tokenFor(machine, 'app', TOKEN);
  return { unit, user, secret, pod, run, as, shown, token };
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
