import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { feedbackFolder } from '../../../src/coordination/folder/feedback-folder.ts';
import { Secret } from '../../../src/core/secret.ts';
import { isRoot, namesIn, temporaryFolder } from '../../system/folder.ts';
import { program } from '../../system/program.ts';

const TOKEN = '76_aToken-that-was-refused';
const scanner = program(new URL('../../observability/metrics/scanner.ts', import.meta.url));

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

describe('reports of readers', () => {
  const hash = createHash('sha256').update(TOKEN).digest('hex');

  it.each([
    ['the token', TOKEN],
    ['the token and a newline', `${TOKEN}\n`],
    ['the token among blanks', ` ${TOKEN}\r\n`],
    ['its SHA-256', hash],
    ['its SHA-256 in capitals', hash.toUpperCase()],
    ['its SHA-256 and a newline', `${hash}\n`],
  ])('our token is recognised once in a file that holds %s', async (_, text) => {
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
  ])('our token is not recognised in a file that holds %s', async (_, text, others) => {
    const { path, drop, hear } = await mailbox();
    await drop('x', text);
    expect(await hear()).toEqual({ ours: 0, others });
    expect(await namesIn(path)).toEqual([]);
  });

  it('a report that a reader repeats later is heard again', async () => {
    const { drop, hear } = await mailbox();
    for (let times = 0; times < 2; times += 1) {
      await drop('x', TOKEN);
      expect(await hear()).toEqual({ ours: 1, others: 0 });
    }
  });

  it('a report that is left 1500 times is heard once per scan', async () => {
    const { path, drop, hear } = await mailbox();
    await Promise.all(Array.from({ length: 1500 }, (_, index) => drop(String(index), TOKEN)));
    const heard: number[] = [];
    while ((await namesIn(path)).length > 0) heard.push((await hear()).ours);
    expect(heard).toEqual([1, 1]);
  });

  it('a scan of a missing folder hears nothing and does not fail', async () => {
    const folder = feedbackFolder(join(await temporaryFolder(), 'missing'));
    await folder.scan(() => expect.unreachable());
  });
});

describe('hostile entries in the feedback folder', () => {
  it('a symbolic link is removed without being followed, and its target stays untouched', async () => {
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

  it('a FIFO is removed without waiting for a writer', async () => {
    const { path, hear } = await mailbox();
    execFileSync('mkfifo', [join(path, 'fifo')]);
    expect(await hear()).toEqual({ ours: 0, others: 0 });
    expect(await namesIn(path)).toEqual([]);
  });

  it('a socket is removed from the feedback folder', async () => {
    const { path, hear } = await mailbox();
    const server = createServer().listen(join(path, 'socket'));
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    expect(await hear()).toEqual({ ours: 0, others: 0 });
    expect(await namesIn(path)).toEqual([]);
  });

  it('a subfolder stays and does not hide the report beside it', async () => {
    const { path, drop, hear } = await mailbox();
    await mkdir(join(path, 'folder'));
    await drop('folder/inside', TOKEN);
    await drop('x', TOKEN);
    expect(await hear()).toEqual({ ours: 1, others: 0 });
    expect(await namesIn(path)).toEqual(['folder']);
  });

  it('a file of more than 4 KB is removed and not heard', async () => {
    const { path, drop, hear } = await mailbox();
    await drop('large', TOKEN + ' '.repeat(5000));
    await drop('zero', '');
    for (let piece = 0; piece < 100; piece += 1)
      await appendFile(join(path, 'zero'), '\u0000'.repeat(10_000));
    expect(await hear()).toEqual({ ours: 0, others: 0 });
    expect(await namesIn(path)).toEqual([]);
  });

  it('a report that cannot be removed is heard only once', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may start a program as somebody else');
    const { path, drop } = await mailbox();
    await drop('x', TOKEN);
    await chmod(path, 0o755);
    expect(await scanner.run([path, TOKEN], { uid: 65_534, gid: 65_534 })).toBe('1');
    expect(await namesIn(path)).toEqual(['x']);
  });
});
