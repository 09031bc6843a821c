import { randomUUID } from 'node:crypto';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../support/wait.ts';

/** Reports a refused token, or whatever else, as an app does: whole from the first instant. */
export async function report(folder: string, text: string, name: string = randomUUID()): Promise<string> {
  const path = join(folder, name);
  const draft = `${folder}.${randomUUID()}`;
  await writeFile(draft, text);
  await rename(draft, path);
  return path;
}

/** Waits until a daemon has taken everything away that lay there. */
export async function taken(folder: string): Promise<void> {
  await eventually(async () => (await readdir(folder)).length === 0, { for: `${folder} to be empty` });
}

/** Waits until a daemon has ticked so often: what lies in its folder is gone after the next tick. */
export async function ticks(folder: string, count: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) {
    await report(folder, 'says nothing');
    await taken(folder);
  }
}
