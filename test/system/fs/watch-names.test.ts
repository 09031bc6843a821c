import { mkdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { writeAtomically } from '../../../src/system/fs/atomic-write.ts';
import { watchNames } from '../../../src/system/fs/watch-names.ts';
import { eventually } from '../../support/wait.ts';
import { temporaryFolder } from '../folder.ts';

function watched(folder: string) {
  const told: string[] = [];
  const watch = watchNames(folder, (name) => told.push(name));
  onTestFinished(() => watch.close());
  return { told, watch };
}

it('a watch on names reports a file that is replaced or removed', async () => {
  const folder = await temporaryFolder();
  const { told, watch } = watched(folder);
  await eventually(() => watch.works());
  for (let round = 0; round < 5; round += 1) {
    told.length = 0;
    await writeAtomically(join(folder, 'token'), `token ${round}`, { mode: 0o640 });
    await eventually(() => told.includes('token'));
  }
  told.length = 0;
  await unlink(join(folder, 'token'));
  await eventually(() => told.includes('token'));
  expect(watch.works()).toBe(true);
});

it('a watch on names knows that its folder was removed and works again once it is back', async () => {
  const folder = join(await temporaryFolder(), 'state');
  await mkdir(folder);
  const { told, watch } = watched(folder);
  await eventually(() => watch.works());
  await rm(folder, { recursive: true });
  await eventually(() => !watch.works());
  await mkdir(folder);
  await eventually(() => watch.works());
  await writeFile(join(folder, 'token'), 'x');
  await eventually(() => told.includes('token'));
});

it('a watch on names starts to work once its missing folder appears', async () => {
  const folder = join(await temporaryFolder(), 'later');
  const { told, watch } = watched(folder);
  expect(watch.works()).toBe(false);
  await mkdir(folder);
  await eventually(() => watch.works());
  await writeFile(join(folder, 'token'), 'x');
  await eventually(() => told.includes('token'));
});

it('a closed watch on names reports nothing and does not work any more', async () => {
  const folder = await temporaryFolder();
  const { told, watch } = watched(folder);
  await watch.close();
  expect(watch.works()).toBe(false);
  const other = watched(folder);
  await eventually(() => other.watch.works());
  await writeFile(join(folder, 'token'), 'x');
  await eventually(() => other.told.includes('token'));
  expect(told).toEqual([]);
});

it('a watch on names notices a replaced parent folder and reports from the new one', async () => {
  const above = await temporaryFolder();
  const folder = join(above, 'volume', 'state');
  await mkdir(folder, { recursive: true });
  const { told, watch } = watched(folder);
  await eventually(() => watch.works());
  await writeFile(join(folder, 'first'), 'x');
  await eventually(() => told.includes('first'));
  await rename(join(above, 'volume'), join(above, 'old'));
  await mkdir(folder, { recursive: true });
  await eventually(() => !watch.works());
  await eventually(() => watch.works());
  await writeFile(join(folder, 'second'), 'x');
  await eventually(() => told.includes('second'));
});
