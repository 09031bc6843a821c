import type { Leadership } from '../../core/events/cluster.ts';
import type { PushReport } from '../../core/events/push.ts';
import type { Report } from '../../core/events/report.ts';
import type { View } from '../../core/plan.ts';
import type { Clock, Unit } from '../../core/ports.ts';
import type { Language } from '../../core/text.ts';
import type { Volumes } from '../../system/fs/volumes.ts';
import { createMetrics } from '../metrics/index.ts';
import type { Labelled } from '../metrics/labels.ts';
import { createHistory } from '../status/history.ts';
import { statusPage } from '../status/page.ts';
import { statusJson } from '../status/status-json.ts';
import { createHealth, type Verdict } from './health.ts';
import {
  type HttpAnswer,
  type HttpServer,
  type HttpServerOptions,
  plainText,
  startHttpServer,
} from './http-server.ts';

export interface HealthServerOptions extends Pick<HttpServerOptions, 'listen' | 'allowedHosts' | 'failed'> {
  readonly clock: Clock;
  readonly views: () => Iterable<View>;
  /** Which daemon leads; undefined without a cluster. */
  readonly leadership: () => Leadership | undefined;
  /** The volumes that the daemon asks. */
  readonly volumes?: Pick<Volumes, 'hung' | 'hangs'>;
  /** Of the page; default: English. */
  readonly language?: Language | undefined;
}

/** The server for health, metrics and the status page, with the methods that feed it. */
export interface HealthServer {
  report(of: Labelled | undefined, report: Report): void;
  /** Counts a push of the platform. */
  pushed(report: PushReport): void;
  /** Sets the units that are served from now on. */
  serve(units: readonly Unit[]): void;
  /** To be called at every tick of the daemon: `/livez` fails when the calls stop. */
  beat(): void;
  /** To be called when a changed configuration was applied or refused. */
  reloaded(result: 'applied' | 'refused'): void;
  /** Starts listening. @throws {Error} with a `code` such as EADDRINUSE when it cannot listen */
  start(): Promise<HttpServer>;
}

const ALLOWED_BY = 'http.allowedHosts (WXTOKEN_ALLOWED_HOSTS)';
const NONE: Pick<Volumes, 'hung' | 'hangs'> = { hung: () => [], hangs: () => new Map() };

/** Creates the server without starting it, so that it counts what happens before {@link HealthServer.start}. */
export function createHealthServer({
  clock,
  views,
  leadership,
  volumes = NONE,
  language,
  ...server
}: HealthServerOptions): HealthServer {
  const health = createHealth(clock, views, volumes.hung);
  const metrics = createMetrics(clock, views, leadership, volumes);
  const history = createHistory(clock);

  async function answer(path: string, accept: string): Promise<HttpAnswer | undefined> {
    switch (path) {
      case '/livez':
        return judged(health.live());
      case '/readyz':
        return judged(health.ready());
      case '/startupz':
        return judged(health.startedUp());
      case '/metrics':
        return { status: 200, type: metrics.contentType, body: await metrics.scrape() };
      case '/':
        return /\btext\/html\b/.test(accept)
          ? statusPage(views(), history, clock.now(), language)
          : statusJson(views(), history, clock.now(), volumes.hung());
      default:
        return undefined;
    }
  }

  return {
    report(of, report) {
      metrics.report(of, report);
      history.report(of, report);
    },
    serve(units) {
      metrics.serve(units);
      history.serve(units);
    },
    pushed: metrics.pushed,
    beat: health.beat,
    reloaded: metrics.reloaded,
    start: () =>
      startHttpServer({
        ...server,
        allowedBy: ALLOWED_BY,
        answer: (path, { headers }) => answer(path, headers.accept ?? ''),
      }),
  };
}

function judged({ ok, lines }: Verdict): HttpAnswer {
  return plainText(ok ? 200 : 503, [ok ? 'ok' : 'not ok', ...lines].join('\n'));
}
