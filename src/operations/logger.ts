import { createLogger as createWinston, format, transports, type Logger as Winston } from 'winston';
import { escapeControls } from './escape.ts';
import { scrubField } from './scrub.ts';

export interface LogOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** `json`: an object a line. `text`: for people. */
  readonly format: 'json' | 'text';
}

export type Fields = Readonly<Record<string, unknown>>;

/** One line a call. Errors anywhere in the fields are flattened, secrets redacted, control characters escaped. */
export type Logger = Readonly<Record<LogOptions['level'], (message: string, fields?: Fields) => void>>;

/** A terminal's colours, by the level: for a glance, never the only thing that tells. */
const COLOURS = { error: 31, warn: 33, info: 32, debug: 90 } as const;

/** @param stream where the lines go: standard error for a daemon, so that standard output stays for answers */
export function createLogger(options: LogOptions, stream: NodeJS.WritableStream): Logger {
  const winston = createWinston({
    level: options.level,
    format: format.combine(
      clean(),
      format.timestamp({ alias: 'time' }),
      options.format === 'json' ? json : text(isColoured(stream)),
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

const text = (coloured: boolean) =>
  format.printf(({ time, level, message, timestamp: _alias, ...fields }) => {
    const details = Object.entries(fields).map(([name, value]) => `${name}=${quoted(value)}`);
    const line = escapeControls([String(message), ...details].join(' '));
    const label = level.toUpperCase().padEnd(5);
    const colour = COLOURS[level as keyof typeof COLOURS];
    return `${String(time)} ${coloured ? `\u001b[${colour}m${label}\u001b[0m` : label} ${line}`;
  });

/** On a terminal alone, and not where somebody said no to colours (no-color.org). */
function isColoured(stream: NodeJS.WritableStream): boolean {
  return 'isTTY' in stream && stream.isTTY === true && !process.env['NO_COLOR'];
}

function quoted(value: unknown): string {
  const shown = plain(value);
  return /^[\w./:@%+,-]+$/.test(shown) ? shown : JSON.stringify(shown);
}

/** For people, who are not to read what is escaped twice: lists as `a, b`, what has keys as `k=v l=w`. */
function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(plain).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, one]) => `${name}=${plain(one)}`)
    .join(' ');
}
