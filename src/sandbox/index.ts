import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Text } from '../core/text.ts';
import { systemClock } from '../system/time/clock.ts';
import { createSandboxClock } from './clock.ts';
import { createJournal } from './journal.ts';
import { loopbackAddress } from './loopback.ts';
import { createPlatform, type PlatformOptions } from './platform.ts';
import { SandboxError } from './protocol.ts';
import { createSandboxServer } from './server.ts';
import { createPusher } from './third-parties/pusher.ts';

export type { SandboxAccount } from './accounts.ts';
export type { Fault } from './faults.ts';
export type { JournalEntry } from './journal.ts';
export { SandboxError } from './protocol.ts';

export interface SandboxOptions extends PlatformOptions {
  /** A loopback address (default 127.0.0.1). */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Delay of every response of the platform in ms (default 0). */
  readonly latency?: number;
  /** Returns epoch ms (default: the system clock); the control path moves the sandbox's time against it. */
  readonly clock?: () => number;
}

/** A running sandbox. */
export interface Sandbox {
  /** Base URL without a trailing slash. */
  readonly url: string;
  /** Ends the sandbox and all calls in progress at once. May be called again. */
  readonly close: () => Promise<void>;
}

/**
 * Starts a fake WeChat token platform on loopback.
 *
 * @throws {SandboxError} when it cannot listen there
 * @throws {TypeError} for contradictory rules and for duplicate accounts
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, latency = 0, clock = () => systemClock.now().wall } = options;
  const address = loopbackAddress(host);
  const platform = createPlatform(options);
  const sandboxClock = createSandboxClock(clock);
  const pusher = createPusher(platform.world, sandboxClock, Math.random);
  const server = createSandboxServer({
    platform,
    pusher,
    journal: createJournal(),
    clock: sandboxClock,
    latency,
    faults: [],
    held: new Set(),
  });
  await listen(server, address, port);
  let closed: Promise<void> | undefined;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${boundPort(server)}`,
    close: () => {
      pusher.close();
      closed ??= close(server);
      return closed;
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    if (reason === 'EADDRINUSE') {
      const taken: Text = {
        en: `${host}:${port} is in use by another program`,
        zh: `${host}:${port} 已被另一个程序占用`,
      };
      throw new SandboxError('SANDBOX_ADDRESS_IN_USE', taken, { cause });
    }
    const unusable: Text = {
      en: `cannot listen on ${host}:${port} (${reason})`,
      zh: `无法监听 ${host}:${port}（${reason}）`,
    };
    throw new SandboxError('SANDBOX_ADDRESS_UNUSABLE', unusable, { cause });
  }
}

function boundPort(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function close(server: Server): Promise<void> {
  const ended = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await ended;
}
