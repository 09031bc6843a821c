import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, type TestContext } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { READERS, readerProblem, SIMPLE_KINDS } from '../../src/setup/answers.ts';
import { kubeconfig } from '../support/kubernetes/kubeconfig.ts';
import { type AtEnd, BUILT_PROGRAM, startProgram } from '../support/program.ts';
import { runHere } from '../support/run-here.ts';
import { typed } from '../support/terminal.ts';
import { needsTool, runTool } from '../support/tools.ts';
import { APP_ID, APP_SECRET } from './workbench.ts';

const TYPES = SIMPLE_KINDS.map(({ type }) => type);
const IDS: Readonly<Record<string, string>> = { corpId: 'ww0000000000000000', appId: APP_ID };
const idOf = (type: string) => IDS[SIMPLE_KINDS.find((kind) => kind.type === type)?.id.key ?? ''] ?? '';

const COMBINATIONS = READERS.flatMap((reader) => TYPES.map((type) => ({ reader, type })));
const POSSIBLE = COMBINATIONS.filter(({ reader, type }) => !readerProblem(type, reader));

async function folderFor(atEnd: AtEnd): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs `init` without a terminal, to its end. */
async function init(
  folder: string,
  options: readonly string[],
  atEnd: AtEnd,
  env: Readonly<Record<string, string>> = {},
) {
  const program = startProgram(['init', '--folder', folder, ...options], { env }, atEnd);
  const { code } = await program.exited;
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

/** Every file that is in a folder, with its content. */
async function contentsOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(
      files.map(async (path) => [path.slice(folder.length + 1), await readFile(path, 'utf8')]),
    ),
  );
}

/** What is written for such an account and such readers. */
async function written(reader: string, type: string, atEnd: AtEnd, options: readonly string[] = []) {
  const folder = await folderFor(atEnd);
  const given = ['--reader', reader, '--type', type, '--appid', idOf(type), ...options];
  const said = await init(folder, given, atEnd);
  expect(said).toMatchObject({ code: 0, stderr: '' });
  return { folder, files: await contentsOf(folder), said };
}

/** The only file with such a name. */
function fileCalled(files: Readonly<Record<string, string>>, name: string): string {
  const found = Object.entries(files).filter(([path]) => path === name || path.endsWith(`/${name}`));
  expect(found).toHaveLength(1);
  return found[0]?.[1] ?? '';
}

describe.concurrent('init by options', () => {
  it.for(POSSIBLE)(
    'what init writes for $type and $reader passes check',
    async ({ reader, type }, { onTestFinished }) => {
      for (const language of ['en', 'zh']) {
        const { folder, files } = await written(reader, type, onTestFinished, ['--language', language]);
        // Where it will run, the folders are mounted at these places; here they are elsewhere.
        const text = fileCalled(files, 'config.yaml').replaceAll(
          /(?<= )\/(var\/run\/wx|run\/wx|etc\/wx-token)/g,
          `${folder}/$1`,
        );
        const [credential] = parse(text).credentials;
        await mkdir(dirname(credential.secretFile), { recursive: true });
        await writeFile(credential.secretFile, APP_SECRET, { mode: 0o400 });
        const config = join(folder, 'here.yaml');
        await writeFile(config, text);
        const user = { token: 'nobody' };
        const KUBECONFIG = join(folder, 'kubeconfig');
        await writeFile(
          KUBECONFIG,
          kubeconfig({ server: 'http://127.0.0.1:1', namespace: 'wx-token', user }),
        );
        const { code, stdout, stderr } = await runHere('check', ['--config', config], { KUBECONFIG });
        expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
        expect(credential).toMatchObject({ name: 'main', type });
        expect(Object.values(credential)).toContain(idOf(type));
      }
    },
  );

  it.for(COMBINATIONS.filter((one) => !POSSIBLE.includes(one)))(
    'init refuses $type for $reader and says what to choose',
    async ({ reader, type }, { onTestFinished }) => {
      const folder = await folderFor(onTestFinished);
      const given = ['--reader', reader, '--type', type, '--appid', idOf(type)];
      const { code, stderr } = await init(folder, given, onTestFinished);
      expect(code).toBe(78);
      expect(stderr).toContain(`--type: does not go with ${type}`);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('init reports everything that is wrong or missing at once, repeats no id and writes nothing', async ({
    onTestFinished,
  }) => {
    const folder = await folderFor(onTestFinished);
    const given = ['--reader', 'nobody', '--appid', APP_SECRET, '--name', 'A B', '--file', 'token'];
    const { code, stdout, stderr } = await init(folder, given, onTestFinished);
    expect(code).toBe(78);
    for (const option of ['reader', 'appid', 'name', 'file'])
      expect(stderr).toMatch(new RegExp(`--${option}: `));
    expect(stderr).toContain('looks like an AppSecret');
    expect(stdout + stderr).not.toContain(APP_SECRET);
    const none = await init(folder, [APP_SECRET], onTestFinished);
    expect(none.code).toBe(78);
    expect(none.stdout + none.stderr).not.toContain(APP_SECRET);
    expect((await init(folder, [], onTestFinished)).stderr).toMatch(
      /--reader: is missing[\s\S]*--appid: is missing/,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('in Chinese, all that init says of wrong options and of files is Chinese, and the wrong variable is named', async ({
    onTestFinished,
  }) => {
    const folder = await folderFor(onTestFinished);
    const complaints = async (...given: string[]) => {
      const { code, stderr } = await init(folder, [...given, '--language', 'zh'], onTestFinished);
      expect(code, stderr).toBe(78);
      const lines = stderr.trimEnd().split('\n');
      // What is left of a line without its head, and without names of types and the like, holds no English sentence.
      for (const line of lines) expect(line).not.toMatch(/\b(?:must|is|are|the|which|cannot|there|takes)\b/);
      return lines;
    };
    const ids = ['wx 0', 'x', 'your-appid', 'gh_0123456789ab', 'ww0000000000000000', APP_SECRET];
    for (const id of ids) expect(await complaints('--reader', 'compose', '--appid', id)).toHaveLength(1);
    expect(
      await complaints(
        '--reader',
        'a',
        '--type',
        'b',
        '--appid',
        '',
        '--name',
        'A',
        '--file',
        'f',
        '--secret-file',
        's',
      ),
    ).toHaveLength(6);
    expect(await complaints()).toHaveLength(2);
    expect(await complaints('compose')).toHaveLength(1);
    const right = ['--reader', 'compose', '--appid', APP_ID];
    await writeFile(join(folder, 'file'), '');
    expect(await complaints(...right, '--folder', join(folder, 'file'))).toHaveLength(1);
    await writeFile(join(folder, 'compose.yaml'), '');
    expect(await complaints(...right)).toHaveLength(1);
    const wrong = await init(folder, right, onTestFinished, { WXTOKEN_LANGUAGE: 'fr' });
    expect(wrong).toMatchObject({ code: 78, stderr: expect.stringContaining('WXTOKEN_LANGUAGE: must be') });
  });

  it.for(['sidecar', 'cluster'])(
    'for %s the files are where the manifests mount them',
    async (reader, { onTestFinished }) => {
      const folder = await folderFor(onTestFinished);
      const given = [
        '--reader',
        reader,
        '--appid',
        APP_ID,
        '--file',
        '/srv/token',
        '--secret-file',
        '/srv/secret',
      ];
      const { code, stderr } = await init(folder, given, onTestFinished);
      expect(code).toBe(78);
      expect(stderr).toMatch(
        /--file: must be in \/var\/run\/wx[\s\S]*--secret-file: must be in \/etc\/wx-token/,
      );
    },
  );

  it('init overwrites nothing, and where one file is there it writes none', async ({ onTestFinished }) => {
    const folder = await folderFor(onTestFinished);
    await writeFile(join(folder, 'compose.yaml'), 'mine');
    const { code, stderr } = await init(folder, ['--reader', 'compose', '--appid', APP_ID], onTestFinished);
    expect({ code, stderr }).toEqual({
      code: 78,
      stderr: expect.stringContaining('compose.yaml: is there already'),
    });
    expect(await contentsOf(folder)).toEqual({ 'compose.yaml': 'mine' });
  });

  it.for(READERS)(
    'for %s init ends with where the secret goes, its mode and what to do next',
    async (reader, { onTestFinished }) => {
      for (const [language, next] of [
        ['en', /^Next:\n {2}1\. \S/m],
        ['zh', /^接下来：\n {2}1\. \S/m],
      ] as const) {
        const { said, files } = await written(reader, 'stable-token', onTestFinished, [
          '--language',
          language,
        ]);
        expect(said.stdout).toMatch(next);
        expect(said.stdout).toMatch(/\b0?4[04]0\b/);
        for (const path of Object.keys(files)) expect(said.stdout).toContain(path);
        expect(/[\u4e00-\u9fff]/.test(said.stdout)).toBe(language === 'zh');
        expect(/[\u4e00-\u9fff]/.test(fileCalled(files, 'config.yaml'))).toBe(language === 'zh');
      }
    },
  );
});

describe.concurrent('what init writes, as those read it for whom it is', () => {
  it('systemd-analyze finds nothing wrong with the unit', async (context) => {
    const { folder, files } = await written('systemd', 'stable-token', context.onTestFinished);
    const path = join(folder, 'here', 'wx-token-sidecar.service');
    await mkdir(dirname(path));
    await writeFile(path, fileCalled(files, 'wx-token-sidecar.service'));
    const { output } = await runTool(context, 'systemd-analyze', ['verify', '--man=no', path]);
    expect(output.split('\n').filter((line) => line.includes('wx-token-sidecar.service'))).toEqual([]);
  });

  it('docker-compose understands the compose file and complains of nothing', async (context) => {
    await needsTool(context.skip, 'docker-compose');
    const { folder } = await written('compose', 'stable-token', context.onTestFinished);
    const args = ['-f', join(folder, 'compose.yaml'), 'config'];
    const { stdout, stderr } = await promisify(execFile)('docker-compose', args);
    expect(stderr).toBe('');
    const { services } = parse(stdout);
    expect(services['wx-token']).toMatchObject({ user: '1000:1000', read_only: true });
    expect(services.app.volumes).toEqual(['wx:/var/run/wx:ro']);
  });

  it('kustomize builds the refresher of a cluster with the configuration that was asked for', async (context) => {
    const { folder } = await written('cluster', 'access-token', context.onTestFinished, ['--name', 'shop']);
    const { code, output } = await runTool(context, 'kubectl', ['kustomize', folder]);
    expect(code, output).toBe(0);
    const objects = parseAllDocuments(output).map((document) => document.toJS());
    const kinds = objects.map(({ kind }) => kind);
    for (const kind of ['ConfigMap', 'Deployment', 'Lease', 'Role', 'RoleBinding', 'Secret']) {
      expect(kinds).toContain(kind);
    }
    const config = objects.find(({ kind }) => kind === 'ConfigMap')?.data['config.yaml'];
    expect(parse(config).credentials).toMatchObject([{ name: 'shop', type: 'access-token', appId: APP_ID }]);
  });

  it('the component adds the sidecar to a Deployment and leaves what is there', async (context) => {
    const { folder } = await written('sidecar', 'stable-token', context.onTestFinished);
    // A kustomization may not lie below what it names.
    const app = await folderFor(context.onTestFinished);
    const spec = {
      initContainers: [{ name: 'migrate', image: 'shop' }],
      containers: [
        {
          name: 'shop',
          image: 'shop',
          volumeMounts: [{ name: 'wx', mountPath: '/var/run/wx', readOnly: true }],
        },
      ],
      // A name that many a volume has.
      volumes: [{ name: 'config', configMap: { name: 'shop' } }],
    };
    const template = { metadata: { labels: { app: 'shop' } }, spec };
    const deployment = {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' } },
      spec: { selector: { matchLabels: { app: 'shop' } }, template },
    };
    await writeFile(join(app, 'deployment.yaml'), JSON.stringify(deployment));
    await writeFile(
      join(app, 'kustomization.yaml'),
      JSON.stringify({ resources: ['deployment.yaml'], components: [relative(app, folder)] }),
    );
    const { code, output } = await runTool(context, 'kubectl', ['kustomize', app]);
    expect(code, output).toBe(0);
    const objects = parseAllDocuments(output).map((document) => document.toJS());
    const made = objects.find(({ kind }) => kind === 'Deployment');
    expect(made.metadata.name).toBe('shop');
    const pod = made.spec.template.spec;
    const namesOf = (list: readonly { name: string }[]) => list.map(({ name }) => name).sort();
    expect(namesOf(pod.initContainers)).toEqual(['migrate', 'wx-token']);
    expect(namesOf(pod.containers)).toEqual(['shop']);
    expect(pod.volumes).toContainEqual(spec.volumes[0]);
    expect(namesOf(pod.volumes)).toEqual(['config', 'wx', 'wx-appsecret', 'wx-config']);
  });
});

/** Runs `init` in a terminal in which somebody types such answers. */
function answered(context: TestContext, folder: string, text: string, env = {}) {
  return typed(context, [process.execPath, BUILT_PROGRAM, 'init', '--folder', folder], text, env);
}

describe.concurrent('init in a terminal', () => {
  it('init asks, tells at once what is wrong with an answer and asks again', async (context) => {
    const folder = await folderFor(context.onTestFinished);
    const answers = ['compose', 'nothing', '', 'gh_0123456789ab', APP_ID, '', '', '', ''].join('\r');
    const { code, stdout } = await answered(context, folder, answers);
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('must be stable-token');
    expect(stdout).toContain('is the original ID of an account');
    const config = parse(fileCalled(await contentsOf(folder), 'config.yaml'));
    expect(config.credentials).toMatchObject([
      { name: 'main', type: 'stable-token', appId: APP_ID, publish: [{ path: '/var/run/wx/token' }] },
    ]);
  });

  it('init asks in Chinese where the terminal is Chinese', async (context) => {
    const folder = await folderFor(context.onTestFinished);
    const { code, stdout } = await answered(context, folder, `\r\r${APP_ID}\r\r\r\r`, {
      LANG: 'zh_CN.UTF-8',
    });
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('谁读取 token？');
    expect(parse(fileCalled(await contentsOf(folder), 'config.yaml')).language).toBe('zh');
  });

  it('a terminal that is closed amid the questions leaves nothing behind', async (context) => {
    const folder = await folderFor(context.onTestFinished);
    const { code } = await answered(context, folder, 'compose\r\x04');
    expect(code).toBe(78);
    expect(await readdir(folder)).toEqual([]);
  });
});
