import {
  chmod,
  chown,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Subject } from '../../src/codec/details.ts';
import type { Token } from '../../src/core/credential.ts';
import type { Clock } from '../../src/core/ports.ts';
import { Secret } from '../../src/core/secret.ts';
import { MINUTE } from '../../src/core/time.ts';
import { filePublisher } from '../../src/publishers/file.ts';
import type { FileTarget } from '../../src/publishers/file-target.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { judgeOf } from '../support/judge.ts';
import { isRoot, modeOf, mount, namesIn, temporaryFolder, withUmask } from '../system/folder.ts';
import { aToken } from './token.ts';

const SUBJECT = {
  name: 'default',
  type: 'access-token',
  appId: 'wx0000000000000000',
  kind: 'token',
} as const;
const OLD = aToken('the-first-token-of-this-test');
const NEW = aToken('the-second-token-of-this-test', { generation: 2 });

/** A publisher into a folder of its own. */
async function workshop(
  changes: Partial<FileTarget> = {},
  subject: Subject = SUBJECT,
  clock: Clock = systemClock,
) {
  const path = join(await temporaryFolder(), 'wx', 'token');
  const target: FileTarget = {
    type: 'file',
    of: 'token',
    path,
    format: 'raw',
    details: true,
    mode: 0o640,
    ...changes,
  };
  const publisher = filePublisher(target, subject, clock);
  const publish = (token: Token, isNewest = async () => true) =>
    publisher.publish(token, judgeOf(token, { isNewest }));
  return {
    ...{ path, json: `${path}.json`, folder: dirname(path), id: publisher.id, publish },
    prepare: () => publisher.prepare(),
    published: () => publisher.published?.(),
  };
}

const contentOf = (path: string) => readFile(path, 'utf8').catch(() => undefined);

/** What identifies the files as they are: a write gives new inodes. */
async function inodes(...paths: readonly string[]): Promise<number[]> {
  return await Promise.all(paths.map(async (path) => (await stat(path)).ino));
}

describe('file publisher', () => {
  it('the publisher of a file is identified by the path', async () => {
    const { id, path } = await workshop();
    expect(id).toBe(`file:${path}`);
  });

  it('the folder of a file is created but stays empty before the first token', async () => {
    const { prepare, folder } = await workshop();
    expect(await prepare()).toEqual([]);
    expect(await namesIn(folder)).toEqual([]);
  });

  it('a superseded publication leaves the file alone and no temporary file behind', async () => {
    const { prepare, publish, path, folder } = await workshop({ details: false });
    await prepare();
    await publish(NEW);
    expect(await publish(OLD, async () => false)).toBe('superseded');
    expect(await contentOf(path)).toBe(NEW.value.reveal());
    expect(await namesIn(folder)).toEqual(['token']);
  });

  it('the value and its details are written into two files with the configured mode', async () => {
    const { prepare, publish, path, json, folder } = await workshop();
    await prepare();
    expect(await publish(OLD)).toBe('written');
    expect(await contentOf(path)).toBe('the-first-token-of-this-test');
    expect(JSON.parse((await contentOf(json)) ?? '')).toMatchObject({
      access_token: 'the-first-token-of-this-test',
    });
    expect(await modeOf(path)).toBe(0o640);
    expect(await modeOf(json)).toBe(0o640);
    expect(await namesIn(folder)).toEqual(['token', 'token.json']);
  });

  it('the value is written alone when no details are configured', async () => {
    const { prepare, publish, folder } = await workshop({ details: false });
    await prepare();
    await publish(OLD);
    expect(await namesIn(folder)).toEqual(['token']);
  });

  it('the details are written first, even when the value then cannot be written', async () => {
    const { prepare, publish, path, json } = await workshop();
    await prepare();
    await mkdir(path);
    await expect(publish(NEW)).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await contentOf(json)).toContain('the-second-token');
  });

  it('the value stays as it was when the details cannot be written', async () => {
    const { prepare, publish, path, json } = await workshop();
    await prepare();
    await publish(OLD);
    await unlink(json);
    await mkdir(json);
    await expect(publish(NEW)).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await contentOf(path)).toBe('the-first-token-of-this-test');
  });

  it('a token that is published already is not written again', async () => {
    const { prepare, publish, path, json } = await workshop();
    await prepare();
    await publish(OLD);
    const before = await inodes(path, json);
    expect(await publish(OLD)).toBe('unchanged');
    expect(await inodes(path, json)).toEqual(before);
  });

  it('a new token gets a new file, so a reader can keep the old one open', async () => {
    const { prepare, publish, path } = await workshop();
    await prepare();
    await publish(OLD);
    const [before] = await inodes(path);
    await publish(NEW);
    expect(await contentOf(path)).toBe('the-second-token-of-this-test');
    expect(await inodes(path)).not.toEqual([before]);
  });

  it('an old temporary file of another container is removed from the folder at the start', async () => {
    const { prepare, folder } = await workshop();
    await mkdir(folder);
    const leftover = join(folder, `.wx-token-sidecar-${'f'.repeat(12)}-7-${'0'.repeat(32)}.tmp`);
    await writeFile(leftover, 'half a tok');
    const then = new Date(Date.now() - 61_000);
    await utimes(leftover, then, then);
    await prepare();
    expect(await namesIn(folder)).toEqual([]);
  });

  it('a recent temporary file of another container is left in the folder at the start', async () => {
    const { prepare, folder } = await workshop();
    await mkdir(folder);
    const leftover = `.wx-token-sidecar-${'f'.repeat(12)}-7-${'0'.repeat(32)}.tmp`;
    await writeFile(join(folder, leftover), 'half a tok');
    await prepare();
    expect(await namesIn(folder)).toEqual([leftover]);
  });
});

/** A file that has not changed for a while is known by its marks, without another read. */
const LOOKS = [
  { name: 'that have just been written', clock: systemClock, looks: 0 },
  { name: 'that were read when they had settled', clock: inAMinute(), looks: 2 },
];

function inAMinute(): Clock {
  return { now: () => ({ ...systemClock.now(), wall: systemClock.now().wall + MINUTE }) };
}

describe.each(LOOKS)('repair of published files $name', ({ clock, looks }) => {
  async function published(changes: Partial<FileTarget> = {}) {
    const bench = await workshop(changes, SUBJECT, clock);
    await bench.prepare();
    await bench.publish(OLD);
    for (let look = 0; look < looks; look += 1) expect(await bench.publish(OLD)).toBe('unchanged');
    return bench;
  }

  it('a changed file mode is restored without a write, which would be news to hooks', async () => {
    const { publish, path } = await published();
    const { ino } = await stat(path);
    await chmod(path, 0o644);
    expect(await publish(OLD)).toBe('unchanged');
    expect(await modeOf(path)).toBe(0o640);
    expect((await stat(path)).ino).toBe(ino);
  });

  it('a changed file group is restored', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may give a file to any group');
    const { publish, path } = await published({ gid: 48_731 });
    await chown(path, 0, 0);
    expect(await publish(OLD)).toBe('unchanged');
    expect(await stat(path)).toMatchObject({ gid: 48_731 });
  });

  it.each(['', 'the-first', 'the-first-token-of-this-test\n'])(
    'a file whose content has become %j is rewritten',
    async (content) => {
      const { publish, path } = await published();
      await writeFile(path, content);
      expect(await publish(OLD)).toBe('written');
      expect(await contentOf(path)).toBe('the-first-token-of-this-test');
    },
  );

  it('content that was replaced by as many characters is rewritten', async () => {
    const { publish, path } = await published();
    await writeFile(path, ' '.repeat('the-first-token-of-this-test'.length));
    expect(await publish(OLD)).toBe('written');
    expect(await contentOf(path)).toBe('the-first-token-of-this-test');
  });

  it('a token with another end has its details written again', async () => {
    const { publish, json } = await published();
    expect(await publish({ ...OLD, expiresAt: OLD.expiresAt - MINUTE, generation: 2 })).toBe('mended');
    expect(JSON.parse((await contentOf(json)) ?? '')).toMatchObject({ generation: 2 });
  });

  it('missing details are written again without a write of the value', async () => {
    const { publish, path, json } = await published();
    const before = await inodes(path);
    await unlink(json);
    expect(await publish(OLD)).toBe('mended');
    expect(await contentOf(json)).toContain('the-first-token');
    expect(await inodes(path)).toEqual(before);
  });

  it('a removed file is written again', async () => {
    const { publish, path } = await published();
    await unlink(path);
    expect(await publish(OLD)).toBe('written');
    expect(await contentOf(path)).toBe('the-first-token-of-this-test');
  });

  it('a removed folder is created again with its file', async () => {
    const { publish, path, folder } = await published();
    await rm(folder, { recursive: true });
    expect(await publish(OLD)).toBe('written');
    expect(await contentOf(path)).toBe('the-first-token-of-this-test');
  });

  it('a symbolic link in place of the file is replaced, even with the same content', async () => {
    const { publish, path, folder } = await published();
    await rename(path, join(folder, 'elsewhere'));
    await symlink('elsewhere', path);
    expect(await publish(OLD)).toBe('written');
    await unlink(join(folder, 'elsewhere'));
    expect(await contentOf(path)).toBe('the-first-token-of-this-test');
  });

  it('a new folder is not writable for everyone, whatever the umask', async () => {
    withUmask(0);
    const { folder } = await published();
    expect(await modeOf(folder)).toBe(0o755);
  });
});

describe('failing publications', () => {
  it('a read-only volume is reported with the error and the remedy, without the token', async (ctx) => {
    const { prepare, publish, path, folder } = await workshop();
    await prepare();
    await publish(OLD);
    const problem = await mount(['--bind', '-o', 'ro', folder], folder);
    if (problem) return ctx.skip(problem);
    const failure = await publish(NEW).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'EdgeError',
      code: 'EROFS',
      failure: {
        class: 'passing',
        effect: 'none',
        message: `cannot write ${path}.json: EROFS`,
        advice: 'the volume is mounted read-only: mount it read-write in the sidecar, read-only in the app',
      },
    });
    expect(await contentOf(path)).toBe('the-first-token-of-this-test');
  });

  it('a full volume is reported, and publishing works again once there is space', async (ctx) => {
    const { prepare, publish, path, folder } = await workshop();
    await mkdir(folder);
    const problem = await mount(['-t', 'tmpfs', '-o', 'size=64k', 'none'], folder);
    if (problem) return ctx.skip(problem);
    await prepare();
    await publish(OLD);
    const ballast = join(folder, 'ballast');
    await writeFile(ballast, 'x'.repeat(65_536)).catch(() => {});
    await expect(publish(NEW)).rejects.toMatchObject({
      code: 'ENOSPC',
      failure: { advice: 'the volume is full: free some space or raise its size limit' },
    });
    expect(await contentOf(path)).toBe('the-first-token-of-this-test');
    expect(await namesIn(folder)).toEqual(['ballast', 'token', 'token.json']);
    await unlink(ballast);
    expect(await publish(NEW)).toBe('written');
    expect(await contentOf(path)).toBe('the-second-token-of-this-test');
  });
});

describe('what is published, as evidence', () => {
  /** A target that another process has published to; this one begins. */
  async function found(theirs: Token, changes: Partial<FileTarget> = {}) {
    const one = await workshop(changes);
    await one.prepare();
    const others = filePublisher(
      { type: 'file', path: one.path, format: 'raw', details: true, mode: 0o640, ...changes },
      SUBJECT,
    );
    await others.publish(theirs, judgeOf(theirs));
    return one;
  }
  /** Tokens that live now, since a dead one is no evidence. */
  const live = (value: string, changes: Partial<Token> = {}, age = 60_000) => {
    const issuedAt = Date.now() - age;
    return aToken(value, { issuedAt, expiresAt: issuedAt + 7_200_000, ...changes });
  };
  const EARLY = live('the-first-token-of-this-test', { generation: 10 }, 600_000);
  const LATE = live('the-second-token-of-this-test', { generation: 12 });

  it('a newer token in the file stays, and is handed back with its generation', async () => {
    const { publish, path } = await found(LATE);
    expect(await publish(EARLY)).toMatchObject({ token: { value: LATE.value, generation: 12 } });
    expect(await contentOf(path)).toBe('the-second-token-of-this-test');
  });

  it('a newer token in the file is superseded when the store knows it', async () => {
    const { publish } = await found(LATE);
    expect(await publish(EARLY, async () => false)).toBe('superseded');
  });

  it.each(['json', 'env', 'php', 'properties', 'wechat-ruby', 'thinkadmin'] as const)(
    'a %s file is read back',
    async (format) => {
      const { published } = await found(LATE, { format, details: false });
      expect((await published())?.token.value.reveal()).toBe('the-second-token-of-this-test');
      expect((await published())?.token.expiresAt).toBe(Math.floor(LATE.expiresAt / 1000) * 1000);
    },
  );

  const GOT = Math.floor(LATE.issuedAt / 1000);

  it.for([
    [
      'wechat-ruby',
      `{"access_token":"a-token-of-the-sdk-itself","got_token_at":${GOT},"token_expires_in":7200}`,
    ],
    [
      'thinkadmin',
      `a:3:{s:4:"name";s:31:"wx0000000000000000_access_token";s:5:"value";s:25:"a-token-of-the-sdk-itself";` +
        `s:7:"expired";i:${GOT + 7000};}`,
    ],
  ] as const)(
    'a later token that the SDK put over a %s file stays, and the platform is asked',
    async ([format, text]) => {
      const subject = { ...SUBJECT, account: 'weixin/access-token/wx0000000000000000' };
      const { publish, published, path } = await workshop({ format, details: false }, subject);
      await publish(EARLY);
      await writeFile(path, text);
      expect(await published()).toMatchObject({ isBare: true, token: { issuedAt: GOT * 1000 } });
      expect(await publish(EARLY)).toMatchObject({ isBare: true });
      expect(await contentOf(path)).toBe(text);
    },
  );

  it.for([
    [
      'wechat-ruby',
      '{"access_token":"a-token-of-the-sdk-itself","got_token_at":"2026-01-01","token_expires_in":7200}',
    ],
    ['wechat-ruby', '{"ticket":"a-token-of-the-sdk-itself","got_ticket_at":1,"ticket_expires_in":7200}'],
    ['wechat-ruby', 'null'],
    ['wechat-ruby', '{'],
    ['thinkadmin', 's:25:"a-token-of-the-sdk-itself";'],
    ['thinkadmin', 'a:2:{s:5:"value";s:25:"a-token-of-the-sdk-itself";s:7:"expired";i:0;}'],
    ['thinkadmin', 'a:1:{s:5:"value";s:25:"a-token-of-the-sdk-itself";}'],
    ['thinkadmin', 'garbage'],
  ] as const)('a %s file with %s is no evidence', async ([format, text]) => {
    const { publish, published, path } = await found(EARLY, { format, details: false });
    await writeFile(path, text);
    expect(await published()).toBeUndefined();
    expect(await publish(EARLY)).toBe('written');
  });

  it('a damaged wechat-ruby file is no evidence', async () => {
    const { published, path } = await found(LATE, { format: 'wechat-ruby', details: false });
    const text = (await contentOf(path)) ?? '';
    await writeFile(path, text.replace('the-second', 'the-forged'));
    expect(await published()).toBeUndefined();
  });

  it('two daemons with stores of their own leave one wechat-ruby file alone', async () => {
    const one = await workshop({ format: 'wechat-ruby', details: false });
    await one.prepare();
    const target = {
      type: 'file',
      path: one.path,
      format: 'wechat-ruby',
      details: false,
      mode: 0o640,
    } as const;
    const other = filePublisher(target, SUBJECT);
    const theirs = { ...LATE, issuedAt: LATE.issuedAt - 1000, expiresAt: LATE.expiresAt - 1000 };
    await one.publish(LATE);
    await other.publish(theirs, judgeOf(theirs));
    const before = await inodes(one.path);
    for (let round = 0; round < 3; round += 1) {
      expect(await one.publish(LATE)).toBe('unchanged');
      expect(await other.publish(theirs, judgeOf(theirs))).toBe('unchanged');
    }
    expect(await inodes(one.path)).toEqual(before);
  });

  it('details that a crash left without their value are what was published', async () => {
    const { published, publish, path } = await found(EARLY);
    const half = await workshop();
    await half.prepare();
    await mkdir(half.path);
    await half.publish(LATE).catch(() => {});
    await rename(half.json, `${path}.json`);
    expect((await published())?.token.value.equals(LATE.value)).toBe(true);
    expect(await publish(EARLY)).toMatchObject({ token: { value: LATE.value } });
  });

  it('a value without details that was written after ours came stays, and its age is unknown', async () => {
    const { publish, path } = await found(EARLY);
    await writeFile(path, 'a-token-of-somebody-else');
    expect(await publish(EARLY)).toMatchObject({ isBare: true });
    expect(await contentOf(path)).toBe('a-token-of-somebody-else');
  });

  it('a value of our own that somebody has put back is replaced', async () => {
    const { publish, path } = await found(EARLY);
    await publish(LATE);
    await writeFile(path, EARLY.value.reveal());
    expect(await publish(LATE)).toBe('written');
    expect(await contentOf(path)).toBe('the-second-token-of-this-test');
  });

  it('the details of another account, damaged ones and none are no evidence', async () => {
    const { published, json, path } = await found(LATE);
    const text = (await contentOf(json)) ?? '';
    await unlink(path);
    for (const bad of [
      text.replace('wx0000', 'wx1111'),
      text.replace('the-second', 'the-forged'),
      text.slice(9),
      '',
    ]) {
      await writeFile(json, bad);
      expect(await published()).toBeUndefined();
    }
    await unlink(json);
    expect(await published()).toBeUndefined();
  });

  it('the token of another platform, or of another app of a corp, is not taken for ours', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'token');
    const target = { type: 'file', path, format: 'raw', details: true, mode: 0o640 } as const;
    const of = (account?: string) => filePublisher(target, { ...SUBJECT, ...(account && { account }) });
    await of('127.0.0.1:8090/access-token/wx0000000000000000').publish(LATE, judgeOf(LATE));
    expect(await of('weixin/access-token/wx0000000000000000').published?.()).toBeUndefined();
    // An older version did not write down whose it is.
    await of().publish(LATE, judgeOf(LATE));
    expect(await of('weixin/access-token/wx0000000000000000').published?.()).toMatchObject({ isBare: true });
  });

  it('a file of another user is no evidence', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may give a file to any user');
    const { published, path, json, folder } = await found(LATE);
    await Promise.all([path, json].map((each) => chown(each, 48_731, 48_731)));
    expect(await published()).toBeUndefined();
    // Whoever owns the folder may replace every file in it anyway.
    await chown(folder, 48_731, 48_731);
    expect(await published()).toBeDefined();
  });

  it('another daemon with a store of its own is told of, and both leave the other alone', async () => {
    const one = await workshop();
    await one.prepare();
    const two = filePublisher(
      { type: 'file', path: one.path, format: 'raw', details: true, mode: 0o640 },
      SUBJECT,
    );
    const shared: string[] = [];
    const judged = (token: Token, who: string) => judgeOf(token, { shared: () => void shared.push(who) });
    const [ours, theirs] = [
      LATE,
      { ...LATE, generation: 99, issuedAt: LATE.issuedAt - 1000, expiresAt: LATE.expiresAt - 1000 },
    ];
    const publisher = filePublisher(
      { type: 'file', path: one.path, format: 'raw', details: true, mode: 0o640 },
      SUBJECT,
    );
    expect(await publisher.publish(ours, judged(ours, 'ours'))).toBe('written');
    expect(await two.publish(theirs, judged(theirs, 'theirs'))).toBe('mended');
    const before = await inodes(one.path, one.json);
    for (let round = 0; round < 3; round += 1) {
      expect(await publisher.publish(ours, judged(ours, 'ours'))).toBe('unchanged');
      expect(await two.publish(theirs, judged(theirs, 'theirs'))).toBe('unchanged');
    }
    expect(await inodes(one.path, one.json)).toEqual(before);
    expect(shared).toEqual(['ours']);
  });

  it('a neighbour with the same record that published first is not taken for another store', async () => {
    const one = await workshop();
    await one.prepare();
    const open = () =>
      filePublisher({ type: 'file', path: one.path, format: 'raw', details: true, mode: 0o640 }, SUBJECT);
    const [ours, neighbour] = [open(), open()];
    const shared: string[] = [];
    const publish = (publisher: typeof ours, generation: number) => {
      const token = {
        ...EARLY,
        generation,
        value: new Secret(`token-${generation}-of-the-shared-record`),
        issuedAt: EARLY.issuedAt + generation * 60_000,
        expiresAt: EARLY.expiresAt + generation * 60_000,
      };
      const judge = judgeOf(token, { shared: () => void shared.push(`at ${generation}`) });
      return publisher.publish(token, judge);
    };
    expect(await publish(ours, 1)).toBe('written');
    expect(await publish(neighbour, 1)).toBe('unchanged');
    // Ours slept through one rotation, and then was the first.
    expect(await publish(neighbour, 2)).toBe('written');
    expect(await publish(ours, 3)).toBe('written');
    expect(await publish(neighbour, 3)).toBe('unchanged');
    expect(await publish(neighbour, 4)).toBe('written');
    expect(await publish(ours, 4)).toBe('unchanged');
    expect(shared).toEqual([]);
  });
});
