import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startProcess } from '../support/program.ts';
import { TEST_ACCOUNT, withSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { bundleWithToys } from './bundle.ts';

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wx-'));
  program = join(folder, 'program.mjs');
  await bundleWithToys(program);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A configuration with one credential of the new type, which goes into a file and into a target of the new kind. */
async function toys(changes: Readonly<Record<string, unknown>> = {}) {
  const sandbox = await withSandbox();
  const home = await mkdtemp(join(folder, 'home-'));
  const [secretFile, file, drawer] = [join(home, 'secret'), join(home, 'wx', 'token'), join(home, 'drawer')];
  await mkdir(join(home, 'wx'));
  await writeFile(secretFile, TEST_ACCOUNT.secret, { mode: 0o600 });
  const credential = {
    ...{ name: 'toy', type: 'toy-token', toyId: TEST_ACCOUNT.appId, toyWindow: '2m', secretFile },
    publish: [
      { type: 'file', path: file },
      { type: 'toy-drawer', drawer },
    ],
    ...changes,
  };
  const config = join(home, 'config.json');
  await writeFile(config, JSON.stringify({ platform: { baseUrl: sandbox.url }, credentials: [credential] }));
  const start = (...args: string[]) =>
    startProcess(process.execPath, [program, ...args, '--config', config], {}, onTestFinished);
  async function said(...args: string[]) {
    const started = start(...args);
    const { code } = await started.exited;
    return { code, stdout: started.stdout(), stderr: started.stderr() };
  }
  return { sandbox, file, drawer, start, said };
}

const read = (path: string) => readFile(path, 'utf8').catch(() => undefined);

describe('a type of credential and a kind of target that are one file each', () => {
  it('the new kinds are configured and checked', async () => {
    const { said, drawer } = await toys();
    const { code, stdout, stderr } = await said('check');
    expect(stderr).toBe('');
    expect(stdout).toContain(`toy: toy-token of ${TEST_ACCOUNT.appId}\n`);
    expect(stdout).toMatch(/refresh +2 min( 0 s)? before its end/);
    expect(stdout).toContain(`in the drawer ${drawer}\n`);
    expect(code).toBe(0);
    const online = await said('check', '--online');
    expect(online.stdout).toMatch(/answer +a token with/);
    expect(online.code).toBe(0);
  });

  it.for([
    [{ type: 'stable-token' }, 'toyId: does not belong to stable-token, which has appId'],
    [{ type: 'stable-token' }, 'toyWindow: belongs to toy-token: stable-token has rotationWindow'],
    [{ rotationWindow: '5m' }, 'rotationWindow: belongs to stable-token: toy-token has toyWindow'],
    [{ toyId: undefined }, 'toyId: is required: the toy id of the account'],
    [{ toyWindow: 5 }, 'toyWindow: must be a duration with a unit, like 90s, 10m or 2h'],
    [{ tickets: ['jsapi'] }, 'jsapi is not a ticket of toy-token: that has none'],
    [
      { type: 'toy-tokn' },
      'type: must be stable-token, access-token, wecom, component, authorizer, wecom-provider, wecom-suite, wecom-corp, qq-bot, toy-token, authorizers or mirror',
    ],
    [{ publish: [{ type: 'toy-drawer' }] }, 'drawer: is required: where the drawer is'],
    [{ publish: [{ type: 'toy-box' }] }, 'must be file, kubernetes-secret, redis or toy-drawer'],
  ] as const)('a mistake in the keys of a new kind is told: %j', async ([changes, message]) => {
    const { said } = await toys(changes);
    const { code, stderr } = await said('check');
    expect(stderr).toContain(message);
    expect(code).toBe(78);
  });

  it('a state folder is required where the only target is of a kind that writes no files', async () => {
    const { said, drawer } = await toys({ publish: [{ type: 'toy-drawer', drawer: '/tmp/drawer' }] });
    expect(drawer).not.toBe('');
    const { code, stderr } = await said('check');
    expect(stderr).toContain('stateDir: is required where nothing is published into a file');
    expect(code).toBe(78);
  });

  it('the new kinds are refreshed, published and shown', async () => {
    const { sandbox, file, drawer, start, said } = await toys();
    const daemon = start('run');
    const first = await eventually(() => read(drawer));
    expect(await eventually(() => read(file))).toBe(first);
    expect(JSON.parse((await read(`${file}.json`)) ?? '')).toMatchObject({
      type: 'toy-token',
      app_id: TEST_ACCOUNT.appId,
    });
    daemon.signal('SIGHUP');
    const second = await eventually(async () => {
      const held = await read(drawer);
      return held !== first && held;
    });
    await eventually(async () => (await read(file)) === second);
    expect(await sandbox.calls('/cgi-bin/stable_token')).toBe(2);
    // The daemon writes its status a moment after it has published: until then the token before is shown, which is dead.
    const { stdout, code } = await eventually(async () => {
      const shown = await said('status', '--json');
      const { daemon, credentials } = JSON.parse(shown.stdout);
      return daemon.state === 'running' && credentials[0]?.state === 'fresh' && shown;
    });
    expect(JSON.parse(stdout).credentials).toMatchObject([{ credential: 'toy', state: 'fresh' }]);
    expect(stdout).toContain(`/toy-token/${TEST_ACCOUNT.appId}`);
    expect(code).toBe(0);
    daemon.signal('SIGTERM');
    expect(await daemon.exited).toMatchObject({ code: 0 });
  });
});
