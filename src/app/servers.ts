import type { Config } from '../config/config.ts';
import type { Leadership } from '../core/events/cluster.ts';
import type { PushReport } from '../core/events/push.ts';
import type { View } from '../core/plan.ts';
import type { Clock } from '../core/ports.ts';
import type { HealthServer } from '../observability/http/health-server.ts';
import type { Logger } from '../observability/log/logger.ts';
import { createPushLog } from '../observability/log/push-log.ts';
import type { ServerStatus } from '../observability/status/server-status.ts';
import type { Channel } from '../push/channel.ts';
import { volumes } from '../system/fs/files.ts';
import { type KeptServer, keepListening } from './keep-listening.ts';

export interface ServersOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly views: () => Iterable<View>;
  /** The credentials whose platform pushes to the receiver, as they are served now. */
  readonly channels: () => readonly Channel[];
  /** Told of what came of every push. */
  readonly pushed: (report: PushReport) => void;
  /** Which daemon leads; undefined without a cluster. */
  readonly leadership: () => Leadership | undefined;
}

/** The configured HTTP servers. */
export interface Servers extends Omit<HealthServer, 'start' | 'pushed'> {
  /**
   * Starts the servers and returns at once. One that cannot listen is told in the log and tried again: publishing never
   * depends on a port.
   */
  listen(): void;
  /** What each server that was started serves, and what keeps it from that. */
  statuses(): readonly ServerStatus[];
  close(): Promise<void>;
}

/** Creates the configured servers and loads only their code: a daemon that only writes a file needs none. */
export async function createServers(
  { http, tokenServer, push, language }: Config,
  { clock, logger, views, channels, pushed, leadership }: ServersOptions,
): Promise<Servers> {
  const failed = (error: unknown) => logger.error('HTTP request failed', { error });
  const health =
    http &&
    (await loadHealth()).createHealthServer({
      ...http,
      ...{ clock, views, leadership, failed, volumes, language },
    });
  const kept: KeptServer[] = [];
  const tell = createPushLog(logger, clock);

  async function openReceiver({ listen }: NonNullable<Config['push']>) {
    const { startPushServer } = await import('../push/push-server.ts');
    return startPushServer({
      ...{ listen, clock, channels, failed },
      report(told) {
        tell(told);
        pushed(told);
        health?.pushed(told);
      },
    });
  }

  return {
    report: (of, report) => health?.report(of, report),
    serve: (units) => health?.serve(units),
    beat: () => health?.beat(),
    reloaded: (result) => health?.reloaded(result),
    listen() {
      if (http && health) {
        const open = health.start;
        const what = { en: 'health and metrics', zh: '健康检查和指标' };
        kept.push(keepListening({ what, ...http, open }, { clock, logger }));
      }
      if (push)
        kept.push(
          keepListening(
            { what: { en: 'pushes', zh: '推送接收' }, ...push, open: () => openReceiver(push) },
            { clock, logger },
          ),
        );
      if (!tokenServer) return;
      const { listen } = tokenServer;
      const open = async () => {
        const { startTokenServer } = await import('../observability/http/token-server.ts');
        return startTokenServer({ listen, clock, views, failed });
      };
      const what = { en: 'token server', zh: 'token 服务器' };
      kept.push(keepListening({ what, ...tokenServer, open }, { clock, logger }));
    },
    statuses: () => kept.map((server) => server.status()),
    async close() {
      await Promise.all(kept.map((server) => server.close()));
    },
  };
}

function loadHealth() {
  return import('../observability/http/health-server.ts');
}
