import { readEnvironment } from '../config/environment.ts';
import { startDaemon } from '../daemon.ts';
import { systemClock } from '../system/clock.ts';
import { startTicker } from '../system/ticker.ts';
import { version } from '../system/version.ts';
import { readArguments } from './arguments.ts';
import { EXIT } from './exit.ts';
import { openLog, reportProblems } from './session.ts';
import { listenForSignals } from './signals.ts';

const HELP = `wx-token-sidecar run: the daemon.

Fetches the credential ahead of expiry and publishes it, until TERM or INT. HUP refreshes now.
Takes no options; the environment configures it.
`;

/** The end by TERM or INT takes at most this long, in ms, whatever hangs. */
const LONGEST_STOP = 4_800;

export async function run(argv: readonly string[]): Promise<number> {
  // First of all: without handlers HUP would end the process, and as PID 1 TERM would be ignored.
  const signals = listenForSignals();
  try {
    if (readArguments(argv, {}).values.help) {
      process.stdout.write(HELP);
      return EXIT.ok;
    }
    const config = await readEnvironment(process.env);
    const logger = openLog(config.log);
    const daemon = await startDaemon(config, { clock: systemClock, logger, random: Math.random });
    logger.info('started', {
      version,
      node: process.version,
      pid: process.pid,
      credentials: config.credentials.map(({ name, type, appId }) => ({ name, type, app_id: appId })),
      targets: daemon.units.flatMap(({ publishers }) => publishers.map(({ id }) => id)),
      state_dir: config.stateDir,
    });

    const ticker = startTicker(config.schedule, systemClock, daemon.tick);
    signals.onHangup(() => {
      logger.info('HUP: refreshing everything now');
      daemon.refreshNow({ strength: 'preferred' });
    });
    daemon.tick();

    const signal = await signals.end;
    logger.info(`${signal}: stopping`);
    ticker.stop();
    setTimeout(() => {
      logger.warn('stopped without waiting for what hangs');
      process.exit(EXIT.ok);
    }, LONGEST_STOP);
    await daemon.stop();
    logger.info('stopped');
    return EXIT.ok;
  } catch (error) {
    return reportProblems(error);
  }
}
