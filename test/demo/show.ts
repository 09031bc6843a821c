import { relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../src/system/time/clock.ts';
import { controlOf, publishedAt, TROUBLED, WATCHED, WHITELISTS, writeConfig } from './accounts.ts';
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

export interface Show {
  readonly screen: Screen;
  readonly folder: string;
  /** Where the sandbox listens. */
  readonly baseUrl: string;
  readonly start: (command: Command) => Program;
  /** Aborted when it is over. */
  readonly over: AbortSignal;
}

/** Starts the daemon of several accounts and a reader of one, and shows what they do until it is over: then a summary is what is left. */
export async function show({ screen, folder, baseUrl, start, over }: Show): Promise<string> {
  const path = publishedAt(folder, WATCHED.name);
  const config = await writeConfig(folder, { baseUrl, rotationWindow: `${WINDOW}s` });
  let token: Published | undefined;
  let tokens = 0;
  let why: LogLine | undefined;

  async function listen(line: LogLine): Promise<void> {
    const { wall } = systemClock.now();
    const [, page] = /^health and metrics on (\S+)$/.exec(line.message ?? '') ?? [];
    if (page) {
      const [file, settings] = [relative('.', path), relative('.', config.path)];
      screen.line(
        headline(screen, { url: baseUrl, page: `http://${page}/`, daemon: daemon.pid, file, settings }),
      );
    }
    if (line.level === 'warn' || line.level === 'error') {
      const who = line.credential === undefined ? '' : `${line.credential}: `;
      screen.line(`${clockTime(wall)}  ${screen.paint('yellow', `daemon: ${who}${line.message}`)}`);
    }
    if (line.credential !== WATCHED.name) return;
    if (line.reason) why = line;
    if (line.message !== 'published') return;
    const published = await readPublished(path);
    if (!published || published.mark === token?.mark) return;
    tokens += 1;
    screen.line(whatFits(tellRotation(tokens, why, published, token, wall), screen.width));
    token = published;
  }

  const daemon = start({
    name: 'daemon',
    arguments: ['run', '--config', config.path],
    environment: config.environment,
    onLine: (line) => void listen(parseLogLine(line)),
  });

  const reader = startReader(path, baseUrl);
  const countCalls = tokenCalls(baseUrl, WATCHED.appId);
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
  readonly page: string;
  readonly daemon: number | undefined;
  readonly file: string;
  /** The daemon's configuration. */
  readonly settings: string;
}

function headline({ paint }: Screen, { url, page, daemon, file, settings }: Facts): string {
  const mend = `curl -X PATCH ${controlOf(url)} -d '${JSON.stringify(WHITELISTS.none)}'`;
  const retry = `node dist/wx-token-sidecar.js refresh ${TROUBLED.name} --config ${settings}`;
  const perSecond = 1000 / PACE;
  return [
    paint('bold', 'wx-token-sidecar: a WeChat sandbox, the daemon and a reader'),
    `  sandbox  ${url}: tokens live ${LIFE} s`,
    `  daemon   pid ${daemon}: replaces them in their last ${WINDOW} s`,
    `  page     ${page}: open it in a browser; ${TROUBLED.name} is in trouble there`,
    `  reader   calls the platform ${perSecond} times a second with what the file of ${WATCHED.name} holds`,
    `  files    ${file} and ${file}.json`,
    '',
    paint('bold', 'Try in another terminal'),
    `  kill -HUP ${daemon}`.padEnd(32) +
      paint('dim', 'fetch anew now, by force: the token before is dead at once'),
    `  cat ${file}.json`.padEnd(32) + paint('dim', 'the details beside the token'),
    `  ${mend}`,
    paint(
      'dim',
      `${''.padEnd(32)}puts the daemon on the whitelist of ${TROUBLED.name}, which it finds out in a minute`,
    ),
    `  ${retry}`,
    paint('dim', `${''.padEnd(32)}finds it out at once`),
    '  Ctrl-C'.padEnd(32) + paint('dim', 'ends it all'),
    '',
    paint('dim', 'time      token  last 4 of its SHA-256, and why it came'),
  ].join('\n');
}
