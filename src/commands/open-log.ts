import { createLogger, type Logger, type LogOptions } from '../observability/log/logger.ts';
import { tellOfVolumes } from '../observability/log/volume-log.ts';
import { volumes } from '../system/fs/files.ts';
import { debugSwitches } from '../system/process/debug-switches.ts';
import { EXIT } from './exit.ts';

/**
 * A logger on standard error. From now on it is told what Node warns of, and whatever nobody expected is logged
 * through it and ends the process.
 */
export function openLog(options: LogOptions): Logger {
  const logger = createLogger(options, process.stderr);
  const unexpected = (error: unknown) => {
    logger.error('unexpected error, exiting', { error });
    process.exit(EXIT.unexpected);
  };
  process.on('uncaughtException', unexpected);
  process.on('unhandledRejection', unexpected);
  volumes.tell(tellOfVolumes(logger));
  // Node listens itself, and writes text, unless it was told to be silent.
  if (process.listenerCount('warning') > 0) {
    process.removeAllListeners('warning');
    process.on('warning', ({ name, message }) => logger.warn(`${name}: ${message}`));
  }
  for (const { what, advice } of debugSwitches(process.env, process.execArgv)) {
    logger.warn(what.en, { meaning: { zh: what.zh }, advice });
  }
  return logger;
}
