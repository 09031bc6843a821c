import { LIST_KIND } from '../../core/listing.ts';
import type { View } from '../../core/plan.ts';
import type { Clock } from '../../core/ports.ts';
import { liveToken } from '../../core/state/index.ts';
import { lifeLeft } from '../../core/state/life.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import { type HttpAnswer, type HttpServer, type HttpServerOptions, startHttpServer } from './http-server.ts';

export interface TokenServerOptions extends Pick<HttpServerOptions, 'listen' | 'failed'> {
  readonly clock: Clock;
  readonly views: () => Iterable<View>;
}

/**
 * Serves tokens to clients on this host, in the format of the token servers that people migrate from.
 * @throws {Error} with a `code` such as EADDRINUSE when it cannot listen
 */
export function startTokenServer({ clock, views, ...server }: TokenServerOptions): Promise<HttpServer> {
  return startHttpServer({
    ...server,
    allowedHosts: [],
    answer: async (path) => answerTo(path, [...views()], clock.now()),
  });
}

/**
 * Answers `/NAME` with the token of that credential, and `/` with that of the only credential. Where accounts come and go by a
 * list no credential is the only one: what `/` answers must not depend on who has authorised. A request never causes a fetch.
 */
function answerTo(path: string, views: readonly View[], now: Instant): HttpAnswer | undefined {
  const tokens = views.filter(({ unit }) => unit.kind === 'token');
  const asked = tokens.find(({ unit }) => path === `/${unit.name}`);
  const isByList = views.some(({ unit }) => unit.kind === LIST_KIND);
  const view = path === '/' && tokens.length === 1 && !isByList ? tokens[0] : asked;
  if (!view) return undefined;
  const token = liveToken(view.state, now);
  if (!token) return json(503, { code: 500, accessToken: null });
  const expiresIn = Math.floor((lifeLeft(view.state.life, now) ?? 0) / SECOND);
  return json(200, { code: 200, accessToken: token.value.reveal(), expiresIn });
}

function json(status: number, body: object): HttpAnswer {
  return { status, type: 'application/json', body: `${JSON.stringify(body)}\n` };
}
