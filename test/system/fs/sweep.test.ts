import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { sweepLeftovers, writeAtomically } from '../../../src/system/fs/atomic-write.ts';
import { eventually } from '../../support/wait.ts';
import { leftoversIn, namesIn, TEMPORARY, temporaryFolder } from '../folder.ts';
import { kill } from '../program.ts';

const FOREIGN = 'f'.repeat(12);
const SUFFIX = '0123456789abcdef'.repeat(2);

/** How this process calls its temporaries: seen while one is there. */
async function ownNamespace(): Promise<string> {
  const folder = await temporaryFolder();
  let seen: string | undefined;
  const writing = eventually(async () => {
    await writeAtomically(join(folder, 'large'), 'x'.repeat(4_000_000), { mode: 0o600 });
    return seen;
  });
  const looking = eventually(async () => {
    const [name] = await leftoversIn(folder);
    seen = name;
    return name;
  });
  await writing;
  return TEMPORARY.exec(await looking)?.[1] ?? '';
}

async function plant(folder: string, namespace: string, pid: number, ageMs = 0): Promise<string> {
  const name = `.wx-token-sidecar-${namespace}-${pid}-${SUFFIX}.tmp`;
  await writeFile(join(folder, name), 'half a tok', { mode: 0o600 });
  const then = new Date(Date.now() - ageMs);
  await utimes(join(folder, name), then, then);
  return name;
}

async function deadPid(): Promise<number> {
  const child = spawn('/bin/true', { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? 0;
}

async function livePid(): Promise<number> {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  onTestFinished(() => kill(child));
  await once(child, 'spawn');
  return child.pid ?? 0;
}

describe('sweeping left-overs', () => {
  it('a temporary file of a dead daemon is removed', async () => {
    const folder = await temporaryFolder();
    const namespace = await ownNamespace();
    await plant(folder, namespace, await deadPid());
    expect(await sweepLeftovers(folder)).toBe(1);
    expect(await namesIn(folder)).toEqual([]);
  });

  it('a temporary file of an earlier daemon with the same pid is removed', async () => {
    const folder = await temporaryFolder();
    await plant(folder, await ownNamespace(), process.pid);
    expect(await sweepLeftovers(folder)).toBe(1);
  });

  it('a temporary file with an impossible pid is removed', async () => {
    const folder = await temporaryFolder();
    await plant(folder, await ownNamespace(), 2 ** 40);
    expect(await sweepLeftovers(folder)).toBe(1);
  });

  it('a temporary file of a living daemon stays', async () => {
    const folder = await temporaryFolder();
    const name = await plant(folder, await ownNamespace(), await livePid(), 3_600_000);
    expect(await sweepLeftovers(folder)).toBe(0);
    expect(await namesIn(folder)).toEqual([name]);
  });

  it('a temporary file that this process is writing stays', async () => {
    const folder = await temporaryFolder();
    const content = 'x'.repeat(2_000_000);
    const paths = Array.from({ length: 12 }, (_, index) => join(folder, `token-${index}`));
    let writing = true;
    const writes = Promise.all(paths.map((path) => writeAtomically(path, content, { mode: 0o600 })));
    const done = writes.finally(() => {
      writing = false;
    });
    while (writing) expect(await sweepLeftovers(folder)).toBe(0);
    await done;
    for (const path of paths) expect(await readFile(path, 'utf8')).toBe(content);
  });

  it('a temporary file of another container or machine stays for a minute', async () => {
    const folder = await temporaryFolder();
    const young = await plant(folder, FOREIGN, 7, 30_000);
    const old = await plant(folder, FOREIGN, 8, 90_000);
    expect(await namesIn(folder)).toEqual([young, old]);
    expect(await sweepLeftovers(folder)).toBe(1);
    expect(await namesIn(folder)).toEqual([young]);
  });

  it('a young temporary file of another container is removed by a later sweep', async () => {
    const folder = await temporaryFolder();
    await plant(folder, FOREIGN, 7);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.now() });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    for (let looks = 0; looks < 3; looks += 1) expect(await sweepLeftovers(folder)).toBe(0);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(61_000);
    while ((await namesIn(folder)).length > 0) await vi.advanceTimersByTimeAsync(1_000);
    expect(await namesIn(folder)).toEqual([]);
  });

  it('a foreign file is never removed, however similar its name is', async () => {
    const folder = await temporaryFolder();
    const pid = await deadPid();
    const namespace = await ownNamespace();
    const strangers = [
      'token',
      'token.json',
      '.token.tmp',
      '.wx-token-sidecar',
      `.wx-token-sidecar-${pid}.tmp`,
      `.wx-token-sidecar-${namespace}-${pid}-${SUFFIX}.tmp.bak`,
      `x.wx-token-sidecar-${namespace}-${pid}-${SUFFIX}.tmp`,
      `.wx-token-sidecar-${namespace}-${pid}-${SUFFIX.toUpperCase()}.tmp`,
      `.wx-token-sidecar-${namespace}-${pid}-${SUFFIX}0.tmp`,
      `.wx-token-sidecar-${namespace}--${pid}-${SUFFIX}.tmp`,
    ];
    for (const name of strangers) await writeFile(join(folder, name), 'precious');
    await mkdir(join(folder, `.wx-token-sidecar-${namespace}-${pid}-${'1'.repeat(32)}.tmp`));
    const before = await namesIn(folder);
    expect(await sweepLeftovers(folder)).toBe(0);
    expect(await namesIn(folder)).toEqual(before);
  });

  it('a link named like a temporary file is removed, but not its target', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'precious'), 'precious');
    const name = `.wx-token-sidecar-${await ownNamespace()}-${await deadPid()}-${SUFFIX}.tmp`;
    await symlink('precious', join(folder, name));
    expect(await sweepLeftovers(folder)).toBe(1);
    expect(await namesIn(folder)).toEqual(['precious']);
  });

  it('a sweep of a missing folder removes nothing and does not fail', async () => {
    expect(await sweepLeftovers(join(await temporaryFolder(), 'missing'))).toBe(0);
  });
});
