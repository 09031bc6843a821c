import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, type TestContext } from 'vitest';
import { ticketFile } from '../../src/coordination/folder/ticket-file.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { startRedis } from '../support/redis-server.ts';
import { needsJava, needsTool } from '../support/tools.ts';
import { temporaryFolder } from '../system/folder.ts';
import { blocksOf, textOf } from './readme.ts';

const execute = promisify(execFile);

/** Of a ticket that is whole. */
const SHAPE = /^ticket@@@[\w-]{86}$/;
const TICKET = `ticket@@@${'a-_9'.repeat(21)}Zz`;
const CREATED = Math.floor(Date.now() / 1000) - 30;

/** A handler of docs/third-parties.md, or the job, with the ticket file in a folder of the test. */
async function handler(language: string) {
  const found = blocksOf(await textOf('docs/third-parties.md')).filter(
    (one) => one.language === language && one.code.includes('/var/run/wx-ticket'),
  );
  expect(found).toHaveLength(1);
  const folder = await temporaryFolder();
  const tickets = join(folder, 'tickets');
  await mkdir(tickets);
  const path = join(tickets, 'platform');
  const code = (found[0]?.code ?? '').replaceAll('/var/run/wx-ticket', tickets);
  expect(code).toContain(tickets);
  const read = () => ticketFile(path, { clock: systemClock, shape: SHAPE, warn: () => {} }).read();
  return { folder, tickets, path, code, read };
}

describe('the handler of docs/third-parties.md in PHP', () => {
  async function php(code: string, folder: string, infoType: string) {
    const message = { InfoType: infoType, ComponentVerifyTicket: TICKET, CreateTime: String(CREATED) };
    const script = `<?php\n$message = json_decode('${JSON.stringify(message)}', true);\n${code}`;
    const file = join(folder, 'handler.php');
    await writeFile(file, script);
    return execute('php', ['-d', 'error_reporting=-1', '-d', 'display_errors=1', file]).then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => `failed: ${stdout}`,
    );
  }

  it('it answers success once the ticket is where the daemon reads it, by one rename, for nobody else', async ({
    skip,
  }) => {
    await needsTool(skip, 'php');
    const { folder, tickets, path, code, read } = await handler('php');
    expect(await php(code, folder, 'component_verify_ticket')).toBe('success');
    const found = await read();
    expect(found?.value.reveal()).toBe(TICKET);
    expect(found?.createdAt).toBe(CREATED * 1000);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(tickets)).toEqual(['platform']);
  });

  it('nobody else can read the ticket at any moment, whatever the umask of the server is', async ({
    skip,
  }) => {
    await needsTool(skip, 'php');
    await needsTool(skip, 'strace');
    const { folder, tickets, code } = await handler('php');
    const trace = join(folder, 'trace');
    const script = `<?php\numask(0);\n$message = json_decode('${JSON.stringify({
      InfoType: 'component_verify_ticket',
      ComponentVerifyTicket: TICKET,
      CreateTime: String(CREATED),
    })}', true);\n${code}`;
    await writeFile(join(folder, 'handler.php'), script);
    await execute('strace', ['-f', '-o', trace, '-e', 'openat', 'php', join(folder, 'handler.php')]);
    const made = (await readFile(trace, 'utf8'))
      .split('\n')
      .filter((line) => line.includes('O_CREAT') && line.includes(tickets));
    expect(made).toEqual([expect.stringMatching(/O_EXCL.* 0600\)/), expect.anything()]);
    expect((await stat(join(tickets, 'platform'))).mode & 0o777).toBe(0o640);
  });

  it('it does not answer success where the ticket cannot be kept', async ({ skip }) => {
    await needsTool(skip, 'php');
    const { folder, tickets, path, code } = await handler('php');
    await mkdir(path);
    await chmod(tickets, 0o700);
    expect(await php(code, folder, 'component_verify_ticket')).not.toMatch(/success$/);
  });

  it('it answers success to other events and leaves the ticket alone', async ({ skip }) => {
    await needsTool(skip, 'php');
    const { folder, tickets, code } = await handler('php');
    expect(await php(code, folder, 'authorized')).toBe('success');
    expect(await readdir(tickets)).toEqual([]);
  });
});

describe('the handler of docs/third-parties.md in Java', () => {
  it('it compiles, and leaves the ticket where the daemon reads it', async ({ skip }) => {
    await needsJava(skip);
    const { folder, tickets, path, code, read } = await handler('java');
    await writeFile(
      join(folder, 'Main.java'),
      `import java.nio.file.*;
import java.nio.file.attribute.*;

class Main {
    interface Message { String getInfoType(); String getComponentVerifyTicket(); Long getCreateTime(); }

    static String handle(Message message) throws Exception {
${code}
    }

    public static void main(String[] arguments) throws Exception {
        System.out.print(handle(new Message() {
            public String getInfoType() { return "component_verify_ticket"; }
            public String getComponentVerifyTicket() { return "${TICKET}"; }
            public Long getCreateTime() { return ${CREATED}L; }
        }));
    }
}
`,
    );
    const { stdout } = await execute('java', [join(folder, 'Main.java')]);
    expect(stdout).toBe('success');
    const found = await read();
    expect(found?.value.reveal()).toBe(TICKET);
    expect(found?.createdAt).toBe(CREATED * 1000);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(tickets)).toEqual(['platform']);
  });
});

describe('the job of docs/third-parties.md that copies the ticket out of Redis', () => {
  const KEY = 'wechat_component_verify_ticket:wx0000000000000000';

  async function job(context: TestContext) {
    await needsTool(context.skip, 'sh');
    const redis = await startRedis(context);
    const { path, code, read } = await handler('sh');
    /** @returns whether the job ended well */
    const run = () =>
      execute('sh', ['-c', code.replace('redis-cli', `redis-cli -p ${redis.port}`)]).then(
        () => true,
        () => false,
      );
    return { redis, path, read, run };
  }

  it('a ticket comes into the file for owner and group, and the same one again leaves the file alone', async (context) => {
    const { redis, path, read, run } = await job(context);
    await redis.cli('SET', KEY, TICKET);
    expect(await run()).toBe(true);
    expect((await read())?.value.reveal()).toBe(TICKET);
    const before = await stat(path, { bigint: true });
    expect(Number(before.mode) & 0o777).toBe(0o640);
    expect(await run()).toBe(true);
    const after = await stat(path, { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
    const next = TICKET.replace('a', 'b');
    await redis.cli('SET', KEY, next);
    expect(await run()).toBe(true);
    expect((await read())?.value.reveal()).toBe(next);
  });

  it('a key that is gone, a command that is refused and a server that is away leave the file as it is', async (context) => {
    const { redis, path, run } = await job(context);
    expect(await run()).toBe(false);
    expect(await stat(path).catch(() => 'none')).toBe('none');
    await redis.cli('SET', KEY, TICKET);
    expect(await run()).toBe(true);
    const isAsBefore = async () => (await readFile(path, 'utf8')).trim() === TICKET;
    await redis.cli('DEL', KEY);
    expect([await run(), await isAsBefore()]).toEqual([false, true]);
    await redis.cli('LPUSH', KEY, TICKET);
    expect([await run(), await isAsBefore()]).toEqual([false, true]);
    await redis.kill();
    expect([await run(), await isAsBefore()]).toEqual([false, true]);
  });
});
