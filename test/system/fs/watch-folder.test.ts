import { mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { writeAtomically } from '../../../src/system/fs/atomic-write.ts';
import { watchFolder } from '../../../src/system/fs/watch-folder.ts';
import { eventually } from '../../support/wait.ts';
import { temporaryFolder } from '../folder.ts';

/** A watched folder, and how often each name in it was told of. */
async function watched() {
  const folder = await temporaryFolder();
  const told = new Map<string, number>();
  const watch = watchFolder(folder, (name) => told.set(name, (told.get(name) ?? 0) + 1));
  onTestFinished(() => watch.close());
  const times = (name: string) => told.get(name) ?? 0;
  // Whoever starts to watch does not know from when on; what is written again and again is told of in the end.
  await eventually(async () => {
    await writeFile(join(folder, 'first'), String(Math.random()));
    return times('first') > 0;
  });
  return { folder, times, watch };
}

it('a watch on a folder reports every replacement of a file', async () => {
  const { folder, times, watch } = await watched();
  for (let round = 0; round < 5; round += 1) {
    const before = times('token');
    await writeAtomically(join(folder, 'token'), `token ${round}`, { mode: 0o640 });
    await eventually(() => times('token') > before);
  }
  expect(watch.works()).toBe(true);
});

it('a watch on a folder reports a file that is moved in and then removed', async () => {
  const { folder, times } = await watched();
  const elsewhere = join(await temporaryFolder(), 'moved');
  await writeFile(elsewhere, 'x');
  await rename(elsewhere, join(folder, 'moved'));
  await eventually(() => times('moved') > 0);
  const before = times('moved');
  await unlink(join(folder, 'moved'));
  await eventually(() => times('moved') > before);
});

it('a watch on a folder reports no files in its subfolders', async () => {
  const { folder, times } = await watched();
  await mkdir(join(folder, 'deeper'));
  await writeFile(join(folder, 'deeper', 'inside'), 'x');
  await writeFile(join(folder, 'last'), 'x');
  await eventually(() => times('last') > 0);
  expect(times('inside')).toBe(0);
});

it('a closed watch on a folder reports nothing', async () => {
  const { folder, times, watch } = await watched();
  await watch.close();
  const before = times('first');
  await writeFile(join(folder, 'first'), 'after the end');
  const other = await watched();
  expect(other.times('first')).toBeGreaterThan(0);
  expect(times('first')).toBe(before);
});
