import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../src/system/time/clock.ts';
import { tokenCalls } from './journal.ts';
import type { Command, Program } from './programs.ts';
import { type Published, readPublished } from './published.ts';
import { PACE, startReader } from './reader.ts';
import { clockTime, type LogLine, parseLogLine, tellRotation } from './rotations.ts';
import type { Screen } from './screen.ts';
import { statusLine, whatFits } from './status.ts';

/** Seconds: short enough to watch. */
const LIFE = 20;
const WINDOW = 6;

/** The sandbox's options for them. */
export const LIFETIMES = [
  ...['--token-ttl', `${LIFE}s`],
  ...['--rotation-window', `${WINDOW}s`, '--overlap', `${WINDOW}s`],
];

/** Between two looks, in ms. */
const FRAME = 250;

interface Show {
  readonly screen: Screen;
  readonly folder: string;
  /** The daemon's, but for what the demo decides. */
  readonly environment: Readonly<Record<string, string>>;
  readonly start: (command: Command) => Program;
  /** Aborted when it is over. */
  readonly over: AbortSignal;
}

/** Starts the daemon and a reader, and shows what they do until it is over: then a summary is what is left. */
export async function show({ screen, folder, environment, start, over }: Show): Promise<string> {
  const url = environment['WXTOKEN_API_BASE_URL'] ?? '';
  const path = join(folder, 'wx', 'token');
  let token: Published | undefined;
  let tokens = 0;
  let why: LogLine | undefined;

  async function listen(line: LogLine): Promise<void> {
    const { wall } = systemClock.now();
    if (line.reason) why = line;
    if (line.level === 'warn' || line.level === 'error') {
      screen.line(`${clockTime(wall)}  ${screen.paint('yellow', `daemon: ${line.message}`)}`);
    }
    if (line.message !== 'published') return;
    const published = await readPublished(path);
    if (!published || published.mark === token?.mark) return;
    tokens += 1;
    screen.line(whatFits(tellRotation(tokens, why, published, token, wall), screen.width));
    token = published;
  }

  const daemon = start({
    name: 'daemon',
    arguments: ['run'],
    environment: {
      ...environment,
      WXTOKEN_FILE: path,
      WXTOKEN_SCHEDULE: '* * * * * *',
      WXTOKEN_ROTATION_WINDOW: `${WINDOW}s`,
    },
    onLine: (line) => void listen(parseLogLine(line)),
  });
  screen.line(headline(screen, { url, daemon: daemon.pid, file: relative('.', path) }));

  const reader = startReader(path, url);
  const countCalls = tokenCalls(url);
  try {
    while (!over.aborted) {
      const platformCalls = await countCalls();
      const left = token && token.expiresAt - systemClock.now().wall;
      const life = token?.life ?? 0;
      screen.status(
        statusLine({ left, life, reader: reader.counts(), platformCalls }, screen.width, screen.paint),
      );
      await pause(FRAME, undefined, { signal: over }).catch(() => undefined);
    }
  } finally {
    await reader.stop();
  }
  const { calls, refused, repeated, badReads } = reader.counts();
  return [
    `rotations ${Math.max(0, tokens - 1)}, platform calls ${await countCalls()}`,
    `reader: calls ${calls}, refused ${refused}, repeated ${repeated}, bad reads ${badReads}`,
  ].join('\n');
}

interface Facts {
  readonly url: string;
  readonly daemon: number | undefined;
  readonly file: string;
}

function headline({ paint }: Screen, { url, daemon, file }: Facts): string {
  const perSecond = 1000 / PACE;
  return [
    paint('bold', 'wx-token-sidecar: a WeChat sandbox, the daemon and a reader'),
    `  sandbox  ${url}: tokens live ${LIFE} s`,
    `  daemon   pid ${daemon}: replaces them in their last ${WINDOW} s`,
    `  reader   calls the platform ${perSecond} times a second with what the file holds`,
    `  files    ${file} and ${file}.json`,
    '',
    paint('bold', 'Try in another terminal'),
    `  kill -HUP ${daemon}`.padEnd(28) + paint('dim', 'refresh now'),
    `  cat ${file}.json`.padEnd(28) + paint('dim', 'the details beside the token'),
    '  Ctrl-C'.padEnd(28) + paint('dim', 'ends it all'),
    '',
    paint('dim', 'time      token  last 4 of its SHA-256, and why it came'),
  ].join('\n');
}
