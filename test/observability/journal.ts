import { Writable } from 'node:stream';
import { createLogger, type Logger, type LogOptions } from '../../src/observability/log/logger.ts';

export interface Journal {
  readonly logger: Logger;
  /** Everything that was logged, as it was written. */
  readonly text: () => string;
  readonly lines: () => readonly string[];
  /** The lines as the objects that they are. */
  readonly entries: () => readonly Readonly<Record<string, unknown>>[];
}

/** A logger, and what it has written. */
export function journal(options: Partial<LogOptions> = {}): Journal {
  let written = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk);
      done();
    },
  });
  const lines = () => written.split('\n').slice(0, -1);
  return {
    logger: createLogger({ level: 'debug', format: 'json', ...options }, stream),
    text: () => written,
    lines,
    entries: () => lines().map((line) => JSON.parse(line)),
  };
}
