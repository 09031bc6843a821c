import { chmod, chown, link, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { sha256, workbench } from '../e2e/workbench.ts';
import { type Environment, type Program, startProcess } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { report, ticks } from './feedback.ts';
import { asUser, giveTo, needs, startWrapped, USER } from './wrapped.ts';

describe.concurrent('hostile feedback folders', () => {
  it('links, pipes, sockets and odd files in the feedback folder are removed and harm nothing', async (context) => {
    const { bench, folder, daemon, first } = await listening(context);
    const { onTestFinished } = context;
    const passwd = await readFile('/etc/passwd', 'utf8');
    await symlink('/etc/passwd', join(folder, 'passwd'));
    await symlink(bench.file, join(folder, 'the token itself'));
    await link(bench.file, join(folder, 'the token under another name'));
    await symlink('/proc/self/mem', join(folder, 'memory'));
    await symlink(folder, join(folder, 'round and round'));
    for (const name of ['pipe', 'pipe\nof two lines']) {
      expect((await startProcess('mkfifo', [join(folder, name)], {}, onTestFinished).exited).code).toBe(0);
    }
    const socket = createServer().listen(join(folder, 'socket'));
    onTestFinished(async () => {
      socket.close();
    });
    await eventually(() => socket.listening);
    await mkdir(join(folder, 'a folder'));
    await writeFile(join(folder, 'a folder', 'within'), first);
    await writeFile(join(folder, 'sparse'), '');
    await truncate(join(folder, 'sparse'), 1_000_000_000);
    await writeFile(
      join(folder, 'binary'),
      Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 256)),
    );
    for (const name of ['a\nb', '..\u202e', '...', `${'x'.repeat(250)}`, '\u001b[2Jx', '-rf', '%2e%2e%2f']) {
      await writeFile(join(folder, name), 'nothing');
    }
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe, 0x41])]), 'no text');

    await eventually(async () => (await readdir(folder)).join() === 'a folder', {
      for: 'all but the folder to go',
    });
    // The token under another name was a report; nothing else was.
    await daemon.logged(({ reason }) => reason === 'refused');
    await answersHangup(daemon);
    expect(await bench.fetches()).toHaveLength(3);
    expect(await readFile('/etc/passwd', 'utf8')).toBe(passwd);
    expect(await bench.token()).toMatch(/^\d+_/);
    expect(await readFile(join(folder, 'a folder', 'within'), 'utf8')).toBe(first);
    for (const secret of [first, (await bench.token()) ?? '', passwd.slice(0, 40)]) {
      expect(daemon.stderr()).not.toContain(secret);
    }
  });

  it('a daemon answers a HUP despite twenty thousand feedback files at once', async (context) => {
    const { folder, bench, daemon } = await listening(context);
    // However long they take to write, it meets all of them.
    daemon.signal('SIGSTOP');
    const script = 'i=0; while [ $i -lt 20000 ]; do echo $i > "$0/$i"; i=$((i+1)); done';
    const { exited } = startProcess('/bin/sh', ['-c', script, folder], {}, context.onTestFinished);
    expect((await exited).code).toBe(0);

    daemon.signal('SIGCONT');
    await answersHangup(daemon);
    await eventually(async () => (await readdir(folder)).length < 20_000, { for: 'the flood to sink' });
    expect(await bench.fetches()).toHaveLength(2);
  });

  it('a feedback file that cannot be removed is acted on once and hides no later report', async (context) => {
    needs(asUser(), 'become another user', context.skip);
    const { bench, folder, daemon, first } = await listening(context, (env, context) =>
      startWrapped(asUser(), [], env, context.onTestFinished),
    );
    // As in /tmp: everyone may write, and only the owner removes.
    await chown(folder, 0, 0);
    await chmod(folder, 0o1777);
    await writeFile(join(folder, 'refused'), first, { mode: 0o644 });
    await writeFile(join(folder, 'unreadable'), first, { mode: 0o600 });
    const second = await bench.newToken(first);
    // More than it looks at in one go, none of which it can remove: what comes later is found all the same.
    const heap = Array.from({ length: 1_500 }, (_, index) => join(folder, `old-${index}`));
    await Promise.all(heap.map((path) => writeFile(path, sha256(first))));
    await ownTicks(folder, 2);
    const late = await report(folder, second);
    const third = await bench.newToken(second);
    await ownTicks(folder, 2);

    const left = await readdir(folder);
    expect(left).toHaveLength(heap.length + 3);
    expect(left).toEqual(expect.arrayContaining(['refused', 'unreadable', basename(late)]));
    expect(await bench.token()).toBe(third);
    expect(await bench.fetches()).toHaveLength(3);
    expect(daemon.log().filter(({ reason }) => reason === 'refused')).toHaveLength(2);
  });
});

/** Ticks of the image's user, who can remove what belongs to it. */
async function ownTicks(folder: string, count: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) {
    const path = await report(folder, 'says nothing');
    await chown(path, USER, USER);
    await eventually(async () => !(await readdir(folder)).includes(basename(path)), { for: 'a tick' });
  }
}

type Start = (env: Environment, context: TestContext) => Program;

/** A daemon of an access-token, whose every fetch shows, that takes reports from a folder. */
async function listening(context: TestContext, start?: Start) {
  const bench = await workbench(context.onTestFinished);
  const folder = join(bench.folder, 'feedback');
  await mkdir(folder);
  if (start) await giveTo(bench);
  const changes = { WXTOKEN_TYPE: 'access-token', WXTOKEN_FEEDBACK_DIR: folder };
  const daemon = start ? start(bench.env(changes), context) : bench.run(changes);
  const first = await bench.newToken();
  if (!start) await ticks(folder, 1);
  return { bench, folder, daemon, first };
}

async function answersHangup(daemon: Program): Promise<void> {
  const done = () => daemon.log().filter(({ reason }) => reason === 'requested').length;
  const before = done();
  daemon.signal('SIGHUP');
  await eventually(() => done() > before, { for: 'an answer to HUP' });
}
