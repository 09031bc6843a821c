import { randomBytes } from 'node:crypto';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import type { AtEnd } from '../support/program.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { IMAGE, NODE_IMAGE, type Outcome, podman, tryPodman } from './engine.ts';
import type { ContainerPlan, VolumePlan } from './plan.ts';

/** Where the containers of a pod find the platform. */
export const PLATFORM = 'http://127.0.0.1:8866';

/** Where the platform's container has them. */
const VOLUMES = '/volumes';

export interface Container {
  readonly id: string;
  /** Runs a command in it, as its user. */
  exec(...command: readonly string[]): Promise<Outcome>;
  /** Pid of its first process, as this machine counts. */
  pid(): Promise<number>;
  signal(name: string): Promise<void>;
  /** Its exit code, once it has ended. */
  ended(): Promise<number>;
  /** Starts it once more, after it has ended. */
  again(): Promise<void>;
  log(): Promise<string>;
}

export interface Changes {
  /** Instead of the plan's entrypoint and command. */
  readonly instead?: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of that of the Dockerfile for the program, and of its base for all else, which may not be to be had. */
  readonly image?: string;
}

/** Containers that share a network of their own with WeChat's platform: none of it is reached from outside. */
export interface Pod {
  start(plan: ContainerPlan, changes?: Changes): Promise<Container>;
  /** Asks from within the pod, since nobody else can. */
  ask(
    url: string,
    method?: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly body: string }>;
  /** What the platform was asked for tokens, oldest first. */
  fetches(): Promise<readonly JournalEntry[]>;
  /** The volume that is called so in the plan, by its real name. */
  volume(name: string): string;
}

const ASK = `const [url, method, body] = process.argv.slice(1);
fetch(url, { method, ...(body && { body }) }).then(async (answer) =>
  console.log(JSON.stringify({ status: answer.status, body: await answer.text() })));`;

/** Everything is gone at the end, but for the image. */
export async function startPod(
  volumes: readonly VolumePlan[],
  rules: readonly string[],
  atEnd: AtEnd,
): Promise<Pod> {
  const prefix = `wx-${randomBytes(4).toString('hex')}-`;
  atEnd(async () => {
    const names = volumes.map(({ name }) => prefix + name);
    if (names.length > 0) await podman('volume', 'rm', '--force', ...names);
  });
  const kind = ['--opt', 'type=tmpfs', '--opt', 'device=tmpfs'];
  for (const { name, options } of volumes) {
    await podman('volume', 'create', ...kind, '--opt', `o=${options.join(',')}`, prefix + name);
  }
  const account = `${TEST_ACCOUNT.appId}:${TEST_ACCOUNT.secret}`;
  // It also keeps the volumes, which would be emptied whenever nobody uses them.
  const kept = volumes.flatMap(({ name }) => ['--volume', `${prefix}${name}:${VOLUMES}/${name}`]);
  const platform = await launch(
    ['--network', 'none', ...kept, IMAGE, 'sandbox', '--account', account, ...rules],
    atEnd,
  );
  for (const volume of volumes) await fill(platform, volume);

  const ask: Pod['ask'] = async (url, method = 'GET', body) => {
    const payload = body ? [JSON.stringify(body)] : [];
    const { code, output, complaint } = await platform.exec('node', '-e', ASK, url, method, ...payload);
    if (code !== 0) throw new Error(`${method} ${url}: ${complaint}`);
    return JSON.parse(output);
  };

  return {
    ask,
    volume: (name) => prefix + name,
    start: (plan, { instead, env = {}, image = imageOf(plan) } = {}) => {
      const [entrypoint = plan.entrypoint, command = plan.command] = instead
        ? [instead.slice(0, 1), instead.slice(1)]
        : [];
      const ours = new Set(volumes.map(({ name }) => name));
      const options = plan.options.map((option, at) => {
        const isVolume = plan.options[at - 1] === '--volume' && ours.has(option.split(':')[0] ?? '');
        return isVolume ? prefix + option : option;
      });
      const all = { WXTOKEN_API_BASE_URL: PLATFORM, ...env };
      return launch(
        [
          ...['--network', `container:${platform.id}`, ...options],
          ...Object.entries(all).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
          ...(entrypoint ? ['--entrypoint', JSON.stringify(entrypoint)] : []),
          image,
          ...command,
        ],
        atEnd,
      );
    },
    async fetches() {
      const { body } = await ask(`${PLATFORM}/sandbox/journal`);
      const { entries }: { entries: JournalEntry[] } = JSON.parse(body);
      return entries.filter(({ path }) => path === '/cgi-bin/stable_token');
    },
  };
}

const imageOf = ({ image }: ContainerPlan) =>
  image.replace(/:[^/:]*$/, '') === 'wx-token-sidecar' ? IMAGE : NODE_IMAGE;

async function launch(args: readonly string[], atEnd: AtEnd): Promise<Container> {
  const id = await podman('create', ...args);
  atEnd(async () => {
    await podman('rm', '--force', '--time', '0', id);
  });
  await podman('start', id);
  return {
    id,
    exec: (...command) => tryPodman('exec', id, ...command),
    pid: async () => Number(await podman('inspect', '--format', '{{.State.Pid}}', id)),
    async signal(name) {
      await podman('kill', '--signal', name, id);
    },
    ended: async () => Number(await podman('wait', id)),
    async again() {
      await podman('start', id);
    },
    async log() {
      const { output, complaint } = await tryPodman('logs', id);
      return output + complaint;
    },
  };
}

/** Puts a file into a volume as the kubelet does, where a change swaps one link. */
const PUT = `const [folder, file, text, mode, group] = process.argv.slice(1);
process.chdir(folder);
fs.mkdirSync('..1', { recursive: true });
fs.writeFileSync('..1/' + file, text);
fs.chmodSync('..1/' + file, Number(mode));
fs.chownSync('..1/' + file, 0, Number(group));
if (!fs.existsSync('..data')) fs.symlinkSync('..1', '..data');
fs.symlinkSync('..data/' + file, file);`;

async function fill(
  keeper: Container,
  { name, files = {}, mode = 0o644, group = 0 }: VolumePlan,
): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    const args = [`${VOLUMES}/${name}`, file, content, String(mode), String(group)];
    await podman('exec', '--user', '0:0', keeper.id, 'node', '-e', PUT, ...args);
  }
}
