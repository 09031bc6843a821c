import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { feedbackFolder } from '../../src/operations/feedback-folder.ts';
import { isRoot, namesIn, temporaryFolder } from '../system/folder.ts';
import { program } from '../system/program.ts';

const TOKEN = '76_aToken-that-was-refused';
const scanner = program(new URL('./scanner.ts', import.meta.url));

/** A feedback folder, and how often a scan of it hears that our token was refused, and that another was. */
async function mailbox() {
  const path = await temporaryFolder();
  const folder = feedbackFolder(path);
  const drop = (name: string, text: string) => writeFile(join(path, name), text);
  async function hear() {
    const heard = { ours: 0, others: 0 };
    await folder.scan((claim) => {
      heard[claim(new Secret(TOKEN)) ? 'ours' : 'others'] += 1;
    });
    return heard;
  }
  return { path, drop, hear };
}

describe('a reader is heard', () => {
  const hash = createHash('sha256').update(TOKEN).digest('hex');

  it.each([
    ['the token', TOKEN],
    ['the token and a newline', `${TOKEN}\n`],
    ['the token among blanks', ` ${TOKEN}\r\n`],
    ['its SHA-256', hash],
    ['its SHA-256 in capitals', hash.toUpperCase()],
    ['its SHA-256 and a newline', `${hash}\n`],
  ])('who leaves %s, once', async (_, text) => {
    const { path, drop, hear } = await mailbox();
    await drop('any name 名', text);
    expect(await hear()).toEqual({ ours: 1, others: 0 });
    expect(await namesIn(path)).toEqual([]);
    expect(await hear()).toEqual({ ours: 0, others: 0 });
  });

  it.each([
    ['another token', 'another-token-of-somebody', 1],
    ['the SHA-256 of another', '0'.repeat(64), 1],
    ['half the token', TOKEN.slice(0, 20), 1],
    ['more than the token', `${TOKEN}x`, 1],
    ['nothing', '', 0],
    ['a word', 'refused', 0],
  ])('of nothing of ours who leaves %s', async (_, text, others) => {
    const { path, drop, hear } = await mailbox();
    await drop('x', text);
    expect(await hear()).toEqual({ ours: 0, others });
    expect(await namesIn(path)).toEqual([]);
  });

  it('who says the same again later', async () => {
    const { drop, hear } = await mailbox();
    for (let times = 0; times < 2; times += 1) {
      await drop('x', TOKEN);
      expect(await hear()).toEqual({ ours: 1, others: 0 });
    }
  });

  it('once a scan, when thousands say the same', async () => {
    const { path, drop, hear } = await mailbox();
    await Promise.all(Array.from({ length: 1500 }, (_, index) => drop(String(index), TOKEN)));
    const heard: number[] = [];
    while ((await namesIn(path)).length > 0) heard.push((await hear()).ours);
    expect(heard).toEqual([1, 1]);
  });

  it('when there is a folder', async () => {
    const folder = feedbackFolder(join(await temporaryFolder(), 'missing'));
    await folder.scan(() => expect.unreachable());
  });
});

describe('hostile ground', () => {
  it('a link is not followed: it goes, and what it points at stays', async () => {
    const { path, hear } = await mailbox();
    const precious = join(await temporaryFolder(), 'token');
    await writeFile(precious, TOKEN);
    await symlink(precious, join(path, 'link'));
    await symlink('/dev/zero', join(path, 'zero'));
    await symlink('link', join(path, 'loop'));
    expect(await hear()).toEqual({ ours: 0, others: 0 });
    expect(await namesIn(path)).toEqual([]);
    expect(await readFile(precious, 'utf8')).toBe(TOKEN);
  });

  it('a FIFO is not waited for, and goes', async () => {
    const { path, hear } = await mailbox();
    execFileSync('mkfifo', [join(path, 'fifo')]);
    expect(await hear()).toEqual({ ours: 0, others: 0 });
    expect(await namesIn(path)).toEqual([]);
  });

  it('a socket goes', async () => {
    const { path, hear } = await mailbox();
    const server = createServer().listen(join(path, 'socket'));
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    expect(await hear()).toEqual({ ours: 0, others: 0 });
    expect(await namesIn(path)).toEqual([]);
  });

  it('a folder stays, and hides nothing', async () => {
    const { path, drop, hear } = await mailbox();
    await mkdir(join(path, 'folder'));
    await drop('folder/inside', TOKEN);
    await drop('x', TOKEN);
    expect(await hear()).toEqual({ ours: 1, others: 0 });
    expect(await namesIn(path)).toEqual(['folder']);
  });

  it('a file of more than 4 KB is not read, and goes', async () => {
    const { path, drop, hear } = await mailbox();
    await drop('large', TOKEN + ' '.repeat(5000));
    await drop('zero', '');
    for (let piece = 0; piece < 100; piece += 1)
      await appendFile(join(path, 'zero'), '\u0000'.repeat(10_000));
    expect(await hear()).toEqual({ ours: 0, others: 0 });
    expect(await namesIn(path)).toEqual([]);
  });

  it('what cannot be removed is heard once', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may start a program as somebody else');
    const { path, drop } = await mailbox();
    await drop('x', TOKEN);
    await chmod(path, 0o755);
    expect(await scanner.run([path, TOKEN], { uid: 65_534, gid: 65_534 })).toBe('1');
    expect(await namesIn(path)).toEqual(['x']);
  });
});
