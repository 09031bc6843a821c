import { ConfigError, type LogConfig } from '../config/config.ts';
import { createLogger, type Logger } from '../operations/logger.ts';
import { EXIT } from './exit.ts';

/** Says everything that is wrong, a line each and without a stack; anything else than a ConfigError is thrown on. */
export function reportProblems(error: unknown): number {
  if (!(error instanceof ConfigError)) throw error;
  for (const { where, what } of error.problems) process.stderr.write(`wx-token-sidecar: ${where}: ${what}\n`);
  return EXIT.badConfig;
}

/** A logger on standard error; from now on whatever nobody expected is logged through it and ends the process. */
export function openLog(options: LogConfig): Logger {
  const logger = createLogger(options, process.stderr);
  const unexpected = (error: unknown) => {
    logger.error('unexpected, ending', { error });
    process.exit(EXIT.unexpected);
  };
  process.on('uncaughtException', unexpected);
  process.on('unhandledRejection', unexpected);
  return logger;
}
