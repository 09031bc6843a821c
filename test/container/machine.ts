import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { eventually } from '../support/wait.ts';
import { derivedImage, imageFor, type Outcome, podman, ROOT } from './engine.ts';
import type { ContainerPlan } from './plan.ts';
import { PLATFORM, type Pod, startPod } from './pod.ts';

export const UNIT = 'wx-token-sidecar.service';

/** A machine: systemd may mount, as it may anywhere, and has the rights of any container besides. */
const PLAN: ContainerPlan = {
  name: 'machine',
  options: ['--cap-add', 'SYS_ADMIN', '--systemd=always'],
  image: '',
  command: [],
  memoryLimit: Number.NaN,
  probes: {},
  ports: {},
};

/** A machine with a systemd of its own and the program in `/opt/wx-token-sidecar`, as in a checkout that has been built. */
export interface Machine {
  readonly pod: Pod;
  /** What a command of root's prints. @throws {Error} when it fails */
  run(...command: readonly string[]): Promise<string>;
  as(who: string, ...command: readonly string[]): Promise<Outcome>;
  /** Puts a file or folder of this machine there. */
  put(path: string, place: string): Promise<void>;
  /** A property of the unit. */
  shown(property: string): Promise<string>;
  journal(): Promise<string>;
}

/** The unit that is installed there finds the platform of the test, which is the one thing that is not as written. */
export async function startMachine(context: TestContext): Promise<Machine> {
  await imageFor(context);
  const image = await derivedImage('systemd', join(ROOT, 'test/container/systemd.Dockerfile'));
  const pod = await startPod([], [], context.onTestFinished);
  const { id, exec } = await pod.start(PLAN, { image });
  const run: Machine['run'] = async (...command) => {
    const { code, output, complaint } = await exec(...command);
    if (code !== 0) throw new Error(`${command.join(' ')}: ${code}\n${complaint}${output}`);
    return output.trim();
  };
  const put: Machine['put'] = async (path, place) => {
    await podman('cp', path, `${id}:${place}`);
  };
  await eventually(() => run('systemctl', 'is-system-running'), { for: 'systemd' });

  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const platform = join(folder, 'platform.conf');
  await writeFile(platform, `[Service]\nEnvironment=WXTOKEN_API_BASE_URL=${PLATFORM}\n`);
  await run('mkdir', `/etc/systemd/system/${UNIT}.d`);
  await put(platform, `/etc/systemd/system/${UNIT}.d/`);

  return {
    pod,
    run,
    put,
    as: (who, ...command) => exec('runuser', '-u', who, '--', ...command),
    shown: (property) => run('systemctl', 'show', '--value', '--property', property, UNIT),
    journal: () => run('journalctl', '--no-pager', '--output', 'cat', '--unit', UNIT),
  };
}

/** What a user reads in a file of the machine, as soon as it is there. */
export async function tokenFor({ as, journal }: Machine, user: string, file: string): Promise<string> {
  return eventually(async () => (await as(user, 'cat', file)).output, { for: 'the token' }).catch(
    async (cause: Error) => {
      throw new Error(`${cause.message}; the journal:\n${await journal()}`, { cause });
    },
  );
}
