import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ticketFile } from '../../src/coordination/folder/ticket-file.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { needsJava, needsTool } from '../support/tools.ts';
import { temporaryFolder } from '../system/folder.ts';
import { blocksOf, textOf } from './readme.ts';

const execute = promisify(execFile);

/** Of a ticket that is whole. */
const SHAPE = /^ticket@@@[\w-]{86}$/;
const TICKET = `ticket@@@${'a-_9'.repeat(21)}Zz`;
const CREATED = Math.floor(Date.now() / 1000) - 30;

/** A handler of docs/third-parties.md, with the ticket file in a folder of the test. */
async function handler(language: string) {
  const found = blocksOf(await textOf('docs/third-parties.md')).filter((one) => one.language === language);
  expect(found).toHaveLength(1);
  const folder = await temporaryFolder();
  const tickets = join(folder, 'tickets');
  await mkdir(tickets);
  const path = join(tickets, 'platform');
  const code = (found[0]?.code ?? '').replaceAll('/var/run/wx-ticket/platform', path);
  expect(code).toContain(path);
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
    interface Message { String getInfoType(); String getComponentVerifyTicket(); }

    static String handle(Message message) throws Exception {
${code}
    }

    public static void main(String[] arguments) throws Exception {
        System.out.print(handle(new Message() {
            public String getInfoType() { return "component_verify_ticket"; }
            public String getComponentVerifyTicket() { return "${TICKET}"; }
        }));
    }
}
`,
    );
    const { stdout } = await execute('java', [join(folder, 'Main.java')]);
    expect(stdout).toBe('success');
    expect(await readFile(path, 'utf8')).toBe(TICKET);
    expect((await read())?.value.reveal()).toBe(TICKET);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(tickets)).toEqual(['platform']);
  });
});
