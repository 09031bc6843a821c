import { chmod, copyFile, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DaemonStatus } from '../../src/inspection/status/index.ts';
import type { Status } from '../../src/observability/status/status.ts';
import { filesIn } from '../support/files.ts';
import { BUILT_PROGRAM, type Environment, startProcess, startProgram } from '../support/program.ts';
import { runHere } from '../support/run-here.ts';
import { eventually } from '../support/wait.ts';
import { isRoot, mount } from '../system/folder.ts';
import { APP_ID, APP_SECRET, type Workbench, workbench } from './workbench.ts';

const UTF8 = { LC_ALL: 'C.UTF-8' };

/**
 * Runs it to its end and makes sure that it has told no secret and, where no daemon runs beside it, that it has changed
 * nothing and asked nobody.
 */
async function status(
  bench: Workbench,
  changes: Environment = {},
  args: readonly string[] = [],
  { isChanging = false } = {},
) {
  const [before, asked] = [await marksOf(bench.folder), await bench.sandbox.journal()];
  const said = await runHere('status', args, bench.env(changes));
  if (!isChanging) {
    expect(await marksOf(bench.folder)).toEqual(before);
    expect(await bench.sandbox.journal()).toEqual(asked);
  }
  for (const secret of [APP_SECRET, await bench.token()]) {
    if (secret !== undefined) expect(said.stdout + said.stderr).not.toContain(secret);
  }
  return said;
}

/** Every path with what a write would change. */
async function marksOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  const marks = ['.', ...names].sort().map(async (name) => {
    const { mode, mtimeMs, ino } = await lstat(join(folder, name));
    return `${name} ${mode} ${mtimeMs} ${ino}`;
  });
  return await Promise.all(marks);
}

async function published(options: Parameters<typeof workbench>[1] = {}, changes: Environment = {}) {
  const bench = await workbench(onTestFinished, options);
  expect((await bench.once(changes)).code).toBe(0);
  return bench;
}

interface Told {
  readonly version: string;
  readonly at: number;
  readonly daemon: DaemonStatus;
  readonly credentials: readonly Status[];
}

const stateOf = ({ folder }: Workbench) => join(folder, 'volume', '.wx-token-sidecar');

function statusesIn(stdout: string): Told {
  return JSON.parse(stdout);
}

/** What does not change from one second to the next. */
function constantPart({ credential, kind, account, state, issued_at, expires_at, calls }: Status) {
  return { credential, kind, account, state, issued_at, expires_at, calls };
}

describe('status output', () => {
  it('status prints one line per target and exits with 0 when all are fresh', async () => {
    const tickets = { WXTOKEN_TICKETS: 'jsapi' };
    const bench = await published({}, tickets);
    const { code, stdout, stderr } = await status(bench, { ...tickets, ...UTF8 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [head, token, ticket, ...more] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^CREDENTIAL {2}KIND {3}TARGET {2,}AGE {2,}LIFE LEFT {2,}ERROR {2}NEXT STEP$/);
    const life = '\\d+s {2,}▰{10} 1h 59m {2}- {6}in';
    expect(token).toMatch(new RegExp(`^default {5}token {2}${bench.file} {2,}${life} 1h 55m: the next one$`));
    expect(ticket).toMatch(
      new RegExp(`^default {5}jsapi {2}${bench.folder}/volume/jsapi_ticket {2}${life} `),
    );
    expect(more).toEqual([
      '',
      expect.stringMatching(/^no daemon runs: as of \d+ s ago, when pid \d+ stopped$/),
    ]);
  });

  it('status draws in ASCII without a UTF-8 locale', async () => {
    const { stdout } = await status(await published());
    expect(stdout).toMatch(/ ########## 1h 59m /);
    expect(stdout).toMatch(/^[\n -~]+$/);
  });

  it('status reports a fresh token beside a running daemon', async () => {
    const bench = await workbench(onTestFinished);
    bench.run();
    await bench.newToken();
    const { code, stdout } = await eventually(async () => {
      const program = startProgram(['status', '--json'], { env: bench.env() }, onTestFinished);
      const { code: exit } = await program.exited;
      return exit === 0 && { code: exit, stdout: program.stdout() };
    });
    expect({ code, state: statusesIn(stdout).credentials[0]?.state }).toEqual({ code: 0, state: 'fresh' });
  });

  it('status agrees with the running daemon, which also serves a page for browsers', async () => {
    const bench = await workbench(onTestFinished);
    const program = bench.run({ WXTOKEN_LISTEN: '127.0.0.1:0' });
    const { message } = await program.logged(/^health and metrics on /);
    const url = `http://${message.replace('health and metrics on ', '')}/`;
    await program.logged(/^published$/);
    const { stdout } = await eventually(async () => {
      const said = await status(bench, {}, ['--json'], { isChanging: true });
      return said.code === 0 && statusesIn(said.stdout).daemon.state === 'running' && said;
    });
    const { daemon, credentials } = statusesIn(stdout);
    expect(daemon).toMatchObject({ state: 'running', pid: program.pid, host: hostname() });
    const told = statusesIn(await (await fetch(url)).text()).credentials.map(constantPart);
    expect(credentials.map(constantPart)).toEqual(told);
    const table = await status(bench, {}, [], { isChanging: true });
    expect(table.stdout).toMatch(new RegExp(`\\n\\nas of \\d+ s ago, pid ${program.pid}\\n$`));
    const page = await (await fetch(url, { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('<h1>Fresh</h1>');
    expect(page).toContain(bench.file);
  });

  it('status --json prints the state of each credential as JSON', async () => {
    const bench = await published();
    const { code, stdout } = await status(bench, {}, ['--json']);
    expect(code).toBe(0);
    const { version, at, credentials } = statusesIn(stdout);
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(Math.abs(at * 1000 - Date.now())).toBeLessThan(60_000);
    expect(credentials).toMatchObject([
      {
        credential: 'default',
        kind: 'token',
        optional: false,
        state: 'fresh',
        expires_in: 7200,
        targets: [{ id: `file:${bench.file}`, state: 'fresh' }],
        next: { brief: 'the next one' },
        calls: { fetches: { used: 1, limit: 2000 }, forced: { used: 0, limit: 20 } },
      },
    ]);
  });

  it('status --json prints the whole of a large configuration into a pipe', async () => {
    const folder = (await workbench(onTestFinished)).folder;
    const config = join(folder, 'config.json');
    const credentials = Array.from({ length: 1000 }, (_, index) => ({
      ...{ name: `c${index}`, appId: `wx${String(index).padStart(16, '0')}`, secretEnv: 'SECRET' },
      publish: [{ type: 'file', path: join(folder, 'volume', `c${index}`) }],
    }));
    await writeFile(config, JSON.stringify({ credentials }));
    const env = { SECRET: APP_SECRET, WXTOKEN_CONFIG: config };
    const program = startProgram(['status', '--json'], { env }, onTestFinished);
    expect((await program.exited).code).toBe(3);
    expect(statusesIn(program.stdout()).credentials).toHaveLength(1000);
  });

  it('status --quiet prints nothing and sets only the exit code', async () => {
    const bench = await published();
    expect(await status(bench, {}, ['--quiet'])).toEqual({ code: 0, stdout: '', stderr: '' });
    await rm(bench.file);
    expect(await status(bench, {}, ['--quiet'])).toEqual({ code: 3, stdout: '', stderr: '' });
  });
});

describe('status with problems', () => {
  it('status exits with 3 before the first success', async () => {
    const bench = await workbench(onTestFinished);
    const { code, stdout } = await status(bench);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^default .+ missing .+ overdue: fetch$/m);
    expect(stdout).toContain('the last line tells of the daemon');
    expect(stdout).toMatch(
      /^no daemon with these accounts and targets has written its status into .+; if one runs, its log says why: this is what the published files tell$/m,
    );
  });

  it('status exits with 3 for an expired token', async () => {
    const bench = await published({ tokenTtl: 2 });
    const { stdout } = await eventually(async () => {
      const said = await status(bench, UTF8);
      return said.code === 3 && said;
    });
    expect(stdout).toMatch(/^default .+ ▱{10} dead /m);
    expect(stdout).toMatch(/^default token is dead: .+stable-token\/wx0000000000000000$/m);
  });

  it('status exits with 3 for a missing published file', async () => {
    const bench = await published();
    await rm(bench.file);
    const { code, stdout } = await status(bench);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^default .+ missing /m);
    expect(stdout).toContain(`target    ${bench.file} is not there\n`);
  });

  it('status exits with 3 and shows the refusal of WeChat and what to do', async () => {
    const bench = await workbench(onTestFinished);
    await bench.sandbox.faults([{ kind: 'errcode', errcode: 40164 }]);
    expect((await bench.once()).code).toBe(77);
    const { code, stdout } = await status(bench);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^default .+ missing +wx-40164 x1 +in \d+[sm]: another try$/m);
    expect(stdout).toMatch(/^ {2}error {5}.*40164/m);
    expect(stdout).toMatch(/^ {2}to do {5}.*whitelist/m);
    expect(stdout).toMatch(/^ {2}answer {4}errcode 40164/m);
    expect(stdout).toMatch(/^ {2}since {5}20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, \d+ s ago, once$/m);
  });

  it('status exits with 0 when only an optional credential is missing', async () => {
    const bench = await workbench(onTestFinished);
    const config = join(bench.folder, 'config.yaml');
    const lines = ['credentials:', `  - { name: shop, appId: ${APP_ID}, optional: true, secretEnv: SECRET,`];
    await writeFile(config, [...lines, `      publish: [{ type: file, path: ${bench.file} }] }`].join('\n'));
    const env = { SECRET: APP_SECRET, WXTOKEN_CONFIG: config };
    const program = startProgram(['status'], { env }, onTestFinished);
    expect((await program.exited).code).toBe(0);
    expect(program.stdout()).toMatch(/^shop \(optional\) {2}token .+ missing /m);
  });

  it('status exits with 3 for a user who cannot read the files', async (ctx) => {
    if (!isRoot) return ctx.skip('this process cannot become somebody else');
    const bench = await published();
    await chmod(bench.folder, 0o755);
    const program = join(bench.folder, 'program.mjs');
    await copyFile(BUILT_PROGRAM, program);
    const changes = { ...bench.env(), HOME: '/' };
    const told = startProcess(
      process.execPath,
      [program, 'status'],
      { env: changes, uid: 65_534 },
      onTestFinished,
    );
    expect((await told.exited).code).toBe(3);
    expect(told.stderr()).toBe('');
    expect(told.stdout()).toMatch(/^default .+ unreadable /m);
    expect(told.stdout()).toContain(`target    cannot read ${bench.file} (EACCES)\n`);
    expect(told.stdout()).toMatch(/^ignoring .+: EACCES; look as the daemon's user/m);
  });
});

describe('sources of status', () => {
  it('status uses the details file when there is no state folder', async () => {
    const bench = await published();
    await rename(stateOf(bench), join(bench.folder, 'elsewhere'));
    const { code, stdout } = await status(bench);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      / ########## 1h 59m .+\n\nno daemon with these accounts and targets has written its status into /,
    );
  });

  it('status uses the details file and says so when what the daemon wrote cannot be used', async () => {
    const bench = await published();
    const [snapshot = ''] = await filesIn(join(stateOf(bench), 'status'));
    await writeFile(snapshot, '\u001b[2J');
    const { code, stdout } = await status(bench);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ignoring .+: not JSON: this is what the published files tell$/m);
  });

  it('a daemon that was killed is told as ended, with what it wrote last', async () => {
    const bench = await workbench(onTestFinished);
    const program = bench.run();
    await eventually(async () => {
      const { code, stdout } = await status(bench, {}, ['--json'], { isChanging: true });
      return code === 0 && statusesIn(stdout).daemon.state === 'running';
    });
    // Once the token is in the record, too.
    const idle = / in 1h 5\dm: the next one$/m;
    await eventually(async () => idle.test((await status(bench, {}, [], { isChanging: true })).stdout));
    program.signal('SIGKILL');
    await program.exited;
    const { code, stdout } = await status(bench);
    expect(code).toBe(0);
    expect(stdout).toMatch(idle);
    expect(stdout).toMatch(
      new RegExp(
        `^no daemon runs: as of \\d+ s ago; pid ${program.pid} has ended since and could not say so$`,
        'm',
      ),
    );
    expect(statusesIn((await status(bench, {}, ['--json'])).stdout).daemon.state).toBe('ended');
  });

  it('`once` beside a running daemon leaves what the daemon wrote alone', async () => {
    const bench = await workbench(onTestFinished);
    const program = bench.run();
    const daemon = async () => {
      const { stdout } = await status(bench, {}, ['--json'], { isChanging: true });
      return statusesIn(stdout).daemon;
    };
    await eventually(async () => (await daemon()).state === 'running');
    expect((await bench.once()).code).toBe(0);
    expect(await daemon()).toMatchObject({ state: 'running', pid: program.pid });
  });

  it('status of a corp needs no readable AppSecret', async () => {
    const accounts = [{ appId: 'ww0000000000000000', secret: APP_SECRET }];
    const corp = { WXTOKEN_TYPE: 'wecom', WXTOKEN_APPID: 'ww0000000000000000' };
    const bench = await published({ accounts }, corp);
    await rm(join(bench.folder, 'secrets'), { recursive: true });
    const { code, stdout } = await status(bench, corp, ['--json']);
    expect(code).toBe(0);
    expect(statusesIn(stdout).credentials[0]?.account).toMatch(/\/wecom\/ww0000000000000000\/[0-9a-f]{12}$/);
  });

  it('a full volume of the state folder neither stops the daemon nor hides that it runs on', async (ctx) => {
    const bench = await workbench(onTestFinished);
    const state = join(bench.folder, 'state');
    await mkdir(state);
    const problem = await mount(['-t', 'tmpfs', '-o', 'size=64k', 'none'], state);
    if (problem) return ctx.skip(problem);
    await expect(writeFile(join(state, 'rest'), Buffer.alloc(128 * 1024))).rejects.toThrow('ENOSPC');
    const env = { WXTOKEN_STATE_DIR: state };
    const program = bench.run(env);
    await bench.newToken();
    await program.logged(/^cannot write .*ENOSPC; until then status shows what was written last/);
    expect((await status(bench, env, [], { isChanging: true })).code).toBe(0);
    await rm(join(state, 'rest'));
    await program.logged(/^the status file can be written again$/);
    await eventually(async () => {
      const { stdout } = await status(bench, env, ['--json'], { isChanging: true });
      return statusesIn(stdout).daemon.state === 'running';
    });
    program.signal('SIGTERM');
    expect(await program.exited).toEqual({ code: 0, signal: null });
  });

  it('status recognises a fresh file in the php format', async () => {
    const bench = await workbench(onTestFinished);
    const config = join(bench.folder, 'config.json');
    const publish = [{ type: 'file', path: `${bench.file}.php`, format: 'php' }];
    const platform = { baseUrl: bench.sandbox.url };
    const credential = { name: 'shop', appId: APP_ID, secretEnv: 'SECRET', platform, publish };
    await writeFile(config, JSON.stringify({ credentials: [credential] }));
    const env = { SECRET: APP_SECRET };
    expect((await startProgram(['once', '--config', config], { env }, onTestFinished).exited).code).toBe(0);
    expect(await readFile(`${bench.file}.php`, 'utf8')).toContain('<?php');
    const { code, stdout } = await runHere('status', ['--config', config, '--json'], env);
    expect(code).toBe(0);
    expect(statusesIn(stdout).credentials[0]?.targets).toMatchObject([{ state: 'fresh' }]);
  });

  it('status escapes control characters in a path', async () => {
    const bench = await workbench(onTestFinished);
    await mkdir(join(bench.folder, 'v\u001b[31m\u202e'));
    const { stdout } = await status(bench, {
      WXTOKEN_FILE: join(bench.folder, 'v\u001b[31m\u202e', 'token'),
    });
    expect(stdout).toContain('v\\u001b[31m\\u202e/token');
    expect(stdout).not.toMatch(/[\u001b\u202e]/);
  });
});

describe('the cost of status', () => {
  it('status imports no HTTP client, no logger, no lock and no watcher', async () => {
    const entry = 'src/commands/status.ts';
    const { build } = await import('esbuild');
    const { metafile } = await build({
      ...{ entryPoints: [entry], bundle: true, write: false, outdir: 'dist', metafile: true },
      ...{ packages: 'external', platform: 'node', format: 'esm', logLevel: 'error' },
    });
    const reached = new Set([entry]);
    for (const file of reached) {
      for (const { path, kind } of metafile.inputs[file]?.imports ?? []) {
        if (kind === 'import-statement') reached.add(path);
      }
    }
    expect(reached).toContain('src/observability/status/snapshot-file.ts');
    const packages = [...reached].filter((path) => !/^(src\/|node:|package.json)/.test(path));
    expect(packages.sort()).toEqual(['get-east-asian-width', 'node-cron', 'valibot']);
  });
});

describe('status with bad input', () => {
  it.for([
    [['--jsno'], "Unknown option '--jsno'; did you mean --json?"],
    [['default'], "Unexpected argument 'default'"],
    [['--quiet=yes'], "Option '--quiet' takes no value"],
    [['--json', '--quiet'], '--json prints and --quiet does not: say one of them'],
  ] as const)('status exits with 78 for the arguments %j', async ([args, what]) => {
    const bench = await workbench(onTestFinished);
    expect(await status(bench, {}, args)).toEqual({
      code: 78,
      stdout: '',
      stderr: `wx-token-sidecar: arguments: ${what}\n`,
    });
  });

  it('status --quiet reports a bad configuration and exits with 78', async () => {
    const bench = await workbench(onTestFinished);
    const { code, stdout, stderr } = await status(bench, { WXTOKEN_FIEL: '/tmp/x' }, ['--quiet']);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toMatch(/^wx-token-sidecar: WXTOKEN_FIEL: /);
  });
});
