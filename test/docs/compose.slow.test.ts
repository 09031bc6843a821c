import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { toldByPodmanCompose } from '../support/podman-compose.ts';
import { startProgram } from '../support/program.ts';
import { needsTool } from '../support/tools.ts';
import { codeWith } from './readme.ts';

type Mapping = Readonly<Record<string, unknown>>;

interface Composed {
  readonly services: Readonly<Record<'wx-token' | 'app', Mapping>>;
  readonly volumes: Readonly<Record<string, Mapping>>;
}

const composeFile = () => codeWith('yaml', 'image: wx-token-sidecar');
const healthFile = () => codeWith('yaml', 'healthcheck:');

/** A folder with both files, each under its name, and the secret. */
async function project(context: TestContext): Promise<{ readonly folder: string; readonly file: Composed }> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'compose.yaml'), await composeFile());
  await writeFile(join(folder, 'compose.health.yaml'), await healthFile());
  await mkdir(join(folder, 'secret'));
  await writeFile(join(folder, 'secret', 'appsecret'), '0'.repeat(32), { mode: 0o600 });
  return { folder, file: parse(await composeFile()) };
}

/** What docker-compose understands of the files; it must not complain of anything. */
async function understood(context: TestContext, folder: string, files: readonly string[]): Promise<Composed> {
  await needsTool(context.skip, 'docker-compose');
  const args = [...files.flatMap((file) => ['-f', file]), 'config'];
  const { stdout, stderr } = await promisify(execFile)('docker-compose', args, { cwd: folder });
  expect(stderr).toBe('');
  return parse(stdout);
}

const each = (option: string, list: unknown): string[][] =>
  (list as readonly string[]).map((value) => [option, value]);

/**
 * What podman has to be told for each key of a service. A key that is not here is one that podman-compose may pass over in
 * silence.
 */
const FOR_PODMAN: Readonly<
  Record<string, (value: unknown, folder: string) => readonly (readonly string[])[]>
> = {
  restart: (value) => [['--restart', String(value)]],
  user: (value) => [['-u', String(value)]],
  read_only: () => [['--read-only']],
  cap_drop: (value) => each('--cap-drop', value),
  security_opt: (value) => each('--security-opt', value),
  mem_limit: (value) => [['-m', String(value)]],
  environment: (value) =>
    Object.entries(value as Mapping).map(([name, text]) => ['-e', `${name}=${String(text)}`]),
  volumes: (value, folder) =>
    (value as readonly string[]).map((volume) => ['-v', volume.replace(/^\./, folder)]),
  image: () => [],
  command: () => [],
  depends_on: () => [],
};

describe('compose.yaml in the documentation', () => {
  it('docker-compose understands every key of the compose file as it is written', async (context) => {
    const { folder, file } = await project(context);
    const { services, volumes } = await understood(context, folder, ['compose.yaml']);
    const { app, 'wx-token': daemon } = file.services;
    expect(services.app).toEqual({ ...app, depends_on: { 'wx-token': { condition: 'service_started' } } });
    expect(services['wx-token']).toEqual({
      ...daemon,
      volumes: [`${folder}/secret:/etc/wx-token:ro`, 'wx:/var/run/wx:rw'],
    });
    expect(volumes).toEqual({ wx: { external: true, name: 'wx' } });
  });

  it('docker-compose takes the health of the daemon from the second file and leaves the rest', async (context) => {
    const { folder } = await project(context);
    const alone = await understood(context, folder, ['compose.yaml']);
    const both = await understood(context, folder, ['compose.yaml', 'compose.health.yaml']);
    const { healthcheck } = parse(await healthFile()).services['wx-token'];
    expect(both.services).toEqual({
      ...alone.services,
      'wx-token': { ...alone.services['wx-token'], healthcheck },
    });
  });

  it('podman-compose tells podman every key of the compose file', async (context) => {
    const { folder, file } = await project(context);
    const told = await toldByPodmanCompose(context, folder, ['up', '--detach']);
    const runs = told.filter(([command]) => command === 'run');
    expect(runs.map((run) => run[1])).toEqual([
      expect.stringMatching(/wx-token/),
      expect.stringMatching(/_app_/),
    ]);
    for (const [index, name] of (['wx-token', 'app'] as const).entries()) {
      const { image, command = [], ...keys } = file.services[name] ?? {};
      const run = (runs[index] ?? []).join('\n');
      const tail = [image, ...(command as readonly string[])].join('\n');
      expect(run.endsWith(`\n${tail}`), tail).toBe(true);
      for (const [key, value] of Object.entries(keys)) {
        const options = FOR_PODMAN[key]?.(value, folder);
        if (!options) throw new Error(`what podman is told for ${key} is not known`);
        for (const option of options) expect(`${run}\n`).toContain(`\n${option.join('\n')}\n`);
      }
    }
    expect(told.filter(([kind, verb]) => kind === 'volume' && verb === 'create')).toEqual([]);
  });

  it('the compose file gives the app the group of the published file and only the token volume', async (context) => {
    const { services, volumes } = (await project(context)).file;
    const { app, 'wx-token': daemon } = services;
    const dockerfile = await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8');
    expect(dockerfile).toContain(`USER ${String(daemon['user'])}`);
    expect(String(app['user'])).toMatch(/^(?!1000:)\d+:1000$/);
    expect(Object.keys(volumes)).toEqual(['wx']);
    expect(app['volumes']).toEqual(['wx:/var/run/wx:ro']);
  });

  it('the command of the app waits for the token and then reads it', async (context) => {
    const { folder, file } = await project(context);
    await needsTool(context.skip, 'php');
    const [shell = '', ...args] = (file.services.app['command'] as readonly string[]).map((word) =>
      word.replaceAll('/var/run/wx', folder),
    );
    const app = promisify(execFile)(shell, args);
    await writeFile(join(folder, 'token'), '76_token');
    expect((await app).stdout).toBe('8\n');
  });

  it('the compose environment passes the check command', async (context) => {
    const { folder, file } = await project(context);
    await mkdir(join(folder, 'wx'));
    const env = Object.fromEntries(
      Object.entries(file.services['wx-token']['environment'] as Mapping).map(([name, value]) => [
        name,
        String(value).replace('/etc/wx-token', `${folder}/secret`).replace('/var/run', folder),
      ]),
    );
    const check = startProgram(['check'], { env }, context.onTestFinished);
    expect(await check.exited, check.stderr()).toEqual({ code: 0, signal: null });
  });
});
