import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { daemonLine } from '../inspection/status/daemon-line.ts';
import { type StatusReport, statusOnDisk } from '../inspection/status/index.ts';
import { statusTable } from '../inspection/status/status-table.ts';
import { isInTrouble, serverTroubleOf, troubleOf } from '../inspection/status/status-trouble.ts';
import { type Terminal, terminalOf } from '../inspection/status/table.ts';
import { escapeControls } from '../observability/log/escape.ts';
import type { ServerStatus } from '../observability/status/server-status.ts';
import { snapshotFolder } from '../observability/status/snapshot-file.ts';
import { version } from '../system/process/version.ts';
import { systemClock } from '../system/time/clock.ts';
import { helpOf } from '../usage/help.ts';
import { STATUS } from '../usage/status.ts';
import { ARGUMENTS, asksForHelp, readArguments } from './arguments.ts';
import { EXIT } from './exit.ts';
import { languageOf } from './language.ts';
import { configLoader, createSession, type Host } from './session.ts';

/**
 * Runs `status`: reports on every credential from the published files and the state folder.
 * @returns the exit code
 */
export async function run(argv: readonly string[], host: Host = process): Promise<number> {
  if (asksForHelp(argv)) {
    host.stdout.write(helpOf(STATUS));
    return EXIT.ok;
  }
  const session = createSession(host);
  try {
    const [{ values }, config] = await session.readBoth(
      async () => options(argv),
      configLoader(argv, { publishes: false, fetches: false }, host.env),
    );
    const report = await statusOnDisk(config, systemClock);
    if (values.json) host.stdout.write(json(report));
    else if (!values.quiet) {
      const language = languageOf(config, host.stdout, host.env);
      host.stdout.write(text(report, config, terminalOf(host.stdout, host.env, language)));
    }
    const isFine = report.credentials.every(({ state, optional }) => optional || state === 'fresh');
    return isFine ? EXIT.ok : EXIT.unhealthy;
  } catch (error) {
    return session.report(error);
  }
}

function options(argv: readonly string[]) {
  const read = readArguments(argv, STATUS);
  if (read.values.json && read.values.quiet) {
    throw new ConfigError([
      {
        where: ARGUMENTS,
        what: {
          en: '--json prints and --quiet does not: say one of them',
          zh: '--json 要打印，--quiet 不打印：只写一个',
        },
      },
    ]);
  }
  return read;
}

function json({ daemon, credentials }: StatusReport): string {
  return `${escapeControls(JSON.stringify({ version, at: seconds(), daemon, credentials }))}\n`;
}

function text({ daemon, credentials }: StatusReport, { stateDir }: Config, terminal: Terminal): string {
  const at = seconds();
  const blocks = [
    ...credentials.filter(isInTrouble).map((status) => troubleOf(status, at, terminal)),
    ...serversOf(daemon).map((server) => serverTroubleOf(server, at, terminal)),
  ].map((lines) => ['', ...lines]);
  const lines = [
    ...statusTable(credentials, terminal),
    ...blocks.flat(),
    '',
    escapeControls(daemonLine(daemon, snapshotFolder(stateDir), at)[terminal.language]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Returns the servers that a daemon which still runs cannot make listen. */
function serversOf(daemon: StatusReport['daemon']): readonly ServerStatus[] {
  if (daemon.state !== 'running' && daemon.state !== 'silent') return [];
  return (daemon.servers ?? []).filter(({ problem }) => problem);
}

/** Returns the time in epoch seconds. */
function seconds(): number {
  return Math.floor(systemClock.now().wall / 1000);
}
