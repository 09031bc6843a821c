import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { contentOf } from '../support/files.ts';
import { startProgram } from '../support/program.ts';
import { withSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';
import { leave } from './third-parties.ts';

const PROVIDER = 'ww0000000000000000';
const SUITE = 'ww0000000000000001';
/** Two that a case-blind file system takes for one. */
const CORPS = ['wpAbCdEfGh0000000000', 'wpabcdefgh0000000000'] as const;
const SUITE_SECRET = 'suite-secret'.repeat(3);

/** A suite that two corps have installed, and a daemon for it. */
async function suite() {
  const sandbox = await withSandbox();
  const folder = await temporaryFolder();
  await sandbox.control('POST', '/providers', { corpId: PROVIDER, secret: 'p'.repeat(32) });
  await sandbox.control('POST', '/suites', { suiteId: SUITE, secret: SUITE_SECRET, provider: PROVIDER });
  const secretFile = join(folder, 'suite.secret');
  await writeFile(secretFile, SUITE_SECRET, { mode: 0o600 });
  const path = (name: string) => join(folder, 'wx', name, 'token');
  const publish = (name: string) => [{ type: 'file', path: path(name) }];
  const ticket = join(folder, 'ticket');
  const codes = await Promise.all(
    CORPS.map(async (corpId) => {
      const answer = await sandbox.control('POST', `/suites/${SUITE}/corps`, { corpId });
      return String(answer['permanentCode']);
    }),
  );
  return { sandbox, folder, secretFile, path, publish, ticket, codes };
}

describe('a suite and the corps that have installed it', () => {
  it('corps whose ids differ in case alone each get a token of their own, and a restart costs no call', async () => {
    const { sandbox, folder, secretFile, path, publish, ticket, codes } = await suite();
    const pushed = await sandbox.control<{ ticket: string }>('POST', `/suites/${SUITE}/tickets`);
    await leave(ticket, pushed.ticket);
    const credentials: object[] = [
      {
        name: 'suite',
        type: 'wecom-suite',
        suiteId: SUITE,
        secretFile,
        ticket: { file: ticket },
        publish: publish('suite'),
      },
    ];
    for (const [index, corpId] of CORPS.entries()) {
      const codeFile = join(folder, `corp-${index}.code`);
      await writeFile(codeFile, codes[index] ?? '', { mode: 0o600 });
      const name = `corp-${index}`;
      credentials.push({
        ...{ name, type: 'wecom-corp', via: 'suite', corpId, secretFile: codeFile },
        ...{
          tickets: ['corp_jsapi'],
          publish: [...publish(name), { type: 'file', path: `${path(name)}.ticket`, of: 'corp_jsapi' }],
        },
      });
    }
    const config = join(folder, 'config.json');
    const stateDir = join(folder, 'state');
    await writeFile(
      config,
      JSON.stringify({ schedule: '* * * * * *', stateDir, platform: { baseUrl: sandbox.url }, credentials }),
    );
    const start = () => startProgram(['--config', config], {}, onTestFinished);
    const daemon = start();
    const token = (name: string) => eventually(() => contentOf(path(name)), { for: `a token of ${name}` });
    const [first, second] = [await token('corp-0'), await token('corp-1')];
    expect(first).not.toBe(second);
    await eventually(() => contentOf(`${path('corp-0')}.ticket`));
    await eventually(() => contentOf(`${path('corp-1')}.ticket`));
    daemon.signal('SIGTERM');
    await daemon.exited;
    const before = (await sandbox.journal()).length;
    const next = start();
    await next.logged((line) => line.message.includes('adopted') && line['credential'] === 'corp-1');
    next.signal('SIGTERM');
    await next.exited;
    expect((await sandbox.journal()).length).toBe(before);
  });

  it('a ticket that has ended is told with what a person can press, and the next one is used at once', async () => {
    const { sandbox, folder, secretFile, path, publish, ticket } = await suite();
    await leave(ticket, 'a-suite-ticket-of-long-ago', 3_600_000);
    const config = join(folder, 'config.json');
    const credential = {
      name: 'suite',
      type: 'wecom-suite',
      suiteId: SUITE,
      secretFile,
      ticket: { file: ticket },
    };
    await writeFile(
      config,
      JSON.stringify({
        ...{ schedule: '* * * * * *', platform: { baseUrl: sandbox.url } },
        credentials: [{ ...credential, publish: publish('suite') }],
      }),
    );
    const daemon = startProgram(['--config', config], {}, onTestFinished);
    const refused = await daemon.logged((line) => line['errcode'] === 40_085);
    expect(refused['advice']).toContain('刷新ticket');
    await daemon.logged(/the pushed ticket has ended or is about to/);
    const pushed = await sandbox.control<{ ticket: string }>('POST', `/suites/${SUITE}/tickets`);
    await leave(ticket, pushed.ticket);
    await eventually(() => contentOf(path('suite')));
    expect(await sandbox.calls('/cgi-bin/service/get_suite_token')).toBe(2);
  });

  it.each(['before', 'after'])(
    'once waits for a ticket that was written a moment %s it began',
    async (when) => {
      const { sandbox, folder, secretFile, path, publish, ticket } = await suite();
      const config = join(folder, 'config.json');
      const own = {
        name: 'suite',
        type: 'wecom-suite',
        suiteId: SUITE,
        secretFile,
        ticket: { file: ticket },
      };
      const credentials = [{ ...own, publish: publish('suite') }];
      await writeFile(config, JSON.stringify({ platform: { baseUrl: sandbox.url }, credentials }));
      const pushed = await sandbox.control<{ ticket: string }>('POST', `/suites/${SUITE}/tickets`);
      // The file is younger than a second for longer than it takes to start.
      if (when === 'before') await leave(ticket, pushed.ticket, -5000);
      const once = startProgram(['once', '--timeout', '25s', '--config', config], {}, onTestFinished);
      if (when === 'after') {
        await once.logged(/./);
        await leave(ticket, pushed.ticket);
      }
      expect((await once.exited).code).toBe(0);
      expect(await contentOf(path('suite'))).toBeDefined();
    },
  );
});
