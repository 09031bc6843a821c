import { hostname } from 'node:os';
import type { View } from '../../core/plan.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import type { HungVolume } from '../../system/fs/turns.ts';
import { version } from '../../system/process/version.ts';
import { piecesOf } from '../../system/time/slices.ts';
import type { HttpAnswer } from '../http/http-server.ts';
import { escapeControls } from '../log/escape.ts';
import type { History } from './history.ts';
import { statusOf } from './status.ts';

/** Returns as JSON, for programs, what the page shows to people. */
export async function statusJson(
  views: Iterable<View>,
  history: History,
  now: Instant,
  hung: readonly HungVolume[] = [],
): Promise<HttpAnswer> {
  const credentials = piecesOf(views, ',', (view) =>
    escapeControls(
      JSON.stringify({
        ...statusOf(view, now),
        history: history.of(view.unit).map(({ at, ...counts }) => ({ at: at / SECOND, ...counts })),
      }),
    ),
  );
  const head = JSON.stringify({
    ...{ version, node: process.version, host: hostname(), at: Math.floor(now.wall / SECOND) },
    ...hungVolumes(hung),
  });
  const body: Buffer[] = [Buffer.from(`${head.slice(0, -1)},"credentials":[`)];
  for await (const piece of credentials) body.push(piece);
  body.push(Buffer.from(']}\n'));
  return {
    status: 200,
    type: 'application/json',
    body,
    headers: { vary: 'accept' },
  };
}

/** The volumes that do not answer, as programs read of them; nothing where all do. */
export function hungVolumes(hung: readonly HungVolume[]) {
  const volumes = hung.map(({ volume, path, ms }) => ({ volume, path, seconds: Math.floor(ms / SECOND) }));
  return volumes.length > 0 ? { hung_volumes: volumes } : {};
}
