import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startProgram } from '../support/program.ts';
import { mount } from '../system/folder.ts';
import { benchOf, check } from './checking.ts';
import { APP_ID, APP_SECRET, type Workbench } from './workbench.ts';

/** Leaves the account to a file. */
const NO_ACCOUNT = { WXTOKEN_APPID: '', WXTOKEN_SECRET_FILE: '', WXTOKEN_FILE: '' };

/** Somebody is told of one account. */
async function configWith({ folder, file }: Workbench, notify: readonly unknown[]): Promise<string> {
  const config = join(folder, 'config.json');
  const secretFile = join(folder, 'secrets', 'app.secret');
  const shop = { name: 'shop', appId: APP_ID, secretFile, publish: [{ type: 'file', path: file }], notify };
  await writeFile(config, JSON.stringify({ credentials: [shop] }));
  return config;
}

describe('check of a good configuration', () => {
  it('check describes what the daemon would do without calling the platform', async () => {
    const bench = await benchOf();
    const { folder, file, sandbox } = bench;
    const { code, stdout, stderr } = await check(bench, { WXTOKEN_TICKETS: 'jsapi' });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`default: stable-token of ${APP_ID}\n  platform     ${sandbox.url}\n`);
    expect(stdout).toMatch(/^ {2}refresh {6}5 min 0 s before its end; at most 2000 fetches and 20 forced/m);
    expect(stdout).toMatch(
      new RegExp(
        `^  secret       ${folder}/secrets/app\\.secret: readable, mode 0600: .+ reads and writes`,
        'm',
      ),
    );
    expect(stdout).toMatch(
      new RegExp(
        `^  token        ${file}: raw, details in token\\.json; mode 0640: .+, others nothing$`,
        'm',
      ),
    );
    expect(stdout).toMatch(new RegExp(`^  jsapi        ${folder}/volume/jsapi_ticket: raw`, 'm'));
    expect(stdout).toMatch(new RegExp(`^  folder       ${folder}/volume: will be created, \\w+ \\(`, 'm'));
    expect(stdout).toMatch(/^state folder\n {2}folder .+\n {2}shared {7}no: .+\n {2}records {6}none yet$/m);
    expect(stdout).toMatch(/^the configuration is good, warnings: \d+$/m);
    expect(stdout).toMatch(/^looked at as .+, group .+$/m);
    expect(await sandbox.journal()).toEqual([]);
  });

  it('check reports the mode and the records of a chosen state folder', async () => {
    const bench = await benchOf();
    const stateDir = join(bench.folder, 'state');
    expect((await bench.once({ WXTOKEN_STATE_DIR: stateDir })).code).toBe(0);
    const { code, stdout } = await check(bench, { WXTOKEN_STATE_DIR: stateDir });

    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^  folder       ${stateDir}: is there with mode 0700, writable`, 'm'));
    expect(stdout).toMatch(
      /^ {2}shared {7}with every daemon that is given the same folder\n {2}records {6}1$/m,
    );
  });

  it('check warns of risky settings that work and exits with 0', async () => {
    const bench = await benchOf();
    await writeFile(join(bench.folder, 'open.secret'), APP_SECRET, { mode: 0o644 });
    const { code, stdout } = await check(bench, {
      WXTOKEN_SECRET_FILE: join(bench.folder, 'open.secret'),
      WXTOKEN_TYPE: 'access-token',
      WXTOKEN_FILE_MODE: '0644',
      WXTOKEN_FETCHES_PER_DAY: '29',
    });

    expect(code).toBe(0);
    for (const warning of [
      'everyone who gets at the secret file .+open\\.secret may read it',
      'everyone who gets at .+/volume/token may read it',
      'a budget of 29 fetches a day may be too small to keep a token alive',
      'access-token with a private state folder',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  WARNING      ${warning}`, 'm'));
    }
  });

  it('check lists the notifiers of a credential and does not call the webhook', async () => {
    const bench = await benchOf();
    const config = await configWith(bench, [
      { type: 'exec', command: ['/bin/sh', '-c', 'exit 1'] },
      { type: 'webhook', url: `${bench.sandbox.url}/changed?token=hush` },
      { type: 'signal', pidFile: join(bench.folder, 'app.pid') },
    ]);
    await writeFile(join(bench.folder, 'app.pid'), '1\n');
    const { code, stdout } = await check(bench, NO_ACCOUNT, ['--config', config]);

    expect(code).toBe(0);
    expect(stdout).toContain('  notify[0]    runs /bin/sh, for 30 s at most\n');
    expect(stdout).toContain(
      `  notify[1]    POSTs to ${bench.sandbox.url}/changed, which has 5 s to answer\n`,
    );
    expect(stdout).toMatch(
      /^ {2}WARNING {6}the URL of the webhook at .+ seems to carry a secret \(token=…\)/m,
    );
    expect(stdout).toMatch(/^ {2}WARNING {6}the pid file .+\/app\.pid names the pid 1, so nobody is told/m);
    expect(stdout).not.toContain('hush');
    expect(await bench.sandbox.journal()).toEqual([]);
  });

  it('check of thirty accounts says once what is the same for all, and each account what is its own', async () => {
    const bench = await benchOf();
    const { folder, sandbox } = bench;
    const secretFile = join(folder, 'secrets', 'app.secret');
    const credentials = Array.from({ length: 30 }, (_, index) => ({
      name: `shop${index}`,
      appId: `wx${String(index).padStart(16, '0')}`,
      secretFile,
      publish: [{ type: 'file', path: join(folder, 'volume', `shop${index}`, 'token'), mode: '0644' }],
    }));
    const config = join(folder, 'config.json');
    const settings = { stateDir: join(folder, 'state'), platform: { baseUrl: sandbox.url }, credentials };
    await writeFile(config, JSON.stringify(settings));
    const env = { ...NO_ACCOUNT, WXTOKEN_API_BASE_URL: '' };
    const { code, stdout } = await check(bench, env, ['--config', config]);

    expect(code).toBe(0);
    expect(stdout.match(/^ {2}platform .+$/gm)).toEqual([`  platform     ${sandbox.url} (all 30)`]);
    expect(stdout.match(/^ {2}refresh .+$/gm)).toEqual([expect.stringMatching(/ \(all 30\)$/)]);
    expect(stdout.match(/mode 0644: .+$/gm)).toEqual([expect.stringMatching(/ \(all 30\)$/)]);
    expect(stdout.match(/will be created.+$/gm)).toHaveLength(2);
    const warnings = stdout.match(/^ {2}WARNING +everyone who gets at .+$/gm);
    expect(warnings).toEqual([
      expect.stringMatching(/shop0\/token may read it: .+ \(all 30, with paths of their own\)$/),
    ]);
    for (const { name, publish } of credentials) {
      expect(stdout).toContain(`\n  token        ${publish[0]?.path}\n`);
      expect(stdout).toMatch(new RegExp(`^${name}: stable-token of wx`, 'm'));
    }
  });

  it('check recognises a folder on a tmpfs as memory', async (ctx) => {
    const bench = await benchOf();
    await mkdir(join(bench.folder, 'volume'), { mode: 0o755 });
    const impossible = await mount(['-t', 'tmpfs', 'none'], join(bench.folder, 'volume'));
    if (impossible) return ctx.skip(impossible);
    const { code, stdout } = await check(bench);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}folder {7}.+\/volume: is there with mode \d+, writable, tmpfs \(memory\)$/m);
    expect(stdout).not.toContain('not kept in memory');
  });

  it('check warns of a state folder that cannot be created', async () => {
    const bench = await benchOf();
    await writeFile(join(bench.folder, 'file'), '');
    const { code, stdout } = await check(bench, { WXTOKEN_STATE_DIR: join(bench.folder, 'file', 'state') });

    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ {2}WARNING {6}cannot create the folder .+; without it a restart costs a call$/m,
    );
  });
});

describe('check of a bad configuration', () => {
  it('check exits with 78 and reports each problem once on standard error', async () => {
    const bench = await benchOf();
    const wrong = {
      WXTOKEN_APPID: 'wx00 00',
      WXTOKEN_SECRET_FILE: join(bench.folder, 'none'),
      WXTOKEN_FIEL: '/tmp/x',
      WXTOKEN_FILE_MODE: '0666',
    };
    const { code, stdout, stderr } = await check(bench, wrong, ['--onlnie', '--timeout', 'soon']);

    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    for (const where of ['arguments', '--timeout', ...Object.keys(wrong)]) {
      expect(lines.filter((line) => line.startsWith(`wx-token-sidecar: ${where}: `))).toHaveLength(1);
    }
    expect(lines).toHaveLength(6);
    expect(await bench.sandbox.journal()).toEqual([]);
  });

  it.for(['5', 'soon', '0s', '-1s'])('check --online exits with 78 for a timeout of %j', async (timeout) => {
    const bench = await benchOf();
    const { code, stderr } = await check(bench, {}, ['--online', `--timeout=${timeout}`]);
    expect(code).toBe(78);
    expect(stderr).toMatch(/^wx-token-sidecar: --timeout: .+\n$/);
    expect(await bench.sandbox.journal()).toEqual([]);
  });

  it('check --online exits with 78 before any call when the target is a symbolic link', async () => {
    const bench = await benchOf();
    await mkdir(join(bench.folder, 'volume'));
    await symlink('elsewhere', bench.file);
    const { code, stdout, stderr } = await check(bench, {}, ['--online']);

    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toMatch(/^wx-token-sidecar: WXTOKEN_FILE: .+ is a symbolic link/);
    expect(await bench.sandbox.journal()).toEqual([]);
  });

  it('check exits with 78 when the program of a notifier does not exist', async () => {
    const bench = await benchOf();
    const config = await configWith(bench, [{ type: 'exec', command: ['/nowhere/hook'] }]);
    const { code, stderr } = await check(bench, NO_ACCOUNT, ['--config', config]);

    expect(code).toBe(78);
    expect(stderr).toMatch(
      /: config\.json:1 credentials\[0\]\.notify\[0\]\.command\[0\]: \/nowhere\/hook is not there/,
    );
  });

  it('check exits with 78 when the target is a single-file bind mount', async (ctx) => {
    const bench = await benchOf();
    await mkdir(join(bench.folder, 'volume'));
    await writeFile(bench.file, '');
    const impossible = await mount(['--bind', bench.file], bench.file);
    if (impossible) return ctx.skip(impossible);
    const { code, stderr } = await check(bench);

    expect(code).toBe(78);
    expect(stderr).toMatch(/WXTOKEN_FILE: .+ is itself a mount \(a single-file bind mount or subPath\)/);
  });

  it('check exits with 78 when the volume is mounted read-only', async (ctx) => {
    const bench = await benchOf();
    const volume = join(bench.folder, 'volume');
    await mkdir(volume);
    const impossible = await mount(['-t', 'tmpfs', '-o', 'ro', 'none'], volume);
    if (impossible) return ctx.skip(impossible);
    const { code, stderr } = await check(bench);

    expect(code).toBe(78);
    expect(stderr).toMatch(/WXTOKEN_FILE: .+the volume is mounted read-only/);
  });
});

it('check gives the same output and exit code in a process of its own', async () => {
  const bench = await benchOf();
  for (const env of [{}, { WXTOKEN_TYPE: 'no-such-type' }]) {
    const here = await check(bench, env);
    const program = startProgram(['check'], { env: bench.env(env) }, onTestFinished);
    const { code } = await program.exited;
    expect({ code, stdout: program.stdout(), stderr: program.stderr() }).toEqual(here);
  }
});

it('check --help explains the options and the exit code 78', async () => {
  const program = startProgram(['check', '--help'], {}, onTestFinished);
  expect(await program.exited).toEqual({ code: 0, signal: null });
  expect(program.stdout()).toMatch(
    /^wx-token-sidecar check \[OPTIONS\].+--online.+--timeout.+78 +bad configuration/s,
  );
});
