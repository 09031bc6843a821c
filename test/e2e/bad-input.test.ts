import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type AtEnd, type Environment, startProgram } from '../support/program.ts';
import { whyNotMounted } from '../system/folder.ts';
import { APP_SECRET, type Workbench, workbench } from './workbench.ts';

interface Mistake {
  readonly name: string;
  /** Changes to a good environment; an empty variable counts as unset. */
  readonly env?: Environment | ((bench: Workbench) => Environment);
  readonly args?: readonly string[];
  /** What is put in the way beforehand. */
  readonly prepare?: (bench: Workbench) => Promise<unknown>;
  /** What each line says after the program's name, in any order: all of them, and no others. */
  readonly says: readonly RegExp[];
}

const VARIABLES: readonly Mistake[] = [
  { name: 'a missing AppID is refused', env: { WXTOKEN_APPID: '' }, says: [/^WXTOKEN_APPID: is required/] },
  {
    name: 'an AppID with a space is refused',
    env: { WXTOKEN_APPID: 'wx00 00' },
    says: [/^WXTOKEN_APPID: .*blanks/],
  },
  {
    name: 'a missing AppSecret is refused',
    env: { WXTOKEN_SECRET_FILE: '' },
    says: [/^WXTOKEN_SECRET_FILE: is required, or WXTOKEN_SECRET/],
  },
  {
    name: 'a secret file that does not exist is refused',
    env: ({ folder }) => ({ WXTOKEN_SECRET_FILE: `${folder}/no/such.secret` }),
    says: [/^WXTOKEN_SECRET_FILE: .*\/no\/such\.secret cannot be read \(ENOENT\)/],
  },
  {
    name: 'an empty secret file is refused',
    env: ({ folder }) => ({ WXTOKEN_SECRET_FILE: `${folder}/empty.secret` }),
    prepare: ({ folder }) => writeFile(`${folder}/empty.secret`, '\n'),
    says: [/^WXTOKEN_SECRET_FILE: .*empty\.secret is empty/],
  },
  {
    name: 'a secret file that holds more than the AppSecret is refused',
    env: ({ folder }) => ({ WXTOKEN_SECRET_FILE: `${folder}/two.secret` }),
    prepare: ({ folder }) => writeFile(`${folder}/two.secret`, `secret=${APP_SECRET}\nother=1\n`),
    says: [/^WXTOKEN_SECRET_FILE: .*the AppSecret alone/],
  },
  {
    name: 'a secret file that is a FIFO without a writer is refused',
    env: ({ folder }) => ({ WXTOKEN_SECRET_FILE: `${folder}/fifo` }),
    prepare: async ({ folder }) => execFileSync('mkfifo', [`${folder}/fifo`]),
    says: [/^WXTOKEN_SECRET_FILE: .*\/fifo cannot be read \(not a regular file\)$/],
  },
  {
    name: 'a CA file that is an endless device is refused',
    env: { WXTOKEN_CA_FILE: '/dev/zero' },
    says: [/^WXTOKEN_CA_FILE: \/dev\/zero cannot be read \(not a regular file\)$/],
  },
  {
    name: 'a target that is the secret file itself is refused',
    env: ({ folder }) => ({ WXTOKEN_FILE: `${folder}/secrets/app.secret` }),
    says: [/^WXTOKEN_SECRET_FILE: is a file that would be published: the AppSecret would be overwritten$/],
  },
  {
    name: 'a target inside the state folder is refused',
    env: ({ file }) => ({ WXTOKEN_STATE_DIR: dirname(file) }),
    says: [/^WXTOKEN_FILE: .*\/volume\/token may not be, hold or lie in the state folder .*\/volume$/],
  },
  {
    name: 'control characters in a path and in a variable name are shown escaped',
    env: { WXTOKEN_SECRET_FILE: '/no\u001b[2J\n\u202efile', 'WXTOKEN_\u001b[1m': 'x' },
    says: [
      /^WXTOKEN_SECRET_FILE: the secret file \/no\\u001b\[2J\\n\\u202efile cannot be read \(ENOENT\)$/,
      /^WXTOKEN_\\u001b\[1m: is not a variable of this program$/,
    ],
  },
  {
    name: 'a mistyped variable is refused with the right spelling',
    env: { WXTOKEN_SHEDULE: '* * * * * *' },
    says: [/^WXTOKEN_SHEDULE: .*did you mean WXTOKEN_SCHEDULE\?/],
  },
  {
    name: 'an unknown WXTOKEN_ variable is refused',
    env: { WXTOKEN_FAVOURITE_COLOUR: 'green' },
    says: [/^WXTOKEN_FAVOURITE_COLOUR: is not a variable of this program$/],
  },
  {
    name: 'a schedule with gaps of 60 s is refused',
    env: { WXTOKEN_SCHEDULE: '0 * * * * *' },
    says: [/^WXTOKEN_SCHEDULE: leaves gaps of 60 s; at most 30 s/],
  },
  {
    name: 'a schedule that pauses at night is refused',
    env: { WXTOKEN_SCHEDULE: '*/5 * 8-20 * * *' },
    says: [/^WXTOKEN_SCHEDULE: leaves gaps of/],
  },
  {
    name: 'a schedule without a seconds field is refused',
    env: { WXTOKEN_SCHEDULE: '*/5 * * * *' },
    says: [/^WXTOKEN_SCHEDULE: must have six fields/],
  },
  {
    name: 'a schedule that is no cron expression is refused',
    env: { WXTOKEN_SCHEDULE: 'often' },
    says: [/^WXTOKEN_SCHEDULE: is no cron expression/],
  },
  {
    name: 'a relative path of the published file is refused',
    env: { WXTOKEN_FILE: 'run/token' },
    says: [/^WXTOKEN_FILE: must be an absolute path/],
  },
  {
    name: 'a plain http URL of another host is refused',
    env: { WXTOKEN_API_BASE_URL: 'http://weixin.example.com' },
    says: [/^WXTOKEN_API_BASE_URL: must be https, or http to loopback only/],
  },
  {
    name: 'a duration without a unit is refused',
    env: { WXTOKEN_ROTATION_WINDOW: '300' },
    says: [/^WXTOKEN_ROTATION_WINDOW: must be a duration with a unit/],
  },
  {
    name: 'a file mode that lets everyone write is refused',
    env: { WXTOKEN_FILE_MODE: '0666' },
    says: [/^WXTOKEN_FILE_MODE: must not let everyone write/],
  },
  {
    name: 'a file group that does not exist is refused',
    env: { WXTOKEN_FILE_GROUP: 'no-such-group' },
    says: [/^WXTOKEN_FILE_GROUP: this system knows no group called "no-such-group"/],
  },
  {
    name: 'an access-token in Kubernetes without a shared state folder is refused',
    env: { WXTOKEN_TYPE: 'access-token', KUBERNETES_SERVICE_HOST: '10.0.0.1' },
    says: [/^WXTOKEN_TYPE: access-token in Kubernetes .*WXTOKEN_STATE_DIR.*WXTOKEN_ALLOW_UNCOORDINATED=true/],
  },
  {
    name: 'eight missing or wrong variables are reported together',
    env: {
      WXTOKEN_APPID: '',
      WXTOKEN_SECRET_FILE: '',
      WXTOKEN_TYPE: 'golden-token',
      WXTOKEN_FILE: 'token',
      WXTOKEN_SCHEDULE: '0 0 * * * *',
      WXTOKEN_API_BASE_URL: 'http://weixin.example.com',
      WXTOKEN_LOGLEVEL: 'debug',
      WXTOKEN_LOG_FORMAT: 'xml',
    },
    says: [
      /^WXTOKEN_APPID: /,
      /^WXTOKEN_SECRET_FILE: /,
      /^WXTOKEN_TYPE: /,
      /^WXTOKEN_FILE: /,
      /^WXTOKEN_SCHEDULE: /,
      /^WXTOKEN_API_BASE_URL: /,
      /^WXTOKEN_LOGLEVEL: .*WXTOKEN_LOG_LEVEL\?/,
      /^WXTOKEN_LOG_FORMAT: /,
    ],
  },
];

const ARGUMENTS: readonly Mistake[] = [
  {
    name: 'an unknown command is refused with the list of commands',
    args: ['serve'],
    says: [/^"serve" is not a command; there are run, once/],
  },
  { name: 'an unknown option is refused', args: ['run', '--fast'], says: [/^arguments: .*--fast/] },
  {
    name: 'an unknown option without a command is refused',
    args: ['--fast'],
    says: [/^arguments: .*--fast/],
  },
  {
    name: 'a stray argument after the command is refused',
    args: ['once', 'now'],
    says: [/^arguments: .*now/],
  },
  {
    name: 'control characters in an unknown option are shown escaped',
    args: ['run', '--\u001b[2J\n\u202e'],
    says: [/^arguments: Unknown option '--\\u001b\[2J\\n\\u202e'$/],
  },
  {
    name: 'control characters in an unknown command are shown escaped',
    args: ['\u009b2J\n\u202e'],
    says: [/^"\\u009b2J\\n\\u202e" is not a command/],
  },
  {
    name: 'several wrong arguments are reported together with wrong variables',
    args: ['refresh', '--timeout', '5', '--force=yes', '--fast'],
    env: { WXTOKEN_APPID: '', WXTOKEN_SCHEDULE: 'often' },
    says: [
      /^--timeout: must be a duration with a unit/,
      /^arguments: Option '--force' takes no value/,
      /^arguments: Unknown option '--fast'/,
      /^WXTOKEN_APPID: /,
      /^WXTOKEN_SCHEDULE: /,
    ],
  },
  {
    name: 'an option without its value is refused',
    args: ['once', '--timeout'],
    says: [/^arguments: .*--timeout/],
  },
];

const TARGETS: readonly Mistake[] = [
  {
    name: 'a target that is a folder is reported together with wrong arguments and variables',
    args: ['run', 'now', '--fast'],
    env: { WXTOKEN_APPID: '', WXTOKEN_LOG_FORMAT: 'xml' },
    prepare: ({ file }) => mkdir(file, { recursive: true }),
    says: [
      /^arguments: .*'now'/,
      /^arguments: .*--fast/,
      /^WXTOKEN_APPID: /,
      /^WXTOKEN_LOG_FORMAT: /,
      /^WXTOKEN_FILE: .*\/volume\/token is there already and is not a regular file/,
    ],
  },
  {
    name: 'a target that is a folder is refused',
    prepare: ({ file }) => mkdir(file, { recursive: true }),
    says: [/\/volume\/token is there already and is not a regular file: remove it/],
  },
  {
    name: 'a target that is a symbolic link is refused',
    prepare: async ({ file }) => {
      await mkdir(dirname(file));
      await symlink('/dev/null', file);
    },
    says: [/\/volume\/token is a symbolic link, which the first write would replace/],
  },
  {
    name: 'a target with a symbolic link as its details file is refused',
    prepare: async ({ file }) => {
      await mkdir(dirname(file));
      await symlink('/dev/null', `${file}.json`);
    },
    says: [/\/volume\/token\.json is a symbolic link/],
  },
  {
    name: 'a target in a folder that cannot be created is refused',
    prepare: ({ file }) => writeFile(dirname(file), 'in the way'),
    says: [/cannot create the folder .*\/volume: (ENOTDIR|EEXIST)/],
  },
];

describe.concurrent('bad input: exit code 78 and one line per problem', () => {
  for (const { name, ...mistake } of [...VARIABLES, ...ARGUMENTS]) {
    it(name, async ({ onTestFinished }) => {
      const bench = await workbench(onTestFinished);
      await isRefused(bench, mistake, onTestFinished);
      // Nothing has been created either.
      expect(await readdir(bench.folder)).not.toContain('volume');
    });
  }

  for (const { name, ...mistake } of TARGETS) {
    it(name, async ({ onTestFinished }) => {
      await isRefused(await workbench(onTestFinished), mistake, onTestFinished);
    });
  }

  it('a target that is a single-file bind mount is refused', async (ctx) => {
    const reason = await whyNoBindMounts();
    if (reason !== undefined) return ctx.skip(reason);
    const bench = await workbench(ctx.onTestFinished);
    await mkdir(dirname(bench.file));
    for (const path of [bench.file, `${bench.folder}/mounted`]) await writeFile(path, '');
    await bindMount(`${bench.folder}/mounted`, bench.file);
    ctx.onTestFinished(() => unmount(bench.file));

    const says = [/is itself a mount .* mount the folder .*\/volume instead/];
    await isRefused(bench, { says }, ctx.onTestFinished);
  });
});

describe.concurrent('accepted input', () => {
  it('variables that Kubernetes injects for a Service called wxtoken are ignored', async ({
    onTestFinished,
  }) => {
    const { once } = await workbench(onTestFinished);
    const { code, stderr } = await once({
      WXTOKEN_SERVICE_HOST: '10.0.0.7',
      WXTOKEN_SERVICE_PORT: '80',
      WXTOKEN_SERVICE_PORT_HTTP: '80',
      WXTOKEN_PORT: 'tcp://10.0.0.7:80',
      WXTOKEN_PORT_80_TCP: 'tcp://10.0.0.7:80',
      WXTOKEN_PORT_80_TCP_PROTO: 'tcp',
      WXTOKEN_PORT_80_TCP_PORT: '80',
      WXTOKEN_PORT_80_TCP_ADDR: '10.0.0.7',
      WXTOKEN_PORT_53_UDP: 'udp://10.0.0.7:53',
    });

    expect(stderr()).not.toContain('WXTOKEN_');
    expect(code).toBe(0);
  });

  it('an empty variable counts as unset', async ({ onTestFinished }) => {
    const { once, token } = await workbench(onTestFinished);
    const { code, stderr } = await once({
      WXTOKEN_TYPE: '',
      WXTOKEN_SECRET: '',
      WXTOKEN_SCHEDULE: '',
      WXTOKEN_FILE_MODE: '',
      WXTOKEN_FILE_GROUP: '',
      WXTOKEN_PROXY: '',
      WXTOKEN_NO_SUCH_THING: '',
    });

    expect(stderr()).not.toContain('WXTOKEN_');
    expect(code).toBe(0);
    expect(await token()).toMatch(/^\d+_/);
  });

  it('an access-token in Kubernetes is accepted with a chosen state folder', async ({ onTestFinished }) => {
    const { folder, once } = await workbench(onTestFinished);
    const { code } = await once({
      WXTOKEN_TYPE: 'access-token',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
      WXTOKEN_STATE_DIR: `${folder}/shared`,
    });

    expect(code).toBe(0);
  });
});

async function isRefused(
  bench: Workbench,
  { env = {}, args = [], prepare, says }: Omit<Mistake, 'name'>,
  atEnd: AtEnd,
): Promise<void> {
  await prepare?.(bench);
  const changes = typeof env === 'function' ? env(bench) : env;
  const program = startProgram(args, { env: bench.env(changes) }, atEnd);
  const { code } = await program.exited;

  const head = 'wx-token-sidecar: ';
  const lines = program.stderr().trimEnd().split('\n');
  for (const pattern of says) {
    const fitting = lines.filter((line) => line.startsWith(head) && pattern.test(line.slice(head.length)));
    expect(fitting, `lines like ${pattern} in:\n${program.stderr()}`).toHaveLength(1);
  }
  // No further line: no stack, no second report of the same problem.
  expect(lines, program.stderr()).toHaveLength(says.length);
  expect(code).toBe(78);
  expect(program.stderr()).not.toContain(APP_SECRET);
  expect(program.stdout()).toBe('');
  expect(await bench.fetches()).toEqual([]);
}

/** Tries it out; undefined when they are possible. */
async function whyNoBindMounts(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  try {
    for (const path of [from, to]) await writeFile(path, '');
    await bindMount(from, to);
    await unmount(to);
    return undefined;
  } catch (error) {
    return whyNotMounted(error);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function bindMount(from: string, to: string): Promise<void> {
  await promisify(execFile)('mount', ['--bind', from, to]);
}

async function unmount(path: string): Promise<void> {
  await promisify(execFile)('umount', [path]);
}
