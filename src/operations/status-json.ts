import type { Instant } from '../core/time.ts';
import { SECOND } from '../core/time.ts';
import type { View } from '../core/view.ts';
import { version } from '../system/version.ts';
import { escapeControls } from './escape.ts';
import type { History } from './history.ts';
import type { HttpAnswer } from './http-server.ts';
import { inSlices } from './in-slices.ts';
import { statusOf } from './status.ts';

/** What the page for people shows, for programs. */
export async function statusJson(
  views: readonly View[],
  history: History,
  now: Instant,
): Promise<HttpAnswer> {
  const credentials = await inSlices(views, (view) =>
    escapeControls(
      JSON.stringify({
        ...statusOf(view, now),
        history: history.of(view.unit).map(({ at, ...counts }) => ({ at: at / SECOND, ...counts })),
      }),
    ),
  );
  const head = JSON.stringify({ version, node: process.version, at: Math.floor(now.wall / SECOND) });
  return {
    status: 200,
    type: 'application/json',
    body: `${head.slice(0, -1)},"credentials":[${credentials.join(',')}]}\n`,
    headers: { vary: 'accept' },
  };
}
