import { type Backoff, backoffDelay } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { en, type Text, zh } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import type { HttpServer } from '../observability/http/http-server.ts';
import type { Logger } from '../observability/log/logger.ts';
import type { ServerStatus } from '../observability/status/server-status.ts';
import { addressText, type SocketAddress, type TcpAddress } from '../system/net/address.ts';
import { listenFailure } from '../system/net/listen-failure.ts';

/** A server that is to listen. */
export interface Listening {
  /** What is served there, such as `health and metrics`. */
  readonly what: Text;
  readonly listen: TcpAddress | SocketAddress;
  /** The variable or key that sets the address. */
  readonly setting: string;
  /** Starts the server. @throws {Error} with a `code` such as EADDRINUSE when it cannot listen */
  readonly open: () => Promise<HttpServer>;
}

export interface KeptServer {
  status(): ServerStatus;
  close(): Promise<void>;
}

/** Whoever waits for a probe waits for this; and nobody is served better by a faster one. */
const RETRY: Backoff = { first: SECOND, growth: 2, cap: 15 * SECOND, jitter: 'added' };

/** How long the end waits for an attempt that is under way, ms. */
const PATIENCE = 0.5 * SECOND;

/**
 * Keeps a server listening: while its address cannot be had, it tries again and again, since that is the fault of the
 * machine and not of the configuration. A failure is logged the first, second, fourth, eighth … time.
 */
export function keepListening(
  { what, listen, setting, open }: Listening,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): KeptServer {
  const address = addressText(listen);
  let server: HttpServer | undefined;
  let problem: ServerStatus['problem'];
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;
  let isOver = false;

  async function attempt(): Promise<void> {
    try {
      const opened = await open();
      if (isOver) return await opened.close();
      server = opened;
      problem = undefined;
      logger.info(`${what.en} on ${opened.address}`);
    } catch (error) {
      const failure = listenFailure(error);
      if (!failure) throw error;
      if (failure.code !== problem?.code) failures = 0;
      failures += 1;
      tell(failure);
      if (!isOver) retry = setTimeout(begin, backoffDelay(RETRY, failures, 0));
    }
  }

  function tell({ code, what: why, advice }: NonNullable<ReturnType<typeof listenFailure>>): void {
    const message: Text = {
      en: en`cannot listen on ${address} (${code}): ${why}`,
      zh: zh`无法监听 ${address}（${code}）：${why}`,
    };
    problem = {
      ...{ code, message: message.en, advice: advice.en, zh: { message: message.zh, advice: advice.zh } },
      since: problem?.since ?? Math.floor(clock.now().wall / SECOND),
    };
    if ((failures & (failures - 1)) !== 0) return;
    logger.error(`${setting}: ${message.en}; it is tried again, and publishing goes on`, {
      server: what.en,
      code,
      meaning: { zh: message.zh },
      advice,
    });
  }

  let trying = Promise.resolve();
  function begin(): void {
    retry = undefined;
    trying = attempt().catch((error: unknown) => logger.error('unexpected error', { error }));
  }
  begin();

  return {
    status: () => ({
      what: what.en,
      zh: { what: what.zh },
      setting,
      address: server?.address ?? address,
      ...(problem && { problem }),
    }),
    async close() {
      isOver = true;
      clearTimeout(retry);
      // The resolver may hang: the end of the daemon does not wait for it.
      await Promise.race([trying, new Promise((resolve) => setTimeout(resolve, PATIENCE).unref())]);
      await server?.close();
    },
  };
}
