import { mkdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileLock } from '../../src/coordination/file-lock.ts';
import { systemClock } from '../../src/system/clock.ts';
import { isRoot, modeOf, namesIn, temporaryFolder } from '../system/folder.ts';
import { program } from '../system/program.ts';
import { recordPath, startHolder } from './locksmith.ts';

const holder = program(new URL('./holder.ts', import.meta.url));

const take = (path: string) => fileLock(path, 0o600, systemClock).take();

describe('the lock', () => {
  it('is held by one at a time, and free again once released', async () => {
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

  it('is given to one of ten who ask at once, again and again', async () => {
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

  it('is one for each account', async () => {
    const folder = await temporaryFolder();
    const leases = await Promise.all(['a.json', 'b.json'].map((name) => take(join(folder, name))));
    for (const lease of leases) {
      expect(await lease?.held()).toBe(true);
      await lease?.release();
    }
  });

  it('needs no record, and leaves nothing behind', async () => {
    const path = await recordPath();
    const lease = await take(path);
    expect(await modeOf(`${path}.owner`)).toBe(0o600);
    await lease?.release();
    expect(await namesIn(dirname(path))).toEqual([]);
  });

  it('keeps other processes out, and lets them keep us out', async () => {
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

  it('is free when its holder ends without a word', async () => {
    const path = await recordPath();
    const other = await startHolder(holder, path);
    await other.exit();
    expect(await namesIn(dirname(path))).toEqual([]);
    const lease = await take(path);
    expect(await lease?.held()).toBe(true);
    await lease?.release();
  });

  it('may be released twice, and the second time takes it from nobody', async () => {
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

describe('a lock that was lost', () => {
  it('is not held once another name stands there, and releasing it takes it from nobody', async () => {
    const path = await recordPath();
    const ours = await take(path);
    const owner = JSON.parse(await readFile(`${path}.owner`, 'utf8'));
    await writeFile(`${path}.owner`, JSON.stringify({ ...owner, nonce: 'of somebody else' }));
    expect(await ours?.held()).toBe(false);
    await ours?.release();
    expect(await namesIn(dirname(path))).toEqual(['account.json.lock', 'account.json.owner']);
  });

  it.each([
    ['the owner’s name', (path: string) => unlink(`${path}.owner`)],
    ['the lock', (path: string) => rm(`${path}.lock`, { recursive: true })],
    ['everything', (path: string) => rm(dirname(path), { recursive: true }).then(() => mkdir(dirname(path)))],
    ['the sense of the owner’s name', (path: string) => writeFile(`${path}.owner`, 'garbage')],
  ])('to somebody who removed %s is free for the next, not kept for ever', async (_, remove) => {
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

describe('a place where locks are not possible', () => {
  it('is said to be unusable when the folder is missing', async () => {
    const path = join(await temporaryFolder(), 'missing', 'account.json');
    await expect(take(path)).rejects.toMatchObject({
      name: 'EdgeError',
      code: 'lock-unusable',
      failure: { effect: 'unsent', message: expect.stringContaining(`cannot lock ${path}: ENOENT`) },
    });
  });

  it('is said to be unusable when the owner’s name cannot be written, and nothing stays locked', async () => {
    const path = await recordPath();
    await mkdir(`${path}.owner`);
    await expect(take(path)).rejects.toMatchObject({ code: 'lock-unusable' });
    expect(await namesIn(dirname(path))).toEqual(['account.json.owner']);
  });

  it('is said to be unusable when it belongs to somebody else', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may start a program as somebody else');
    const path = await recordPath();
    const refused = holder.run([path], { uid: 65_534, gid: 65_534 });
    await expect(refused).rejects.toThrow(/lock-unusable[\s\S]*EACCES/);
  });
});
