import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { QUOTA, REFUSED, SLOW } from '../../../src/core/errcodes/rule.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { token } from '../../support/story.ts';
import { leftBehind } from '../left-behind.ts';

const REFUSAL = { ...REFUSED, code: 'wx-40164', message: 'not on the whitelist', effect: 'none' } as const;

describe('status from the disk', () => {
  it('status shows a fresh token with its age and the time of renewal', async () => {
    const { story, store, publish, status, file } = await leftBehind();
    story.fetch(token('a'));
    await store();
    await publish();
    story.clock.pass(HOUR);
    expect(await status()).toMatchObject({
      credential: 'default',
      kind: 'token',
      account: 'weixin/stable-token/wx0000000000000000',
      state: 'fresh',
      age: 3600,
      life_left: 3600,
      targets: [{ id: `file:${file}`, state: 'fresh', life_left: 3600 }],
      next: { in: 3600 - 300 + 18, brief: 'the next one' },
      calls: { fetches: { used: 1, limit: 2000 } },
    });
  });

  it.for(['raw', 'json', 'env', 'php', 'properties'])(
    'status recognises whether a %s file holds the newest token',
    async (format) => {
      const folder = (await leftBehind()).folder;
      const path = join(folder, 'published');
      const config = join(folder, 'config.json');
      const publish = [{ type: 'file', path, format, details: false }];
      const credential = { name: 'a', appId: 'wx0000000000000000', secretEnv: 'SECRET', publish };
      await writeFile(config, JSON.stringify({ credentials: [credential] }));
      const environment = { WXTOKEN_CONFIG: config, SECRET: '0'.repeat(32) };
      const left = await leftBehind({
        ...environment,
        WXTOKEN_APPID: '',
        WXTOKEN_SECRET: '',
        WXTOKEN_FILE: '',
      });
      left.story.fetch(token('a'));
      await left.store();
      await left.publish();
      expect((await left.status()).targets).toMatchObject([{ state: 'fresh' }]);
      await writeFile(path, 'something else');
      left.story.clock.pass(MINUTE);
      expect((await left.status()).targets).toMatchObject([{ state: 'behind', life_left: 240 }]);
    },
  );

  it('status reports a token as dead once it has ended', async () => {
    const { story, store, publish, status } = await leftBehind();
    story.fetch(token('a'));
    await store();
    await publish();
    story.clock.pass(2 * HOUR);
    expect(await status()).toMatchObject({ state: 'dead', life_left: 0, targets: [{ state: 'dead' }] });
  });

  it('status reports a missing file and, after some minutes, publishing as overdue', async () => {
    const { story, store, status, file } = await leftBehind();
    story.fetch(token('a'));
    await store();
    story.clock.pass(2 * MINUTE);
    expect(await status()).toMatchObject({
      state: 'missing',
      targets: [{ state: 'missing', error: { code: 'missing', message: `${file}.json is not there` } }],
      next: { in: 0, brief: 'publishing' },
    });
    expect((await status()).next.overdue).toBeUndefined();
    story.clock.pass(2 * MINUTE);
    expect((await status()).next).toMatchObject({ in: 0, brief: 'publishing', overdue: true });
  });

  it('status reports a file with the previous token as behind until that token ends', async () => {
    const { story, store, publish, status } = await leftBehind();
    story.fetch(token('a'));
    await publish();
    story.clock.pass(HOUR + 56 * MINUTE);
    story.fetch(token('b'));
    await store();
    expect(await status()).toMatchObject({ state: 'fresh', targets: [{ state: 'behind', life_left: 240 }] });
    story.clock.pass(4 * MINUTE);
    expect(await status()).toMatchObject({
      state: 'dead',
      targets: [{ state: 'dead', life_left: 0 }],
      next: { brief: 'publishing', overdue: true },
    });
  });

  it('status reports a link or folder in place of the file as unreadable', async () => {
    const { story, store, publish, status, file } = await leftBehind();
    story.fetch(token('a'));
    await store();
    await publish();
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

  it('status creates no files or folders', async () => {
    const { status, folder } = await leftBehind();
    expect(await status()).toMatchObject({
      state: 'missing',
      next: { brief: 'fetch, none yet', overdue: true },
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('missing or old records', () => {
  it('status without a record relies on the details beside the file', async () => {
    const { story, publish, status } = await leftBehind();
    story.fetch(token('a'));
    await publish();
    story.clock.pass(HOUR);
    expect(await status()).toMatchObject({ state: 'fresh', age: 3600, life_left: 3600 });
    story.clock.pass(HOUR);
    expect(await status()).toMatchObject({ state: 'dead' });
  });

  it('the details of a newer token take precedence over an old record', async () => {
    const { story, store, publish, status } = await leftBehind();
    story.fetch(token('a'));
    await store();
    story.clock.pass(HOUR + 56 * MINUTE);
    story.fetch(token('b'));
    await publish();
    story.clock.pass(10 * MINUTE);
    expect(await status()).toMatchObject({ state: 'fresh', age: 600 });
  });

  it('a file without record and details has an unknown life and next step', async () => {
    const { story, publish, status, file } = await leftBehind();
    story.fetch(token('a'));
    await publish();
    await rm(`${file}.json`);
    const { state, targets, next } = await status();
    expect({ state, targets, next: next.brief }).toEqual({
      state: 'unknown',
      targets: [{ id: `file:${file}`, state: 'unknown' }],
      next: 'not known',
    });
  });

  it('a details file of another account is ignored', async () => {
    const { story, publish, status, file } = await leftBehind();
    story.fetch(token('a'));
    await publish();
    const foreign = { type: 'stable-token', app_id: 'wx1111111111111111', access_token: token('a') };
    const times = { expires_in: 7200, issued_at: 0, expires_at: 9e9 };
    await writeFile(`${file}.json`, JSON.stringify({ ...foreign, ...times }));
    expect((await status()).state).toBe('unknown');
  });

  it.for(['{', '[]', '{"type":"stable-token"}', '\u0000', ''])(
    'a details file that holds %j is ignored',
    async (text) => {
      const { story, publish, status, file } = await leftBehind();
      story.fetch(token('a'));
      await publish();
      await writeFile(`${file}.json`, text);
      expect((await status()).state).toBe('unknown');
    },
  );
});

describe('unusable records', () => {
  it('an unusable record is reported, and status relies on the published files', async () => {
    const { story, store, publish, status, config } = await leftBehind();
    story.fetch(token('a'));
    await store();
    await publish();
    const [name = ''] = (await readdir(config.stateDir)).filter((one) => one.endsWith('.json'));
    await writeFile(join(config.stateDir, name), 'not a record');
    expect(await status()).toMatchObject({
      state: 'fresh',
      state_error: {
        code: 'record-unusable',
        message: `cannot use ${join(config.stateDir, name)}: not JSON`,
      },
      next: { brief: 'the next one' },
    });
  });
});

describe('next step', () => {
  it('the next step after a refused fetch is another try after a pause', async () => {
    const { story, store, publish, status } = await leftBehind();
    story.fetch(token('a'));
    await publish();
    story.clock.pass(HOUR + 56 * MINUTE);
    story.fail(REFUSAL);
    story.clock.pass(MINUTE / 2);
    await store();
    const { error, next } = await status();
    expect(error).toMatchObject({ code: 'wx-40164', message: 'not on the whitelist', failures: 1 });
    expect(next).toMatchObject({ brief: 'another try' });
    expect(next.in).toBeGreaterThan(20);
    expect(next.overdue).toBeUndefined();
  });

  it('the next try comes about an hour after the daily quota is used up', async () => {
    const { story, store, status } = await leftBehind();
    story.fail({ ...QUOTA, code: 'wx-45009', message: 'used up', effect: 'none' });
    await store();
    story.clock.pass(10 * MINUTE);
    expect((await status()).next).toMatchObject({ in: 56 * 60, brief: 'another try' });
  });

  it('a fetch that has been due for minutes is reported as overdue', async () => {
    const { story, store, publish, status } = await leftBehind();
    story.fetch(token('a'));
    await store();
    await publish();
    story.clock.pass(2 * HOUR - 5 * MINUTE + MINUTE);
    expect((await status()).next).toEqual({
      in: 0,
      what: 'a fetch: it is about to end',
      brief: 'fetch, about to end',
    });
    story.clock.pass(3 * MINUTE);
    expect((await status()).next).toMatchObject({ brief: 'fetch, about to end', overdue: true });
    story.clock.pass(HOUR);
    expect((await status()).next).toMatchObject({ brief: 'fetch, has ended', overdue: true });
  });

  it('a fetch is not overdue while the daemon may still be pausing', async () => {
    const { story, store, status } = await leftBehind();
    story.fail({ ...SLOW, code: 'odd', message: 'odd', effect: 'none' });
    await store();
    story.clock.pass(10 * MINUTE);
    expect((await status()).next.overdue).toBeUndefined();
    story.clock.pass(2 * MINUTE);
    expect((await status()).next.overdue).toBe(true);
  });

  it('the next step for an ending access-token is a clock check, never a fetch', async () => {
    const { story, store, publish, status } = await leftBehind({ WXTOKEN_TYPE: 'access-token' });
    story.fetch(token('a'), 7200, story.clock.now().wall);
    await store();
    await publish();
    story.clock.pass(2 * HOUR - 30 * SECOND);
    expect((await status()).next).toMatchObject({ brief: 'what time is it?', overdue: true });
  });
});

describe('AppSecret', () => {
  it('status needs no readable AppSecret for a WeChat account', async () => {
    const { folder } = await leftBehind();
    const secret = join(folder, 'none', 'app.secret');
    const left = await leftBehind({ WXTOKEN_SECRET: '', WXTOKEN_SECRET_FILE: secret });
    left.story.fetch(token('a'));
    await left.store();
    await left.publish();
    expect((await left.status()).state).toBe('fresh');
  });

  it('status needs a readable AppSecret for a WeCom corp', async () => {
    const { folder } = await leftBehind();
    const corp = { WXTOKEN_TYPE: 'wecom', WXTOKEN_APPID: 'ww0000000000000000', WXTOKEN_SECRET: '' };
    const wrong = leftBehind({ ...corp, WXTOKEN_SECRET_FILE: join(folder, 'none') });
    await expect(wrong).rejects.toThrow(/^WXTOKEN_SECRET_FILE: .+ cannot be read \(ENOENT\)$/);
  });
});
