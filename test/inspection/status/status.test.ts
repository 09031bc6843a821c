import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { fileFailure } from '../../../src/system/fs/file-failure.ts';
import { PASSING_FAULT, TARGET, token } from '../../support/story.ts';
import { type LeftBehind, leftBehind } from '../left-behind.ts';

const FULL = fileFailure('write', '/volume/token', { code: 'ENOSPC' }).failure;

async function published(...options: Parameters<typeof leftBehind>): Promise<LeftBehind> {
  const left = await leftBehind(...options);
  left.story.fetch(token('a'));
  await left.publish();
  return left;
}

describe('status beside a running daemon', () => {
  it('status tells what the daemon wrote down, as it is now', async () => {
    const { story, write, report, file } = await published();
    story.clock.pass(HOUR);
    await write();
    story.clock.pass(30 * SECOND);
    expect(await report()).toMatchObject({
      daemon: {
        state: 'running',
        at: story.clock.now().wall / 1000 - 30,
        pid: process.ppid,
        host: hostname(),
      },
      credentials: [
        {
          credential: 'default',
          kind: 'token',
          account: 'weixin/stable-token/wx0000000000000000',
          state: 'fresh',
          age: 3630,
          life_left: 3570,
          targets: [{ id: `file:${file}`, state: 'fresh', age: 3630, life_left: 3570 }],
          next: { in: 3600 - 300 + 18 - 30, brief: 'the next one' },
          calls: { fetches: { used: 1, limit: 2000 } },
        },
      ],
    });
  });

  it('a token that has ended since the daemon wrote it down is dead', async () => {
    const { story, write, status } = await published();
    story.clock.pass(2 * HOUR - 30 * SECOND);
    await write();
    expect(await status()).toMatchObject({ state: 'fresh', life_left: 30 });
    story.clock.pass(40 * SECOND);
    const dead = { state: 'dead', life_left: 0 };
    expect(await status()).toMatchObject({ ...dead, targets: [dead], next: { in: 0 } });
    expect((await status()).next.overdue).toBeUndefined();
  });

  it('a ticket that repeats beyond its end is as fresh as the daemon holds it to be', async () => {
    const { story, write, status } = await published({ WXTOKEN_TICKETS: 'jsapi' }, 'jsapi');
    story.clock.pass(2 * HOUR - MINUTE);
    story.fetch(token('a'));
    await write();
    story.clock.pass(61 * SECOND);
    expect(await status()).toMatchObject({ state: 'fresh', targets: [{ state: 'fresh' }] });
  });

  it('a file that is gone is missing, although the daemon has not noticed', async () => {
    const { write, status, file } = await published();
    await write();
    await rm(file);
    const error = { code: 'missing', message: `${file} is not there` };
    expect(await status()).toMatchObject({ state: 'missing', targets: [{ state: 'missing', error }] });
  });

  it('a link or a folder in place of the file is unreadable', async () => {
    const { write, status, file } = await published();
    await write();
    await rm(file);
    await symlink('token.json', file);
    expect(await status()).toMatchObject({
      state: 'unreadable',
      targets: [{ state: 'unreadable', error: { message: `cannot read ${file} (a symbolic link)` } }],
    });
    await rm(file);
    await mkdir(file);
    expect(await status()).toMatchObject({ state: 'unreadable' });
  });

  it('what hinders the daemon is what the daemon met', async () => {
    const { story, publish, write, status } = await leftBehind();
    story.fetch(token('a'));
    await publish();
    story.clock.pass(HOUR + 56 * MINUTE);
    story.fetch(token('b'));
    story.happen({ type: 'unpublished', target: TARGET, failure: FULL });
    story.happen({ type: 'unstored', failure: FULL });
    await write();
    const error = { code: 'ENOSPC', message: FULL.message, advice: FULL.advice };
    expect(await status()).toMatchObject({
      state: 'fresh',
      targets: [{ state: 'behind', error }],
      state_error: error,
    });
  });

  it('a file that the daemon has not looked at yet counts by its details', async () => {
    const { story, write, publish, status } = await leftBehind();
    await write();
    expect(await status()).toMatchObject({ state: 'missing' });
    story.fetch(token('a'));
    await publish();
    story.clock.pass(MINUTE);
    expect(await status()).toMatchObject({ state: 'fresh', targets: [{ state: 'fresh', life_left: 7140 }] });
  });
});

describe('status after the daemon', () => {
  it('a daemon that stopped is told, and what it left undone is overdue', async () => {
    const { story, write, report, status } = await published();
    await write('stopped');
    story.clock.pass(HOUR);
    expect((await report()).daemon).toMatchObject({ state: 'stopped' });
    expect(await status()).toMatchObject({ state: 'fresh', age: 3600, next: { brief: 'the next one' } });
    expect((await status()).next.overdue).toBeUndefined();
    story.clock.pass(HOUR);
    expect(await status()).toMatchObject({ state: 'dead', next: { in: 0, overdue: true } });
  });

  it('a daemon whose process is gone is told at once', async () => {
    const { write, report } = await published();
    await write('ended');
    expect((await report()).daemon).toMatchObject({ state: 'ended' });
  });

  it('a daemon that has written nothing for 90 s is told as silent', async () => {
    const { story, write, report } = await published();
    await write();
    story.clock.pass(89 * SECOND);
    expect((await report()).daemon).toMatchObject({ state: 'running' });
    story.clock.pass(2 * SECOND);
    expect((await report()).daemon).toMatchObject({ state: 'silent' });
  });

  it('a snapshot from the future, before the clock was set back, tells of no running daemon', async () => {
    const { story, write, report } = await published();
    await write();
    story.clock.set(-HOUR);
    expect(await report()).toMatchObject({ daemon: { state: 'silent' }, credentials: [{ state: 'fresh' }] });
  });

  it('what was published after its last word counts', async () => {
    const { story, write, publish, status } = await published();
    story.clock.pass(HOUR + 56 * MINUTE);
    await write('ended');
    story.fetch(token('b'));
    await publish();
    story.clock.pass(10 * MINUTE);
    expect(await status()).toMatchObject({
      state: 'fresh',
      age: 600,
      targets: [{ state: 'fresh', age: 600 }],
      next: { brief: 'not known' },
    });
  });

  it('the last error stays with its advice', async () => {
    const { story, write, status } = await published();
    story.clock.pass(HOUR + 56 * MINUTE);
    story.fail({ ...PASSING_FAULT, advice: 'look at the network' });
    await write('stopped');
    expect((await status()).error).toMatchObject({
      code: 'timeout',
      advice: 'look at the network',
      failures: 1,
    });
  });
});

describe('status without a word from the daemon', () => {
  it('status relies on the details beside the file', async () => {
    const { story, report, status } = await published();
    story.clock.pass(HOUR);
    expect(await report()).toMatchObject({
      daemon: { state: 'unknown' },
      credentials: [{ state: 'fresh', age: 3600, life_left: 3600, expires_in: 7200 }],
    });
    expect(await status()).not.toHaveProperty('calls');
    story.clock.pass(HOUR);
    expect(await status()).toMatchObject({ state: 'dead', next: { overdue: true } });
  });

  it.for(['raw', 'json', 'env', 'php', 'properties', 'wechat-ruby', 'thinkadmin'])(
    'status knows by its details whether a %s file holds the token',
    async (format) => {
      const { folder } = await leftBehind();
      const [path, document] = [join(folder, 'published'), join(folder, 'config.json')];
      const publish = [{ type: 'file', path, format, details: format !== 'json' }];
      const credential = { name: 'a', appId: 'wx0000000000000000', secretEnv: 'SECRET', publish };
      await writeFile(document, JSON.stringify({ credentials: [credential] }));
      const config = { WXTOKEN_CONFIG: document, SECRET: '0'.repeat(32) };
      const { status } = await published({
        ...config,
        WXTOKEN_APPID: '',
        WXTOKEN_SECRET: '',
        WXTOKEN_FILE: '',
      });
      expect(await status()).toMatchObject({ state: 'fresh', targets: [{ state: 'fresh' }] });
      await writeFile(path, 'something else');
      expect(await status()).toMatchObject({ state: 'unknown' });
    },
  );

  it('a file without details has an unknown life and next step', async () => {
    const { status, file } = await published();
    await rm(`${file}.json`);
    await writeFile(`${file}.json`, '');
    const { state, targets, next } = await status();
    expect({ state, targets, next: next.brief }).toEqual({
      state: 'unknown',
      targets: [{ id: `file:${file}`, state: 'unknown' }],
      next: 'not known',
    });
  });

  it('the details of another account are not those of the credential', async () => {
    const { status, file } = await published();
    const foreign = { type: 'stable-token', app_id: 'wx1111111111111111', access_token: token('a') };
    const times = { expires_in: 7200, issued_at: 0, expires_at: 9e9 };
    await writeFile(`${file}.json`, JSON.stringify({ ...foreign, ...times }));
    expect(await status()).toMatchObject({ state: 'missing', targets: [{ error: { code: 'foreign' } }] });
  });

  it.for(['{', '[]', '{"type":"stable-token"}', '\u0000'])(
    'details that hold %j tell nothing',
    async (text) => {
      const { status, file } = await published();
      await writeFile(`${file}.json`, text);
      expect((await status()).state).toBe('unknown');
    },
  );

  it('status creates no files or folders, and what is not there is overdue', async () => {
    const { status, folder } = await leftBehind();
    expect(await status()).toMatchObject({ state: 'missing', next: { brief: 'fetch', overdue: true } });
    expect(await readdir(folder)).toEqual([]);
  });

  it('status needs no readable AppSecret', async () => {
    const { folder } = await leftBehind();
    const secret = { WXTOKEN_SECRET: '', WXTOKEN_SECRET_FILE: join(folder, 'none', 'app.secret') };
    expect(await (await published(secret)).status()).toMatchObject({ state: 'fresh' });
  });
});
