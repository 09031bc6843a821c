import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../src/system/time/clock.ts';
import { publishedAt } from './accounts.ts';
import { startReader } from './reader.ts';
import { clockTime } from './rotations.ts';
import type { Show } from './show.ts';
import { whatFits } from './status.ts';

const PLATFORM = 'wx0000000000000001';
const SHOP = 'wx1111111111111111';
/** It opens nothing anywhere. */
const SECRET = '0'.repeat(32);
const TOKEN = 'demo-callback-token';
const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const PATH = '/wx/platform';

/** The sandbox's options for it. */
export const COMPONENT_OPTIONS = ['--component', `${PLATFORM}:${SECRET}`];

/** Between two pushes, and between two authorisations, ms: short enough to watch. */
const PUSH_EVERY = 10_000;
const AUTHORIZE_EVERY = 15_000;
const FIRST_AUTHORIZATION = 3_000;

/** Between two looks, ms. */
const FRAME = 250;

interface Line {
  readonly message?: string;
  readonly level?: string;
  readonly credential?: string;
  readonly reason?: string;
  readonly info_type?: string;
  readonly verdict?: string;
}

/**
 * Shows a third-party platform: its tickets are pushed to the daemon, an account authorises it again and again, which
 * ends the account's token at once, and a reader goes on. @returns a summary
 */
export async function showComponent({ screen, folder, baseUrl, start, over }: Show): Promise<string> {
  const config = await writeConfig(folder, baseUrl);
  const counts = { pushes: 0, platform: 0, shop: 0, authorisations: 0 };
  let receiver: string | undefined;

  function tell(text: string): void {
    screen.line(`${clockTime(systemClock.now().wall)}  ${whatFits([text], screen.width - 10)}`);
  }

  function listen({ message = '', level, credential, reason, info_type, verdict }: Line): void {
    if (message.startsWith('pushes on ')) receiver = message.replace('pushes on ', '');
    if (level === 'warn' || level === 'error') {
      tell(screen.paint('yellow', `daemon: ${credential ?? ''}: ${message}`));
    } else if (verdict !== undefined) {
      counts.pushes += 1;
      tell(screen.paint('dim', `push: ${info_type}: ${verdict}`));
    } else if (reason !== undefined && /^fetched/.test(message)) {
      counts[credential === 'shop' ? 'shop' : 'platform'] += 1;
      tell(`${credential}: ${message} (${reason})`);
    } else if (/code was exchanged/.test(message)) {
      tell(`${credential}: ${message}`);
    }
  }

  const daemon = start({
    name: 'daemon',
    arguments: ['run', '--config', config],
    environment: {},
    onLine: (line) => listen(parse(line)),
  });
  const reader = startReader(publishedAt(folder, 'shop'), baseUrl);
  const control = async (method: string, path: string, body: object) => {
    await fetch(`${baseUrl}/sandbox/components/${PLATFORM}${path}`, { method, body: JSON.stringify(body) });
  };
  try {
    while (receiver === undefined && !over.aborted) await pause(FRAME);
    if (receiver !== undefined) {
      screen.line(headline(screen.paint, { baseUrl, receiver, daemon: daemon.pid, config }));
      const url = `http://${receiver}${PATH}`;
      await control('PUT', '/receiver', { url, token: TOKEN, encodingAesKey: KEY, everyMs: PUSH_EVERY });
    }
    let next = systemClock.now().monotonic + FIRST_AUTHORIZATION;
    while (!over.aborted) {
      if (systemClock.now().monotonic >= next) {
        counts.authorisations += 1;
        tell(
          `shop authorises the platform${counts.authorisations > 1 ? ' again: its token is dead at once' : ''}`,
        );
        await control('POST', '/authorizers', { appId: SHOP });
        next += AUTHORIZE_EVERY;
      }
      const { calls, refused, repeated } = reader.counts();
      const line = `pushes ${counts.pushes}  tokens ${counts.platform} + ${counts.shop}  reader: calls ${calls}, repeated ${repeated}, refused ${refused}`;
      screen.status(whatFits([line], screen.width));
      await pause(FRAME, undefined, { signal: over }).catch(() => undefined);
    }
  } finally {
    await reader.stop();
  }
  const { calls, refused, repeated, badReads } = reader.counts();
  return [
    `pushes ${counts.pushes}, tokens of the platform ${counts.platform}, of the shop ${counts.shop}`,
    `reader: calls ${calls}, refused ${refused}, repeated ${repeated}, bad reads ${badReads}`,
  ].join('\n');
}

async function writeConfig(folder: string, baseUrl: string): Promise<string> {
  const keys = join(folder, 'keys');
  await mkdir(keys, { recursive: true });
  for (const [name, content] of Object.entries({ secret: SECRET, token: TOKEN, key: KEY })) {
    await writeFile(join(keys, name), content, { mode: 0o600 });
  }
  const publish = (name: string) => [{ type: 'file', path: publishedAt(folder, name) }];
  const push = { path: PATH, tokenFile: join(keys, 'token'), encodingAesKeyFile: join(keys, 'key') };
  const config = {
    schedule: '* * * * * *',
    log: { level: 'debug' },
    push: { listen: '127.0.0.1:0' },
    platform: { baseUrl },
    credentials: [
      {
        ...{ name: 'platform', type: 'component', appId: PLATFORM, secretFile: join(keys, 'secret') },
        ...{ ticket: { push }, publish: publish('platform') },
      },
      { name: 'shop', type: 'authorizer', via: 'platform', appId: SHOP, publish: publish('shop') },
    ],
  };
  const path = join(folder, 'config.json');
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`);
  return path;
}

function headline(
  paint: Show['screen']['paint'],
  facts: { baseUrl: string; receiver: string; daemon: number | undefined; config: string },
): string {
  const component = `${facts.baseUrl}/sandbox/components/${PLATFORM}`;
  return [
    paint(
      'bold',
      'wx-token-sidecar: a third-party platform, an account that has authorised it, and a reader',
    ),
    `  sandbox  ${facts.baseUrl}: pushes a ticket every ${PUSH_EVERY / 1000} s`,
    `  daemon   pid ${facts.daemon}: receives them on ${facts.receiver}`,
    `  reader   calls the platform with what the file of shop holds`,
    `  config   ${relative('.', facts.config)}: no refresh token in it`,
    '',
    paint('bold', 'Try in another terminal'),
    `  curl -X DELETE ${component}/authorizers/${SHOP}`,
    paint('dim', `${''.padEnd(32)}the account cancels, until it authorises again`),
    `  curl -X PATCH ${component} -d '{"killTokens":true}'`,
    paint('dim', `${''.padEnd(32)}ends the platform's token`),
    '  Ctrl-C'.padEnd(32) + paint('dim', 'ends it all'),
    '',
  ].join('\n');
}

function parse(line: string): Line {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
