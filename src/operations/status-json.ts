import type { Instant } from '../core/time.ts';
import { SECOND } from '../core/time.ts';
import type { View } from '../core/view.ts';
import { version } from '../system/version.ts';
import type { History } from './history.ts';
import type { HttpAnswer } from './http-server.ts';
import { statusOf } from './status.ts';

/** What the page for people shows, for programs. */
export function statusJson(views: readonly View[], history: History, now: Instant): HttpAnswer {
  const credentials = views.map((view) => ({
    ...statusOf(view, now),
    history: history.of(view.unit).map(({ at, ...counts }) => ({ at: at / SECOND, ...counts })),
  }));
  return {
    status: 200,
    type: 'application/json',
    body: `${JSON.stringify({ version, node: process.version, at: Math.floor(now.wall / SECOND), credentials })}\n`,
  };
}
