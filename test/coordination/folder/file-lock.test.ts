import { mkdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRoot, modeOf, namesIn, temporaryFolder } from '../../system/folder.ts';
import { program } from '../../system/program.ts';
import { lockOf, recordPath, startHolder } from './locksmith.ts';

const holder = program(new URL('./holder.ts', import.meta.url));

const take = (path: string) => lockOf(path).take();

describe('taking and releasing', () => {
  it('a lock has one holder at a time and is free again once released', async () => {
    const path = await recordPath();
    const first = await take(path);
    expect(await first?.held()).toBe(true);
    expect(await take(path)).toBeUndefined();
    expect(await first?.held()).toBe(true);
    await first?.release();
    expect(await first?.held()).toBe(false);
    const second = await take(path);
    expect(await second?.held()).toBe(true);
    await second?.release();
  });

  it('a lock goes to exactly one of ten concurrent takers, in every round', async () => {
    const path = await recordPath();
    for (let round = 0; round < 50; round += 1) {
      const leases = await Promise.all(Array.from({ length: 10 }, () => take(path)));
      expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
      // While it is being released some ask again.
      const released = leases.map((lease) => lease?.release());
      const next = await Promise.all([take(path), take(path)]);
      expect(next.filter((lease) => lease !== undefined).length).toBeLessThan(2);
      await Promise.all([...released, ...next.map((lease) => lease?.release())]);
    }
  });

  it('each account has a lock of its own', async () => {
    const folder = await temporaryFolder();
    const leases = await Promise.all(['a.json', 'b.json'].map((name) => take(join(folder, name))));
    for (const lease of leases) {
      expect(await lease?.held()).toBe(true);
      await lease?.release();
    }
  });

  it('a lock needs no record and leaves no file behind once released', async () => {
    const path = await recordPath();
    const lease = await take(path);
    expect(await modeOf(`${path}.owner`)).toBe(0o600);
    await lease?.release();
    expect(await namesIn(dirname(path))).toEqual([]);
  });

  it('a lock keeps other processes out until it is released', async () => {
    const path = await recordPath();
    const lease = await take(path);
    expect((await startHolder(holder, path)).said).toBe('busy');
    await lease?.release();
    const other = await startHolder(holder, path);
    expect(other.said).toBe('taken');
    expect(await take(path)).toBeUndefined();
    expect(await other.ask('release')).toBe('released');
    const next = await take(path);
    expect(await next?.held()).toBe(true);
    await next?.release();
  });

  it('a lock is free when its holder exits without releasing it', async () => {
    const path = await recordPath();
    const other = await startHolder(holder, path);
    await other.exit();
    expect(await namesIn(dirname(path))).toEqual([]);
    const lease = await take(path);
    expect(await lease?.held()).toBe(true);
    await lease?.release();
  });

  it('a second release of a lock does not take it from the next holder', async () => {
    const path = await recordPath();
    const lease = await take(path);
    await lease?.release();
    await lease?.release();
    const next = await take(path);
    await lease?.release();
    expect(await next?.held()).toBe(true);
    expect(await take(path)).toBeUndefined();
    await next?.release();
  });
});

describe('lost locks', () => {
  it('a lock that names another owner is no longer held, and its release removes nothing', async () => {
    const path = await recordPath();
    const ours = await take(path);
    const owner = JSON.parse(await readFile(`${path}.owner`, 'utf8'));
    await writeFile(`${path}.owner`, JSON.stringify({ ...owner, nonce: 'of somebody else' }));
    expect(await ours?.held()).toBe(false);
    await ours?.release();
    expect(await namesIn(dirname(path))).toEqual(['account.json.lock', 'account.json.owner']);
  });

  it.each([
    ['removed the owner file', (path: string) => unlink(`${path}.owner`)],
    ['removed the lock folder', (path: string) => rm(`${path}.lock`, { recursive: true })],
    [
      'emptied the folder',
      (path: string) => rm(dirname(path), { recursive: true }).then(() => mkdir(dirname(path))),
    ],
    ['overwrote the owner file with garbage', (path: string) => writeFile(`${path}.owner`, 'garbage')],
  ])('a lock is free for the next taker after somebody %s', async (_, remove) => {
    const path = await recordPath();
    const ours = await take(path);
    await remove(path);
    await ours?.release();
    const next = await take(path);
    expect(await next?.held()).toBe(true);
    expect(await take(path)).toBeUndefined();
    await next?.release();
  });
});

describe('unusable places for locks', () => {
  it('a lock in a missing folder is refused as unusable', async () => {
    const path = join(await temporaryFolder(), 'missing', 'account.json');
    await expect(take(path)).rejects.toMatchObject({
      name: 'EdgeError',
      code: 'lock-unusable',
      failure: { effect: 'unsent', message: expect.stringContaining(`cannot lock ${path}: ENOENT`) },
    });
  });

  it('a lock whose owner file cannot be written is refused as unusable and stays unlocked', async () => {
    const path = await recordPath();
    await mkdir(`${path}.owner`);
    await expect(take(path)).rejects.toMatchObject({ code: 'lock-unusable' });
    expect(await namesIn(dirname(path))).toEqual(['account.json.owner']);
  });

  it('a lock in a folder of another user is refused as unusable', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may start a program as somebody else');
    const path = await recordPath();
    const refused = holder.run([path], { uid: 65_534, gid: 65_534 });
    await expect(refused).rejects.toThrow(/lock-unusable[\s\S]*EACCES/);
  });
});
