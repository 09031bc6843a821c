import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { startProcess } from '../support/program.ts';
import { missing, needsTool } from '../support/tools.ts';
import { eventually } from '../support/wait.ts';

const execute = promisify(execFile);

/** How PHP answers requests, and whether APCu is there. */
export const HOSTS = ['php-fpm with APCu', 'php-fpm without APCu', 'php -S without APCu'] as const;
export type HostName = (typeof HOSTS)[number];

/** A PHP process that lives on from request to request. */
export interface PhpHost {
  /** What a script of the folder prints. */
  readonly ask: (script: string) => Promise<string>;
  /** What PHP and its error_log() have said so far. */
  readonly said: () => Promise<string>;
}

export interface PhpOptions {
  /** Other than those that PHP has by itself: `name=value`. */
  readonly settings?: readonly string[];
  /** Whether PHP-FPM starts a new worker for each request; else one answers them all. */
  readonly freshWorkers?: boolean;
}

/** Starts PHP for the scripts of a folder. It ends with the test, which is skipped where a program is missing. */
export async function startPhp(
  context: TestContext,
  name: HostName,
  folder: string,
  { settings = [], freshWorkers = false }: PhpOptions = {},
): Promise<PhpHost> {
  const options = [...settings, 'display_errors=0', 'log_errors=1'].flatMap((setting) => ['-d', setting]);
  if (name === 'php -S without APCu') return startServer(context, folder, ['-n', ...options]);
  const ini = name === 'php-fpm with APCu' ? [] : ['-n'];
  return startFpm(context, folder, [...ini, ...options], freshWorkers);
}

/** The built-in server of the command line: one process answers all requests. */
async function startServer(context: TestContext, folder: string, options: readonly string[]) {
  await needsTool(context.skip, 'php');
  const server = startProcess(
    'php',
    [...options, '-S', '127.0.0.1:0', '-t', folder],
    {},
    context.onTestFinished,
  );
  const url = await eventually(() => /\((http:\S+)\) started/.exec(server.stderr())?.[1], {
    for: 'the server of PHP',
  });
  return {
    ask: async (script: string) => (await fetch(`${url}/${script}`)).text(),
    said: async () => server.stderr(),
  };
}

/** A PHP-FPM, which answers by FastCGI. */
async function startFpm(
  context: TestContext,
  folder: string,
  options: readonly string[],
  freshWorkers: boolean,
) {
  const fpm = await programOfFpm();
  if (fpm === undefined) return context.skip(missing('php-fpm'));
  await needsTool(context.skip, 'cgi-fcgi');
  if (!options.includes('-n')) {
    const { stdout } = await execute(fpm, ['-m']);
    if (!/^apcu$/m.test(stdout)) return context.skip(missing('php with APCu'));
  }
  const own = join(folder, '.fpm');
  await mkdir(own);
  const file = (name: string) => join(own, name);
  const pool = [
    '[shop]',
    `listen=${file('socket')}`,
    'pm=static',
    'pm.max_children=1',
    `pm.max_requests=${freshWorkers ? 1 : 0}`,
  ];
  // What root starts, root may run: only then must it be allowed by -R and named.
  const user = process.geteuid?.() === 0 ? ['user=root', 'group=root'] : [];
  await writeFile(
    file('conf'),
    [
      '[global]',
      'daemonize=no',
      `error_log=${file('log')}`,
      ...pool,
      'catch_workers_output=yes',
      ...user,
      '',
    ].join('\n'),
  );
  const master = startProcess(fpm, [...options, '-R', '-F', '-y', file('conf')], {}, context.onTestFinished);
  // A master that is killed leaves its workers behind.
  context.onTestFinished(async () => {
    master.signal('SIGTERM');
    await master.exited;
  });
  const said = () => readFile(file('log'), 'utf8');
  await eventually(async () => (await said()).includes('ready to handle connections'), { for: 'PHP-FPM' });
  return {
    async ask(script: string) {
      const { stdout } = await execute('cgi-fcgi', ['-bind', '-connect', file('socket')], {
        env: {
          PATH: process.env['PATH'],
          REQUEST_METHOD: 'GET',
          SCRIPT_FILENAME: join(folder, script),
          SCRIPT_NAME: `/${script}`,
        },
      });
      return stdout.slice(stdout.indexOf('\r\n\r\n') + 4);
    },
    said,
  };
}

/** Debian names it by its version and puts it where only root looks. */
async function programOfFpm(): Promise<string | undefined> {
  for (const folder of ['/usr/local/sbin', '/usr/sbin']) {
    const name = (await readdir(folder)).find((one) => /^php-fpm[\d.]*$/.test(one));
    if (name !== undefined) return join(folder, name);
  }
  return undefined;
}
