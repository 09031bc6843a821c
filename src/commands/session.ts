import { ConfigError, type LogConfig } from '../config/config.ts';
import { createLogger, type Logger } from '../operations/logger.ts';
import { complain } from './complain.ts';
import { EXIT } from './exit.ts';

/**
 * Reads two things that are wrong or right each by itself, so that everything wrong comes in one report.
 * @throws {ConfigError} with the problems of both
 */
export async function readBoth<A, B>(first: () => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
  const both = [first(), second()] as const;
  const results = await Promise.allSettled(both);
  const errors = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  if (errors.length > 0 && errors.every((error) => error instanceof ConfigError)) {
    throw new ConfigError(errors.flatMap(({ problems }) => problems));
  }
  return Promise.all(both);
}

/** Says everything that is wrong, a line each and without a stack; anything else than a ConfigError is thrown on. */
export function reportProblems(error: unknown): number {
  if (!(error instanceof ConfigError)) throw error;
  complain(...error.problems.map(({ where, what }) => `${where}: ${what}`));
  return EXIT.badConfig;
}

/**
 * A logger on standard error. From now on it is told what Node warns of, and whatever nobody expected is logged
 * through it and ends the process.
 */
export function openLog(options: LogConfig): Logger {
  const logger = createLogger(options, process.stderr);
  const unexpected = (error: unknown) => {
    logger.error('unexpected, ending', { error });
    process.exit(EXIT.unexpected);
  };
  process.on('uncaughtException', unexpected);
  process.on('unhandledRejection', unexpected);
  // Node listens itself, and writes text, unless it was told to be silent.
  if (process.listenerCount('warning') > 0) {
    process.removeAllListeners('warning');
    process.on('warning', ({ name, message }) => logger.warn(`${name}: ${message}`));
  }
  return logger;
}
