import { mkdir, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ticketFile } from '../../../src/coordination/folder/ticket-file.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { eventually } from '../../support/wait.ts';
import { temporaryFolder } from '../../system/folder.ts';

const SHAPE = /^ticket@@@[\w-]{86}$/;
const TICKET = `ticket@@@${'a-_9'.repeat(21)}Zz`;
const HOUR = 3_600_000;

async function opened(shape: RegExp | null = SHAPE) {
  const path = join(await temporaryFolder(), 'ticket');
  const warnings: string[] = [];
  const translated: string[] = [];
  const file = ticketFile(path, {
    clock: systemClock,
    warn: ({ en, zh }) => {
      warnings.push(en);
      translated.push(zh);
    },
    ...(shape && { shape }),
  });
  return { path, warnings, translated, file };
}

/** Writes the file as it was written so long ago, ms. @returns the time of the file, epoch ms */
async function written(path: string, content: string | Buffer, age = 0): Promise<number> {
  await writeFile(path, content);
  const at = Math.floor((Date.now() - age) / 1000);
  await utimes(path, at, at);
  return at * 1000;
}

describe('a file in which an app leaves a ticket', () => {
  it('no file is no ticket, and nothing to tell', async () => {
    const { file, warnings } = await opened();
    expect(await file.read()).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it.each([TICKET, `${TICKET}\n`, `${TICKET}\r\n`, `\ufeff${TICKET}`])(
    'a ticket alone counts from the time of the file: %j',
    async (content) => {
      const { path, file, warnings } = await opened();
      const createdAt = await written(path, content, HOUR);
      const found = await file.read();
      expect(found?.value.reveal()).toBe(TICKET);
      expect(found).toMatchObject({ createdAt, receivedAt: createdAt, undated: true });
      expect(warnings).toEqual([]);
    },
  );

  it.each([
    ['a number', Number],
    ['text', String],
  ])('create_time goes before the time of the file, as %s', async (_, form) => {
    const { path, file, warnings } = await opened();
    const created = Math.floor(Date.now() / 1000) - 7200;
    await written(path, JSON.stringify({ ticket: TICKET, create_time: form(created) }));
    const found = await file.read();
    expect(found).toMatchObject({ createdAt: created * 1000 });
    expect(found).not.toHaveProperty('undated');
    expect(warnings).toEqual([]);
  });

  it.each([Date.now(), 0, -1, Date.now() / 1000 + 3600])(
    'a create_time that cannot be is told, and the time of the file counts: %d',
    async (create_time) => {
      const { path, file, warnings, translated } = await opened();
      const createdAt = await written(path, JSON.stringify({ ticket: TICKET, create_time }), HOUR);
      expect(await file.read()).toMatchObject({ createdAt, undated: true });
      expect(warnings).toHaveLength(1);
      expect(translated).toEqual([expect.stringMatching(/ticket 文件 .*create_time 不是现在/)]);
      expect(warnings[0]).toContain('create_time');
    },
  );

  it.each([
    ['an empty file', ''],
    ['a blank in it', 'ticket@@@ abcdefghijklmnop'],
    ['two lines', `${TICKET}\n${TICKET}`],
    ['what is too short', 'ticket'],
    ['more than a ticket has', 'x'.repeat(513)],
    ['half of the JSON', `{"ticket":"${TICKET}`],
    ['JSON without a ticket', '{"create_time":1413192605}'],
    ['JSON whose ticket is a number', '{"ticket":1234567890123456}'],
    ['what is no text', Buffer.from([0xff, 0xfe, 0, 1, 2])],
  ])('%s is told once, without its content, and is no ticket', async (_, content) => {
    const { path, file, warnings } = await opened();
    await written(path, content, HOUR);
    expect(await file.read()).toBeUndefined();
    expect(await file.read()).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toContain('@@@');
    await written(path, TICKET);
    expect(await file.read()).toBeDefined();
    expect(warnings).toHaveLength(1);
  });

  it('more than 4 KB, a link and a folder are not read', async () => {
    const { path, file, warnings } = await opened();
    await written(path, 'x'.repeat(5000), HOUR);
    expect(await file.read()).toBeUndefined();
    await rename(path, `${path}.big`);
    await written(`${path}.real`, TICKET);
    await symlink(`${path}.real`, path);
    expect(await file.read()).toBeUndefined();
    await rename(path, `${path}.link`);
    await mkdir(path);
    expect(await file.read()).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringContaining('too large'),
      expect.stringMatching(/is a symbolic link, which is not followed.*: name the file itself/),
      expect.stringContaining('not a regular file'),
    ]);
  });

  it.each([-1000, 0])(
    'what may be half of a ticket is taken by the same read once it no longer changes (%i ms old)',
    async (age) => {
      const { path, file, warnings } = await opened();
      await written(path, TICKET.slice(0, 40), age);
      expect((await file.read())?.value.reveal()).toBe(TICKET.slice(0, 40));
      expect(warnings[0]).toContain('unusual shape');
    },
  );

  it('what is half of a ticket is not taken, since the read waits for the rest', async () => {
    const { path, file, warnings } = await opened();
    await written(path, TICKET.slice(0, 40), -1000);
    const reading = file.read();
    await written(path, TICKET);
    expect((await reading)?.value.reveal()).toBe(TICKET);
    expect(warnings).toEqual([]);
  });

  it('a file that is written bit by bit is looked at again later, and told or taken then', async () => {
    const { path, file, warnings } = await opened();
    let looks = 0;
    const watch = await file.watch(() => {
      looks += 1;
    });
    onTestFinished(() => watch.close());
    let isOver = false;
    let age = -1000;
    const reading = file.read().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      age -= 1000;
      await written(path, TICKET.slice(0, 40), age);
    }
    expect(await reading).toBeUndefined();
    expect(warnings).toEqual([]);
    const before = looks;
    await eventually(() => looks > before);
    expect((await eventually(() => file.read())).value.reveal()).toBe(TICKET.slice(0, 40));
  });

  it('what waits for the rest ends with the watch', async () => {
    const { path, file, warnings } = await opened();
    const watch = await file.watch(() => {});
    await written(path, TICKET.slice(0, 40), -1000);
    const reading = file.read();
    await watch.close();
    expect(await reading).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('a ticket of no known shape is taken once it no longer changes, and nothing is told', async () => {
    const { path, file, warnings } = await opened(null);
    await written(path, 'a-suite-ticket-of-any-shape', HOUR);
    expect((await file.read())?.value.reveal()).toBe('a-suite-ticket-of-any-shape');
    expect(warnings).toEqual([]);
  });

  it('a file that is replaced is seen', async () => {
    const { path, file } = await opened();
    let changes = 0;
    const watch = await file.watch(() => {
      changes += 1;
    });
    onTestFinished(() => watch.close());
    await written(`${path}.tmp`, TICKET);
    await rename(`${path}.tmp`, path);
    await eventually(() => changes > 0);
  });
});
