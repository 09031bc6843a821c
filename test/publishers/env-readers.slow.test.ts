import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse as parseDotenv } from 'dotenv';
import { describe, expect, it, type TestContext } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { formats } from '../../src/publishers/formats.ts';
import { rowsOf, sectionOf, textOf } from '../docs/readme.ts';
import { contentOf } from '../support/files.ts';
import { toldByPodmanCompose } from '../support/podman-compose.ts';
import { startProcess } from '../support/program.ts';
import { isMissing, missing, needsJava, needsTool, type Tool } from '../support/tools.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';
import { aToken } from './token.ts';

const execute = promisify(execFile);
const SCRIPTS = fileURLToPath(new URL('./formats/', import.meta.url));

const SUBJECT = { name: 'shop', type: 'stable-token', appId: 'wx0000000000000000', kind: 'token' } as const;
/** All characters that are written without quotes, those of WeChat's tokens first. */
const PLAIN = '76_aToken-of_WeChat.+/@%,=';
const QUOTED = 'a token with blanks #and others';

interface EnvReader {
  /** The row of the table in docs/configuration.md. */
  readonly row: string;
  /** What it makes of a value in single quotes. */
  readonly quotes: 'removes' | 'keeps';
  /** The variables that it finds in `token.env` of the folder. The test is skipped where it is missing. */
  readonly read: (context: TestContext, folder: string) => Promise<Readonly<Record<string, string>>>;
}

const READERS: readonly EnvReader[] = [
  {
    row: 'POSIX shell',
    quotes: 'removes',
    read: async (context, folder) =>
      linesOf(await output(context, 'sh', ['-c', 'set -a; . ./token.env; set +a; exec env'], folder)),
  },
  { row: 'Docker', quotes: 'keeps', read: readByDocker },
  { row: 'podman', quotes: 'keeps', read: readByPodman },
  {
    row: 'docker-compose 1.29',
    quotes: 'removes',
    async read(context, folder) {
      await writeFile(join(folder, 'compose.yaml'), COMPOSE);
      const { services } = parseYaml(await output(context, 'docker-compose', ['config'], folder));
      return services.app.environment;
    },
  },
  { row: 'podman-compose 1.0.3', quotes: 'keeps', read: readByPodmanCompose },
  {
    row: 'kubectl',
    quotes: 'keeps',
    async read(context, folder) {
      const args = [
        'create',
        'secret',
        'generic',
        'wx',
        '--from-env-file=token.env',
        '--dry-run=client',
        '-ojson',
      ];
      return decoded(JSON.parse(await output(context, 'kubectl', args, folder)).data);
    },
  },
  {
    row: 'kustomize',
    quotes: 'keeps',
    async read(context, folder) {
      const generator = { secretGenerator: [{ name: 'wx', envs: ['token.env'] }] };
      await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(generator));
      return decoded(parseYaml(await output(context, 'kubectl', ['kustomize', '.'], folder)).data);
    },
  },
  { row: 'systemd', quotes: 'removes', read: readBySystemd },
  {
    row: 'make',
    quotes: 'keeps',
    async read(context, folder) {
      await writeFile(join(folder, 'Makefile'), 'include token.env\nexport\nall:\n\t@env\n');
      return linesOf(await output(context, 'make', ['--silent'], folder));
    },
  },
  {
    row: 'Java',
    quotes: 'keeps',
    async read(context, folder) {
      await needsJava(context.skip);
      await writeFile(join(folder, '0.properties'), await readFile(join(folder, 'token.env')));
      const { stdout } = await execute('java', [join(SCRIPTS, 'Read.java'), '1'], { cwd: folder });
      const words = stdout.trim().split(' ');
      const pairs = words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1] ?? '']] : []));
      return decoded(Object.fromEntries(pairs));
    },
  },
  {
    row: 'Node',
    quotes: 'removes',
    read: async (_, folder) => {
      const args = ['--env-file=token.env', '--print', 'JSON.stringify(process.env)'];
      return JSON.parse((await execute(process.execPath, args, { cwd: folder })).stdout);
    },
  },
  {
    row: 'dotenv',
    quotes: 'removes',
    read: async (_, folder) => parseDotenv(await readFile(join(folder, 'token.env'))),
  },
  {
    row: 'python-dotenv',
    quotes: 'removes',
    read: (context, folder) =>
      withLibrary(context, 'python3 with dotenv', folder, '/usr/bin/python3', [
        '-c',
        'import dotenv, json; print(json.dumps(dotenv.dotenv_values("token.env")))',
      ]),
  },
  {
    row: 'dotenv of Ruby',
    quotes: 'removes',
    read: (context, folder) =>
      withLibrary(context, 'ruby with dotenv', folder, 'ruby', [
        ...['-r', 'json', '-e', 'require "dotenv"; puts JSON.generate(Dotenv.load("token.env"))'],
      ]),
  },
];

const COMPOSE = 'services:\n  app:\n    image: app\n    env_file: [token.env]\n';

describe('readers of an env file', () => {
  it.for(READERS)('$row reads a value without quotes unchanged', async ({ read }, context) => {
    const found = await read(context, await published(PLAIN));
    expect(found).toMatchObject({ WX_ACCESS_TOKEN: PLAIN, WX_ACCESS_TOKEN_EXPIRES_AT: '1767232800' });
  });

  it.for(READERS)('$row $quotes the quotes of a value that needs them', async ({ read, quotes }, context) => {
    const { WX_ACCESS_TOKEN: found } = await read(context, await published(QUOTED));
    if (quotes === 'removes') expect(found).toBe(QUOTED);
    else expect(found).toMatch(/^'/);
  });

  it('docs/configuration.md says of each reader what it makes of quotes', async () => {
    const section = sectionOf(await textOf('docs/configuration.md'), 'Readers of an env file');
    const [, ...rows] = rowsOf(section);
    const said = rows.map(([reader, , quotes]) => ({ reader, quotes }));
    expect(said).toEqual(READERS.map(({ row, quotes }) => ({ reader: row, quotes })));
  });
});

/** A folder with the file as the daemon publishes it, named `token.env`. */
async function published(value: string): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'token.env'), formats.env(aToken(value), SUBJECT));
  return folder;
}

/** What a tool prints, started in the folder. */
async function output(
  context: TestContext,
  tool: Tool,
  args: readonly string[],
  folder: string,
): Promise<string> {
  await needsTool(context.skip, tool);
  return (await execute(tool, args, { cwd: folder })).stdout;
}

/** What a program prints as JSON; the test is skipped where it lacks its library. */
async function withLibrary(
  context: TestContext,
  tool: Tool,
  folder: string,
  program: string,
  args: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await execute(program, args, { cwd: folder }).catch((error) => {
    const { stderr = '' } = error as { readonly stderr?: string };
    if (isMissing(error) || /No module named|cannot load such file/.test(stderr)) context.skip(missing(tool));
    throw error;
  });
  return JSON.parse(stdout);
}

function linesOf(environment: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    environment.split('\n').map((line) => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=')];
    }),
  );
}

function decoded(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

/** The client reads the file, and sends what it found to an engine: here to one that only listens. */
async function readByDocker(context: TestContext, folder: string) {
  const asked: string[] = [];
  const engine = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    if (request.url?.includes('/containers/create')) asked.push(body);
    response.setHeader('Api-Version', '1.41');
    response.writeHead(request.url === '/_ping' ? 200 : 500).end('{"message":"only listens"}');
  });
  const socket = join(folder, 'socket');
  await new Promise<void>((resolve) => engine.listen(socket, resolve));
  context.onTestFinished(() => new Promise<void>((resolve) => engine.close(() => resolve())));
  await output(
    context,
    'docker',
    ['--host', `unix://${socket}`, 'create', '--env-file', 'token.env', 'app'],
    folder,
  ).catch((error) => expect(String(error)).toContain('only listens'));
  return linesOf(JSON.parse(asked[0] ?? '').Env.join('\n'));
}

async function readByPodman(context: TestContext, folder: string) {
  await mkdir(join(folder, 'root'));
  const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'runroot')];
  const podman = (args: readonly string[]) => output(context, 'podman', [...storage, ...args], folder);
  const id = await podman(['create', '--env-file', 'token.env', '--rootfs', join(folder, 'root'), 'true']);
  const found = await podman(['inspect', '--format', '{{json .Config.Env}}', id.trim()]);
  await podman(['rm', id.trim()]);
  return linesOf(JSON.parse(found).join('\n'));
}

/** It tells podman to read the file. */
async function readByPodmanCompose(context: TestContext, folder: string) {
  await writeFile(join(folder, 'compose.yaml'), COMPOSE);
  const told = await toldByPodmanCompose(context, folder, ['up', '--no-start']);
  const create = told.find(([command]) => command === 'create') ?? [];
  expect(create[create.indexOf('--env-file') + 1]).toBe(join(folder, 'token.env'));
  return readByPodman(context, folder);
}

/** A manager of a user, in a mount namespace in which the machine looks as if systemd had started it. */
async function readBySystemd(context: TestContext, folder: string) {
  await needsTool(context.skip, 'systemd-analyze');
  await execute('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/run']).catch(() =>
    context.skip('this process may not mount'),
  );
  const units = join(folder, 'config/systemd/user');
  await mkdir(units, { recursive: true });
  const service = [
    '[Service]',
    'Type=oneshot',
    `EnvironmentFile=${folder}/token.env`,
    `ExecStart=/bin/sh -c 'env >${folder}/new && mv ${folder}/new ${folder}/found'`,
  ];
  await writeFile(join(units, 'reader.service'), `${service.join('\n')}\n`);
  const start = `mount -t tmpfs tmpfs /run && mkdir -p -m 0700 /run/systemd/system /run/user &&
exec env XDG_RUNTIME_DIR=/run/user XDG_CONFIG_HOME=${folder}/config HOME=${folder} \\
  /lib/systemd/systemd --user --unit=reader.service`;
  startProcess('unshare', ['--mount', 'sh', '-c', start], {}, context.onTestFinished);
  const found = await eventually(() => contentOf(join(folder, 'found')), { for: 'what systemd read' });
  return linesOf(found);
}
