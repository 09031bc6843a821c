import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/codec/encoding.ts';
import { permanentCodeFiles } from '../../../src/coordination/folder/permanent-code-files.ts';
import { Secret } from '../../../src/core/secret.ts';
import { temporaryFolder } from '../../system/folder.ts';

const CORP = 'wpAbCdEf';
const HOUR = 3_600_000;

async function placing() {
  const folder = await temporaryFolder();
  const template = join(folder, 'codes', '{corpId}');
  const path = template.replace('{corpId}', CORP);
  const [written, warned]: [string[], string[]] = [[], []];
  const files = permanentCodeFiles({
    template,
    written: (at) => void written.push(at),
    warn: ({ en }) => void warned.push(en),
  });
  /** @param age of the exchange, ms */
  const place = (value: string, age = 0, former: readonly string[] = []) =>
    files.place([
      {
        ...{ corpId: CORP, value: new Secret(value), exchangedAt: Date.now() - age },
        former: former.map((one) => sha256(one)),
      },
    ]);
  /** Somebody has put something there, so long ago. */
  async function put(content: string, age: number) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    const at = new Date(Date.now() - age);
    await utimes(path, at, at);
  }
  return { path, written, warned, place, put, read: () => readFile(path, 'utf8') };
}

describe('the file of a corp', () => {
  it('one that is missing is written, for its owner alone, and nothing else is left in the folder', async () => {
    const { path, written, place, read } = await placing();
    expect(await place('permanent-code-1', HOUR)).toBe(true);
    expect(await read()).toBe('permanent-code-1');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    expect(await readdir(dirname(path))).toEqual([CORP]);
    expect(written).toEqual([path]);
  });

  it('one that holds the code already is not touched, a newline and a byte order mark or not', async () => {
    const { path, written, place, put } = await placing();
    await put('\ufeffpermanent-code-1\r\n', 2 * HOUR);
    const { ino, mtimeMs, ctimeMs } = await stat(path);
    expect([await place('permanent-code-1'), await place('permanent-code-1')]).toEqual([true, true]);
    expect(await stat(path)).toMatchObject({ ino, mtimeMs, ctimeMs });
    expect(written).toEqual([]);
  });

  it.each([
    ['is older than the exchange', 'an-older-code', 2 * HOUR],
    ['is empty', '', 0],
  ])('one that %s is replaced', async (_, content, age) => {
    const { place, put, read } = await placing();
    await put(content, age);
    expect(await place('permanent-code-2', HOUR)).toBe(true);
    expect(await read()).toBe('permanent-code-2');
  });

  it('one that holds the code before is replaced, whatever its time is', async () => {
    const { place, put, read } = await placing();
    await put('permanent-code-1\n', 0);
    expect(await place('permanent-code-2', HOUR, ['permanent-code-1'])).toBe(true);
    expect(await read()).toBe('permanent-code-2');
  });

  it('one that a person has changed since is left alone, and that is told once', async () => {
    const { path, place, put, read, warned } = await placing();
    await put('a-code-of-a-person', 0);
    expect([await place('permanent-code-1', HOUR), await place('permanent-code-1', HOUR)]).toEqual([
      false,
      false,
    ]);
    expect(await read()).toBe('a-code-of-a-person');
    expect(warned).toEqual([
      `${path} was changed after the permanent code was exchanged: it is left alone; remove it, and the code is written there`,
    ]);
    expect(JSON.stringify(warned)).not.toContain('permanent-code-1');
  });

  it("a link is a person's doing: it is never replaced", async () => {
    const { path, place, read, warned } = await placing();
    await mkdir(dirname(path), { recursive: true });
    const target = join(dirname(path), '..', 'elsewhere');
    await writeFile(target, 'a-code-of-a-person');
    await symlink(target, path);
    expect(await place('permanent-code-1')).toBe(false);
    expect([await read(), warned.length]).toEqual(['a-code-of-a-person', 1]);
    await writeFile(target, 'permanent-code-1');
    expect(await place('permanent-code-1')).toBe(true);
  });

  it('where it cannot be written, that is told with the reason, and the next look tries again', async () => {
    const { path, place, read, warned, put } = await placing();
    await put('an-older-code', 2 * HOUR);
    await chmod(path, 0o600);
    const blocked = await placing();
    await writeFile(dirname(blocked.path), 'no folder');
    expect(await blocked.place('permanent-code-1')).toBe(false);
    expect(blocked.warned.join()).toContain('ENOTDIR');
    expect(await place('permanent-code-1')).toBe(true);
    expect([await read(), warned]).toEqual(['permanent-code-1', []]);
  });
});
