import { createLogger as createWinston, format, transports, type Logger as Winston } from 'winston';
import { LANGUAGES, type Language, type Text } from '../../core/text.ts';
import { escapeControls } from './escape.ts';

export interface LogOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** `json`: one object per line. `text`: for people. */
  readonly format: 'json' | 'text';
  /** Default: English. */
  readonly language?: Language | undefined;
}

/**
 * Fields of a log line beside its message, by name. Of a text for people the line has what is said in the language of the
 * log. `message` is always English, since logs are searched for it.
 */
export type Fields = Readonly<Record<string, unknown>> & {
  /** What a person should do. */
  readonly advice?: Text | undefined;
  /** What the message says, in other languages than English: a line of such a log has it too. */
  readonly meaning?: Translation | undefined;
};

/** A text that English needs no line of its own for. */
export type Translation = Pick<Text, 'zh'>;

/**
 * Writes one line per call. Errors anywhere in the fields are flattened, secrets redacted, control characters
 * escaped.
 */
export type Logger = Readonly<Record<LogOptions['level'], (message: string, fields?: Fields) => void>>;

/** From what is always told to what is told last. */
const LEVELS: readonly LogOptions['level'][] = ['error', 'warn', 'info', 'debug'];

/** ANSI colours by level. The colour repeats the label, it is never the only sign of the level. */
const COLOURS = { error: 31, warn: 33, info: 32, debug: 90 } as const;

/**
 * Creates a logger.
 * @param stream where the lines go: standard error for a daemon, so that standard output stays free for answers
 */
export function createLogger(options: LogOptions, stream: NodeJS.WritableStream): Logger {
  const winston = createWinston({
    level: options.level,
    format: format.combine(
      spoken(options.language ?? 'en')(),
      clean(),
      format.timestamp({ alias: 'time' }),
      options.format === 'json' ? json : text(isColoured(stream)),
    ),
    transports: [new transports.Stream({ stream, eol: '\n' })],
  });
  const least = LEVELS.indexOf(options.level);
  // winston makes the whole text of a line before it asks whether the line is wanted.
  const write = (level: LogOptions['level']) =>
    LEVELS.indexOf(level) <= least ? writer(winston, level) : () => {};
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}

function writer(winston: Winston, level: LogOptions['level']) {
  return (message: string, fields: Fields = {}) => {
    winston.log({ ...fields, level, message });
  };
}

/** Says texts for people in one language, and leaves out what is not said in it. */
const spoken = (language: Language) =>
  format((info) => {
    for (const [name, value] of Object.entries(info)) {
      if (!isText(value)) continue;
      const said = value[language];
      if (said === undefined) delete info[name];
      else info[name] = said;
    }
    return info;
  });

function isText(value: unknown): value is Partial<Text> {
  if (typeof value !== 'object' || value === null || !('zh' in value)) return false;
  return Object.keys(value).every((key) => LANGUAGES.some((language) => language === key));
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

/** Whether to use colours: only on a terminal, and not when NO_COLOR is set (no-color.org). */
function isColoured(stream: NodeJS.WritableStream): boolean {
  return 'isTTY' in stream && stream.isTTY === true && !process.env['NO_COLOR'];
}

function quoted(value: unknown): string {
  const shown = plain(value);
  return /^[\w./:@%+,-]+$/.test(shown) ? shown : JSON.stringify(shown);
}

/** Formats a value for people without escaping it twice: lists as `a, b`, objects as `k=v l=w`. */
function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(plain).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, one]) => `${name}=${plain(one)}`)
    .join(' ');
}

/** Query parameters, variables and JSON keys that carry secrets, with their values; the quotes may be escaped. */
const SECRET_PARAMETER =
  /(\w{0,32}(?:secret|access_token|ticket))(\\*["']?\s*[=:]\s*\\*["']?)([^\s"'&,}\\]+)/gi;

/** An AppID or CorpID in their place is no secret: it ends the names of keys in Redis, as in wx:access_token:wx0000000000000000. */
const ID = /^(?:key:)?w[wx][0-9a-f]{16}(?![\w-])/;

/** Nor is the name of a credential, as in wx:access_token:shop: it is short, in lower case and no digest. */
const NAME = /^(?:key:)?\{?(?![0-9a-f]{16})[a-z0-9-]{1,32}(?::[a-z0-9_-]{1,32})?[:;.)]*$/;

function redacted(all: string, parameter: string, separator: string, value: string): string {
  const isName = separator === ':' && !/secret$/i.test(parameter) && NAME.test(value);
  return isName || ID.test(value) ? all : `${parameter}${separator}[redacted]`;
}

const SECRET_KEY = /(?:secret|access_token|ticket)$/i;

/** Most levels of nesting that are logged: enough for an error with its causes. */
const DEEPEST = 5;

/** As {@link scrub}, for a field: its name alone may show that the value is a secret. */
function scrubField(name: string, value: unknown, depth = 0): unknown {
  return typeof value === 'string' && SECRET_KEY.test(name) ? '[redacted]' : scrub(value, depth);
}

/**
 * Makes a value fit for the log: errors become plain data with their causes, and anything that looks like one of the
 * platform's secret parameters is redacted. This is the second line of defence: the program keeps secrets in `Secret`,
 * which prints nothing, so only messages of libraries and proxies could contain one.
 */
function scrub(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.replace(SECRET_PARAMETER, redacted);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '[deep]';
  if (value instanceof Error) return scrub(flatten(value), depth + 1);
  if (Array.isArray(value)) return value.map((item) => scrub(item, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return scrub(value.toJSON(), depth + 1);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, scrubField(key, item, depth + 1)]),
  );
}

/** Copies the fields of an Error. They are not enumerable, so JSON would show an Error as `{}`. */
function flatten(error: Error): Record<string, unknown> {
  const { name, message, stack, cause, code } = error as Error & { code?: unknown };
  return { name, message, ...(code !== undefined && { code }), ...(cause !== undefined && { cause }), stack };
}
