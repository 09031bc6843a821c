import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Leadership } from '../core/events/cluster.ts';
import type { View } from '../core/plan.ts';
import type { Clock } from '../core/ports.ts';
import type { HealthServer } from '../observability/http/health-server.ts';
import type { HttpServer } from '../observability/http/http-server.ts';
import type { Logger } from '../observability/log/logger.ts';
import { addressText, type SocketAddress, type TcpAddress } from '../system/net/address.ts';

export interface ServersOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly views: () => readonly View[];
  /** Which daemon leads; undefined without a cluster. */
  readonly leadership: () => Leadership | undefined;
}

/** The configured HTTP servers. */
export interface Servers extends Omit<HealthServer, 'start'> {
  /** Starts the servers. @throws {ConfigError} when a server cannot listen on its address */
  listen(): Promise<void>;
  close(): Promise<void>;
}

/** Creates the configured servers and loads only their code: a daemon that only writes a file needs none. */
export async function createServers(
  { http, tokenServer }: Config,
  { clock, logger, views, leadership }: ServersOptions,
): Promise<Servers> {
  const failed = (error: unknown) => logger.error('HTTP request failed', { error });
  const health =
    http && (await loadHealth()).createHealthServer({ ...http, clock, views, leadership, failed });
  const started: HttpServer[] = [];

  async function start(
    what: string,
    key: string,
    listen: TcpAddress | SocketAddress,
    open: () => Promise<HttpServer>,
  ): Promise<void> {
    const server = await open().catch((error: NodeJS.ErrnoException) => {
      throw new ConfigError([
        { where: key, what: `cannot listen on ${addressText(listen)} (${error.code})` },
      ]);
    });
    started.push(server);
    logger.info(`${what} on ${server.address}`);
  }

  return {
    report: (of, report) => health?.report(of, report),
    serve: (units) => health?.serve(units),
    beat: () => health?.beat(),
    reloaded: (result) => health?.reloaded(result),
    async listen() {
      if (http && health) await start('health and metrics', 'http.listen', http.listen, health.start);
      if (!tokenServer) return;
      const { listen } = tokenServer;
      const { startTokenServer } = await import('../observability/http/token-server.ts');
      const open = () => startTokenServer({ listen, clock, views, failed });
      await start('tokens are served', 'tokenServer.listen', listen, open);
    },
    async close() {
      await Promise.all(started.map((server) => server.close()));
    },
  };
}

function loadHealth() {
  return import('../observability/http/health-server.ts');
}
