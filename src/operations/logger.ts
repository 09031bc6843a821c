import { createLogger as createWinston, format, transports, type Logger as Winston } from 'winston';
import { scrubField } from './scrub.ts';

export interface LogOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** `json`: an object a line. `text`: for people. */
  readonly format: 'json' | 'text';
}

export type Fields = Readonly<Record<string, unknown>>;

/** One line a call. Errors anywhere in the fields are flattened, secrets redacted, control characters escaped. */
export type Logger = Readonly<Record<LogOptions['level'], (message: string, fields?: Fields) => void>>;

/** @param stream where the lines go: standard error for a daemon, so that standard output stays for answers */
export function createLogger(options: LogOptions, stream: NodeJS.WritableStream): Logger {
  const winston = createWinston({
    level: options.level,
    format: format.combine(
      clean(),
      format.timestamp({ alias: 'time' }),
      options.format === 'json' ? json : text,
    ),
    transports: [new transports.Stream({ stream, eol: '\n' })],
  });
  return {
    error: writer(winston, 'error'),
    warn: writer(winston, 'warn'),
    info: writer(winston, 'info'),
    debug: writer(winston, 'debug'),
  };
}

function writer(winston: Winston, level: LogOptions['level']) {
  return (message: string, fields: Fields = {}) => {
    winston.log({ ...fields, level, message });
  };
}

const clean = format((info) => {
  for (const [name, value] of Object.entries(info)) info[name] = scrubField(name, value);
  return info;
});

const json = format.printf(({ time, level, message, timestamp: _alias, ...fields }) =>
  escapeControls(JSON.stringify({ time, level, message, ...fields })),
);

const text = format.printf(({ time, level, message, timestamp: _alias, ...fields }) => {
  const details = Object.entries(fields).map(([name, value]) => `${name}=${quoted(value)}`);
  return escapeControls([String(time), level.toUpperCase().padEnd(5), String(message), ...details].join(' '));
});

function quoted(value: unknown): string {
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@%+,-]+$/.test(shown) ? shown : JSON.stringify(shown);
}

/** All that could move the cursor, forge a line or turn its direction. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** JSON itself escapes only the first 32 of these. */
function escapeControls(line: string): string {
  return line.replace(CONTROLS, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1);
    return escaped === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : escaped;
  });
}
