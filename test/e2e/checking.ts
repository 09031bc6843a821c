import { lstat, readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Environment } from '../support/program.ts';
import { runHere } from '../support/run-here.ts';
import { APP_ID, APP_SECRET, type Workbench, workbench } from './workbench.ts';

export const CORP = 'ww0000000000000000';
const ACCOUNTS = [APP_ID, CORP].map((appId) => ({ appId, secret: APP_SECRET }));

/** A platform with an official account and a corp. */
export async function benchOf(changes: Parameters<typeof workbench>[1] = {}): Promise<Workbench> {
  return await workbench(onTestFinished, { accounts: ACCOUNTS, ...changes });
}

/** Runs it to its end and makes sure that it has changed nothing and told no secret. */
export async function check(bench: Workbench, changes: Environment = {}, args: readonly string[] = []) {
  const before = await everythingIn(bench.folder);
  const said = await runHere('check', args, bench.env(changes));

  expect(await everythingIn(bench.folder)).toEqual(before);
  const token = await bench.token();
  for (const secret of [APP_SECRET, ...(token ? [token] : [])]) {
    expect(said.stdout + said.stderr).not.toContain(secret);
  }
  return said;
}

/** Every path with what a write would change. */
async function everythingIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  const marks = ['.', ...names].sort().map(async (name) => {
    const { mode, size, mtimeMs, ino } = await lstat(join(folder, name));
    return `${name} ${mode} ${size} ${mtimeMs} ${ino}`;
  });
  return await Promise.all(marks);
}

/** Where a moment ago something listened, and now nothing does. */
export async function unusedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return `http://127.0.0.1:${address.port}`;
}
