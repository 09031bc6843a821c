import { setImmediate as turn } from 'node:timers/promises';
import type { View } from '../../core/plan.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import { version } from '../../system/process/version.ts';
import type { HttpAnswer } from '../http/http-server.ts';
import { escapeControls } from '../log/escape.ts';
import type { History } from './history.ts';
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

/** So many at a time take a few milliseconds. */
const SLICE = 250;

/** Does the work for each in its order, and lets everything else have its turn in between: there may be thousands. */
export async function inSlices<T, R>(items: readonly T[], work: (item: T) => R): Promise<readonly R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += SLICE) {
    if (from > 0) await turn();
    results.push(...items.slice(from, from + SLICE).map(work));
  }
  return results;
}
