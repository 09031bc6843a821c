import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../support/wait.ts';
import { APP_SECRET, workbench } from './workbench.ts';

/** How many inotify watches a process holds. */
async function watchesOf(pid: number): Promise<number> {
  const folder = `/proc/${pid}/fdinfo`;
  const names = await readdir(folder);
  const infos = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')));
  return infos.join('\n').match(/^inotify wd:/gm)?.length ?? 0;
}

it('a daemon holds at most two inotify watches for each folder, however many files are in it', async ({
  onTestFinished,
  skip,
}) => {
  if (process.platform !== 'linux') skip('inotify is there on Linux alone');
  const { folder, run, newToken } = await workbench(onTestFinished);
  const crowded = join(folder, 'crowded');
  await mkdir(crowded);
  for (let index = 0; index < 500; index += 1) await writeFile(join(crowded, `file-${index}`), '');
  const secret = join(crowded, 'app.secret');
  await writeFile(secret, APP_SECRET, { mode: 0o600 });
  const daemon = run({ WXTOKEN_SECRET_FILE: secret });
  await newToken();
  // The folders of the secret, of the records and of the requests.
  await eventually(async () => (await watchesOf(daemon.pid)) >= 3, { for: 'the watches' });

  // A change makes a watcher look again at what it watches.
  await writeFile(join(folder, 'volume', '.wx-token-sidecar', 'requests', 'another'), '');
  await writeFile(secret, '1'.repeat(32));
  await daemon.logged(/^configuration reloaded/);
  expect(await watchesOf(daemon.pid)).toBeLessThanOrEqual(6);
});
