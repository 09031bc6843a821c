import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { workbench } from '../e2e/workbench.ts';
import type { AtEnd } from '../support/program.ts';
import { report } from './feedback.ts';
import { runRefresh } from './refreshing.ts';

/**
 * How often one daemon that is alone asks the platform when it is asked what the three of a cluster are: at the start, by
 * HUP, refresh and feedback, by HUP twice more.
 */
export async function singleDaemon(atEnd: AtEnd): Promise<number> {
  // After a replacement readers of an access-token get a minute, of so short a life half of that.
  const bench = await workbench(atEnd, { tokenTtl: 300 });
  const feedback = join(bench.folder, 'feedback');
  await mkdir(feedback);
  const changes = {
    WXTOKEN_TYPE: 'access-token',
    WXTOKEN_STATE_DIR: join(bench.folder, 'state'),
    WXTOKEN_FEEDBACK_DIR: feedback,
  };
  const daemon = bench.run(changes);
  let token = await bench.newToken();
  const asks: readonly (() => unknown)[] = [
    () => daemon.signal('SIGHUP'),
    () => runRefresh(bench.env(changes), ['default', '--force'], atEnd),
    () => report(feedback, token),
    () => daemon.signal('SIGHUP'),
    () => daemon.signal('SIGHUP'),
  ];
  for (const ask of asks) {
    await ask();
    token = await bench.newToken(token);
  }
  daemon.signal('SIGTERM');
  await daemon.exited;
  return (await bench.fetches()).length;
}
