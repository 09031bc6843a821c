import type { Config } from '../config/config.ts';
import { type Daemon, startDaemon } from '../daemon.ts';
import { reloadOnChange } from '../reload.ts';
import { systemClock } from '../system/clock.ts';
import { startTicker } from '../system/ticker.ts';
import { version } from '../system/version.ts';
import { asksForHelp, readArguments } from './arguments.ts';
import { EXIT } from './exit.ts';
import { CONFIG_OPTION, configLoader, openLog, readBoth, reportProblems } from './session.ts';
import { listenForSignals } from './signals.ts';

const HELP = `wx-token-sidecar run: the daemon.

Fetches the credential ahead of expiry and publishes it, until TERM or INT. HUP refreshes now.

  --config FILE        YAML or JSON (default: WXTOKEN_CONFIG); without one the environment alone configures it
`;

/** More of them are counted: a line is to be read. */
const MOST_NAMED = 10;

function summary({ credentials }: Config, daemon: Daemon) {
  const targets = daemon.views().flatMap(({ unit }) => unit.publishers.map(({ id }) => id));
  if (credentials.length > MOST_NAMED) return { credentials: credentials.length, targets: targets.length };
  return {
    credentials: credentials.map(({ name, type, appId }) => ({ name, type, app_id: appId })),
    targets,
  };
}

export async function run(argv: readonly string[]): Promise<number> {
  if (asksForHelp(argv)) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  // First of all: without handlers HUP would end the process, and as PID 1 TERM would be ignored.
  const signals = listenForSignals();
  try {
    const load = configLoader(argv);
    const [, config] = await readBoth(async () => readArguments(argv, CONFIG_OPTION), load);
    const logger = openLog(config.log);
    const daemon = await startDaemon(config, { clock: systemClock, logger, random: Math.random });
    logger.info('started', {
      version,
      node: process.version,
      pid: process.pid,
      ...summary(config, daemon),
      state_dir: config.stateDir,
    });

    let { schedule } = config;
    let ticker = startTicker(schedule, systemClock, daemon.tick);
    const reloading = await reloadOnChange({
      config,
      load,
      daemon,
      logger,
      applied(next) {
        if (next.schedule === schedule) return;
        ticker.stop();
        schedule = next.schedule;
        ticker = startTicker(schedule, systemClock, daemon.tick);
      },
    });
    signals.onHangup(() => {
      logger.info('HUP: refreshing everything now');
      daemon.refreshNow({ strength: 'preferred' });
    });
    signals.onOverdue(() => logger.warn('stopping without waiting for what hangs'));
    daemon.tick();

    const signal = await signals.end;
    logger.info(`${signal}: stopping`);
    ticker.stop();
    await reloading.stop();
    await daemon.stop();
    logger.info('stopped');
    return EXIT.ok;
  } catch (error) {
    return reportProblems(error);
  }
}
