import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ticketFileStore } from '../../../src/coordination/folder/ticket-store.ts';
import type { PushedTicket } from '../../../src/core/pushed-ticket.ts';
import { Secret } from '../../../src/core/secret.ts';
import { temporaryFolder } from '../../system/folder.ts';

const ACCOUNT = 'weixin/component/wx0000000000000000';
const AT = Date.UTC(2026, 0, 1);

const ticket = (mark: string, createdAt = AT): PushedTicket => ({
  value: new Secret(`ticket@@@${mark.repeat(86)}`),
  createdAt,
  receivedAt: createdAt + 1,
});

async function opened(account = ACCOUNT) {
  const folder = join(await temporaryFolder(), 'state');
  await mkdir(folder);
  const path = join(folder, 'one.json.pushed');
  const warnings: string[] = [];
  const open = (of = account) =>
    ticketFileStore(path, { account: of, access: { mode: 0o700 }, warn: (line) => warnings.push(line) });
  return { folder, path, warnings, store: open(), open };
}

describe('the pushed ticket beside a record', () => {
  it('what one daemon keeps another one reads, with its times', async () => {
    const { store, open, path } = await opened();
    expect(await store.read()).toBeUndefined();
    expect(await store.put(ticket('a'))).toBe('kept');
    const found = await open().read();
    expect(found?.value.reveal()).toBe(ticket('a').value.reveal());
    expect(found).toMatchObject({ createdAt: AT, receivedAt: AT + 1 });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('a ticket of an earlier push never replaces a later one', async () => {
    const { store } = await opened();
    await store.put(ticket('b', AT + 1000));
    expect(await store.put(ticket('a', AT))).toBe('older');
    expect((await store.read())?.value.reveal()).toBe(ticket('b').value.reveal());
  });

  it('the same ticket of a later push renews its time, and the very same push changes nothing', async () => {
    const { store, path } = await opened();
    await store.put(ticket('a'));
    const { ino } = await stat(path);
    expect(await store.put(ticket('a'))).toBe('kept');
    expect((await stat(path)).ino).toBe(ino);
    expect(await store.put(ticket('a', AT + 600_000))).toBe('kept');
    expect((await store.read())?.createdAt).toBe(AT + 600_000);
  });

  it('a folder that was deleted is made again', async () => {
    const { folder, store } = await opened();
    await rm(folder, { recursive: true });
    expect(await store.put(ticket('a'))).toBe('kept');
    expect(await store.read()).toBeDefined();
  });

  it.each([
    ['half of it', (text: string) => text.slice(0, 40)],
    ['a changed ticket', (text: string) => text.replace('ticket@@@aa', 'ticket@@@ab')],
    ['nothing', () => ''],
  ])('%s counts as none, is told once, and gives way to the next ticket', async (_, damage) => {
    const { store, path, warnings } = await opened();
    await store.put(ticket('a'));
    await writeFile(path, damage(await readFile(path, 'utf8')));
    expect(await store.read()).toBeUndefined();
    expect(await store.read()).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toContain('ticket@@@');
    expect(await store.put(ticket('c', AT - 1000))).toBe('kept');
    expect((await store.read())?.createdAt).toBe(AT - 1000);
  });

  it('the ticket of another account is not taken', async () => {
    const { store, open } = await opened();
    await store.put(ticket('a'));
    expect(await open('weixin/component/wx1111111111111111').read()).toBeUndefined();
  });

  it('a ticket that cannot be kept is a failure with the reason', async () => {
    const { path, store } = await opened();
    await mkdir(path);
    await expect(store.put(ticket('a'))).rejects.toMatchObject({
      failure: { code: expect.stringMatching(/^E/) },
    });
  });
});
