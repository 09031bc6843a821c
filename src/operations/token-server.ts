import type { Clock } from '../core/ports.ts';
import { lifeLeft, liveToken } from '../core/state.ts';
import { SECOND } from '../core/time.ts';
import type { View } from '../core/view.ts';
import type { HttpAnswer } from './http-server.ts';

/**
 * Answers as the token servers do that people come from: `/` for the only credential, `/NAME` for one of several.
 * Reads only; whoever asks never causes a fetch.
 * @returns undefined for a path that names no credential
 */
export function answerWithToken(path: string, views: readonly View[], clock: Clock): HttpAnswer | undefined {
  const tokens = views.filter(({ unit }) => unit.kind === 'token');
  const asked = tokens.find(({ unit }) => path === `/${unit.name}`);
  const view = path === '/' && tokens.length === 1 ? tokens[0] : asked;
  if (!view) return undefined;
  const now = clock.now();
  const token = liveToken(view.state, now);
  if (!token) return json(503, { code: 500, accessToken: null });
  const expiresIn = Math.floor((lifeLeft(view.state, now) ?? 0) / SECOND);
  return json(200, { code: 200, accessToken: token.value.reveal(), expiresIn });
}

function json(status: number, body: object): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: `${JSON.stringify(body)}\n`,
  };
}
