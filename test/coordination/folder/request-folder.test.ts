import { mkdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  REQUESTS,
  type RefreshOutcome,
  type RefreshRequest,
  requestFolder,
} from '../../../src/coordination/folder/request-folder.ts';
import type { Clock } from '../../../src/core/ports.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { modeOf, namesIn, temporaryFolder } from '../../system/folder.ts';

const REQUEST: RefreshRequest = {
  credentials: [{ name: 'shop', account: 'weixin/stable-token/wx0000000000000000' }],
  forced: false,
  patience: 30_000,
};
const PUBLISHED: RefreshOutcome = { name: 'shop', result: 'published', message: 'a new token' };
const MINUTE = 60_000;

async function folders() {
  const stateDir = await temporaryFolder();
  const path = join(stateDir, REQUESTS);
  await mkdir(path);
  return { path, command: requestFolder(stateDir), daemon: requestFolder(stateDir) };
}

const all = () => true;

describe('the request folder', () => {
  it('a request reaches the daemon and its reply reaches the command', async () => {
    const { command, daemon } = await folders();
    const pending = await command.leave(REQUEST);
    expect([await pending.isTaken(), await pending.reply()]).toEqual([false, undefined]);
    const taken = await daemon.take(all);
    expect(taken?.request).toEqual(REQUEST);
    expect([await pending.isTaken(), await pending.reply()]).toEqual([true, undefined]);
    await taken?.reply([PUBLISHED]);
    expect(await pending.reply()).toEqual([PUBLISHED]);
  });

  it('a request is taken only once when two daemons ask at the same time', async () => {
    const { command, daemon } = await folders();
    await command.leave(REQUEST);
    const both = await Promise.all([daemon.take(all), daemon.take(all)]);
    expect(both.filter((taken) => taken !== undefined)).toHaveLength(1);
    expect(await daemon.take(all)).toBeUndefined();
  });

  it('a request for another daemon stays where it is', async () => {
    const { command, daemon } = await folders();
    const pending = await command.leave(REQUEST);
    const asked: RefreshRequest[] = [];
    expect(
      await daemon.take((request) => {
        asked.push(request);
        return false;
      }),
    ).toBeUndefined();
    expect(asked).toEqual([REQUEST]);
    expect(await pending.isTaken()).toBe(false);
  });

  it('a request is taken from a folder that was known to be empty, also where it is another folder by then', async () => {
    const { path, command } = await folders();
    // What the folder was changed by lies so far back that the next change is certain to show.
    const later: Clock = {
      now: () => ({ ...systemClock.now(), wall: systemClock.now().wall + MINUTE }),
    };
    const daemon = requestFolder(join(path, '..'), later);
    for (let times = 0; times < 3; times += 1) {
      expect(await daemon.take(all)).toBeUndefined();
      expect(await daemon.take(all)).toBeUndefined();
      const pending = await command.leave(REQUEST);
      expect((await daemon.take(all))?.request).toEqual(REQUEST);
      await pending.withdraw();
      expect(await namesIn(path)).toEqual([]);
    }
    await rename(path, `${path}-before`);
    expect(await daemon.take(all)).toBeUndefined();
    await mkdir(path);
    await command.leave(REQUEST);
    expect((await daemon.take(all))?.request).toEqual(REQUEST);
  });

  it('a withdrawn request leaves no file behind and gets no reply', async () => {
    const { path, command, daemon } = await folders();
    const pending = await command.leave(REQUEST);
    const taken = await daemon.take(all);
    await pending.withdraw();
    expect(await namesIn(path)).toEqual([]);
    await taken?.reply([PUBLISHED]);
    expect(await namesIn(path)).toEqual([]);
    const replied = await command.leave(REQUEST);
    await (await daemon.take(all))?.reply([PUBLISHED]);
    await replied.withdraw();
    expect(await namesIn(path)).toEqual([]);
  });

  it('a reply file is private to its user and a request file is readable by all', async () => {
    const { path, command, daemon } = await folders();
    await command.leave(REQUEST);
    const [request = ''] = await namesIn(path);
    expect(await modeOf(join(path, request))).toBe(0o644);
    await (await daemon.take(all))?.reply([PUBLISHED]);
    const reply = (await namesIn(path)).find((name) => name.endsWith('.reply')) ?? '';
    expect(await modeOf(join(path, reply))).toBe(0o600);
  });

  it('a command gets ENOENT where no daemon has created the request folder', async () => {
    const folder = requestFolder(await temporaryFolder());
    await expect(folder.leave(REQUEST)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await folder.take(all)).toBeUndefined();
  });

  it.each([
    ['no JSON', 'refresh'],
    ['no credentials', '{"forced":false,"patience":1}'],
    ['a negative patience', JSON.stringify({ ...REQUEST, patience: -1 })],
    ['a credential without an account', JSON.stringify({ ...REQUEST, credentials: [{ name: 'shop' }] })],
    ['more than a megabyte', JSON.stringify({ ...REQUEST, padding: 'x'.repeat(1024 * 1024) })],
  ])('a request file with %s is not taken', async (_, text) => {
    const { path, daemon } = await folders();
    await writeFile(join(path, 'odd.request'), text);
    expect(await daemon.take(all)).toBeUndefined();
    expect(await readFile(join(path, 'odd.request'), 'utf8')).toBe(text);
  });

  it('a request with a patience of 0 is taken', async () => {
    const { command, daemon } = await folders();
    await command.leave({ ...REQUEST, patience: 0 });
    expect((await daemon.take(all))?.request.patience).toBe(0);
  });

  it('an invalid reply counts as no reply', async () => {
    const { path, command } = await folders();
    const pending = await command.leave(REQUEST);
    const [request = ''] = await namesIn(path);
    const reply = join(path, request.replace('.request', '.reply'));
    await writeFile(reply, JSON.stringify({ outcomes: [{ ...PUBLISHED, result: 'done' }] }));
    expect(await pending.reply()).toBeUndefined();
    await writeFile(reply, JSON.stringify({ outcomes: [PUBLISHED] }));
    expect(await pending.reply()).toEqual([PUBLISHED]);
  });

  it('a request or reply older than ten minutes is removed and a younger one stays', async () => {
    const { path, daemon } = await folders();
    const ages = { 'old.taken': 11, 'old.reply': 11, 'old.request': 11, 'young.reply': 9 };
    for (const [name, minutes] of Object.entries(ages)) {
      await writeFile(join(path, name), JSON.stringify(REQUEST));
      const then = new Date(Date.now() - minutes * MINUTE);
      await utimes(join(path, name), then, then);
    }
    expect(await daemon.take(all)).toBeUndefined();
    expect(await namesIn(path)).toEqual(['young.reply']);
  });

  it('a file without the request extension is not taken as a request', async () => {
    const { path, daemon } = await folders();
    for (const name of ['a.taken', 'a.reply', 'arequest', 'request.txt'])
      await writeFile(join(path, name), JSON.stringify(REQUEST));
    expect(await daemon.take(all)).toBeUndefined();
    expect(await namesIn(path)).toHaveLength(4);
  });
});
