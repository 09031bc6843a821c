import { type Daemon, startDaemon } from '../app/daemon.ts';
import { reloadOnChange } from '../app/reload.ts';
import { createServers } from '../app/servers.ts';
import type { Config } from '../config/config.ts';
import type { Text } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import { inWords } from '../observability/log/duration.ts';
import { errcodes } from '../providers/platform.ts';
import { volumes } from '../system/fs/files.ts';
import { createReadMarks } from '../system/fs/watch-files.ts';
import { version } from '../system/process/version.ts';
import { beats } from '../system/time/beats.ts';
import { systemClock } from '../system/time/clock.ts';
import { startTicker } from '../system/time/ticker.ts';
import { helpOf } from '../usage/help.ts';
import { RUN } from '../usage/run.ts';
import { asksForHelp, readArguments } from './arguments.ts';
import { EXIT } from './exit.ts';
import { openLog } from './open-log.ts';
import { configLoader, createSession, type Session } from './session.ts';
import { listenForSignals } from './signals.ts';

/**
 * How long (ms) the daemon waits for what it has asked a volume: a disk under load may take long to write its cache
 * back. When it is to stop, there is less time.
 */
const VOLUME_PATIENCE = 30 * SECOND;
const LAST_VOLUME_PATIENCE = 1.5 * SECOND;

/** How long (ms) after the first tick everything is loaded that will be needed without warning. */
const LATER = 0.5 * SECOND;

/** A tick that is later than this, in ms, shows that the process was stopped or could not run. */
const STANDSTILL = 5 * SECOND;
const STARVED: Text = {
  en: 'the process was stopped, or lacks CPU: look at the limits of its container and the load of its node',
  zh: '进程被暂停过，或得不到 CPU：检查容器的限制和节点的负载',
};

/**
 * Largest number of credentials that the line at the start names. If there are more, it gives their number, so that
 * the line stays readable.
 */
const MAX_NAMED = 10;

/** Returns the log fields that describe the configuration at the start. */
function summary({ credentials: named, many = [] }: Config, daemon: Daemon) {
  const credentials = [...named, ...many];
  const targets = [...daemon.views()].flatMap(({ unit }) => unit.publishers.map(({ id }) => id));
  if (credentials.length > MAX_NAMED) return { credentials: credentials.length, targets: targets.length };
  return {
    credentials: credentials.map((credential) => ({
      name: credential.name,
      ...(credential.title !== undefined && { title: credential.title }),
      type: credential.type,
      ...('appId' in credential && { app_id: credential.appId }),
    })),
    targets,
  };
}

/** Reads arguments and configuration, and what the files of the configuration were at that time. */
async function readFirst(
  argv: readonly string[],
  load: ReturnType<typeof configLoader>,
  { readBoth }: Session,
) {
  const read = createReadMarks();
  const [, config] = await readBoth(
    async () => readArguments(argv, RUN),
    () => load({ wasRead: read.note }),
  );
  return { config, marks: read.of(config.inputs) };
}

/**
 * Runs the daemon until TERM or INT.
 * @returns the exit code
 */
export async function run(argv: readonly string[]): Promise<number> {
  if (asksForHelp(argv)) {
    process.stdout.write(helpOf(RUN));
    return EXIT.ok;
  }
  // This comes first: without handlers HUP would end the process, and as PID 1 the process would ignore TERM.
  const signals = listenForSignals();
  const session = createSession();
  try {
    const load = configLoader(argv);
    const { config, marks } = await readFirst(argv, load, session);
    const logger = openLog({ ...config.log, language: config.language });
    const servers = await createServers(config, {
      clock: systemClock,
      logger,
      views: () => daemon.views(),
      channels: () => daemon.channels(),
      pushed: (told) => daemon.pushed(told),
      leadership: () => daemon.leadership(),
    });
    const daemon = await startDaemon(config, {
      clock: systemClock,
      logger,
      random: Math.random,
      observer: servers,
    });
    const tick = (lateMs = 0) => {
      if (lateMs > STANDSTILL) logger.warn(`stalled for ${inWords(lateMs)}`, { advice: STARVED });
      daemon.tick();
      servers.beat();
      beats.beat();
    };
    logger.info('started', {
      version,
      node: process.version,
      pid: process.pid,
      ...summary(config, daemon),
      state_dir: config.stateDir,
    });

    volumes.giveUpAfter(VOLUME_PATIENCE);
    volumes.watch();
    servers.listen();
    // The first tick comes before everything that is needed only later: a pod may be waiting for its first token.
    tick();

    // It is asked for again when it is needed.
    setTimeout(() => void errcodes().catch(() => {}), LATER).unref();

    let { schedule, onHangup } = config;
    let ticker = startTicker(schedule, systemClock, tick);
    const reloading = await reloadOnChange({
      ...{ config, marks },
      load: (running) => load({ running }),
      daemon,
      logger,
      told: servers.reloaded,
      applied(next) {
        onHangup = next.onHangup;
        if (next.schedule === schedule) return;
        ticker.stop();
        schedule = next.schedule;
        ticker = startTicker(schedule, systemClock, tick);
      },
    });
    signals.onHangup(() => {
      const retries = onHangup === 'retry';
      logger.info(
        retries ? 'HUP: asking again for everything now, without force' : 'HUP: refreshing everything now',
      );
      daemon.refreshNow({ strength: retries ? 'ordinary' : 'preferred' });
    });
    signals.onOverdue(() => logger.warn('stop timed out: not waiting for what hangs'));

    const signal = await signals.end;
    logger.info(`${signal}: stopping`);
    ticker.stop();
    volumes.giveUpAfter(LAST_VOLUME_PATIENCE);
    await reloading.stop();
    await daemon.stop();
    await servers.close();
    logger.info('stopped');
    return EXIT.ok;
  } catch (error) {
    return session.report(error);
  }
}
