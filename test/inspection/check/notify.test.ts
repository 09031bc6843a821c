import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { inspectNotify as lookNotify } from '../../../src/inspection/check/notify.ts';
import { isRoot, temporaryFolder } from '../../system/folder.ts';
import { kill } from '../../system/program.ts';
import { realFolder } from '../host-context.ts';
import { inEnglish } from '../said.ts';

async function pidFileWith(text: string): Promise<string> {
  const path = join(await realFolder(), 'app.pid');
  await writeFile(path, text);
  return path;
}

async function inspectNotify(...about: Parameters<typeof lookNotify>) {
  return inEnglish(await lookNotify(...about));
}

describe('description of notifiers', () => {
  it('programs and webhooks are shown without what may be secret', async () => {
    const found = await inspectNotify([
      { type: 'exec', command: ['/usr/bin/php', '/app/warm.php', '--key=hush'], timeout: 30_000 },
      { type: 'webhook', url: 'http://127.0.0.1:8080/changed?key=hush', timeout: 5_000 },
    ]);
    expect(found).toEqual({
      facts: [
        ['notify[0]', 'runs /usr/bin/php /app/warm.php, for 30 s at most'],
        ['notify[1]', 'POSTs to http://127.0.0.1:8080/changed, which has 5 s to answer'],
      ],
      warnings: [],
    });
  });

  it('a signal is shown with the pid that the pid file holds now', async () => {
    const app = spawn('sleep', ['600']);
    onTestFinished(() => kill(app));
    const pidFile = await pidFileWith(`${app.pid}\n`);
    expect(await inspectNotify([{ type: 'signal', pidFile, signal: 'SIGHUP' }])).toEqual({
      facts: [['notify[0]', `sends SIGHUP to the process that ${pidFile} names: ${app.pid}`]],
      warnings: [],
    });
  });

  it('a signal to an app that has ended is shown without a warning', async () => {
    const pidFile = await pidFileWith('4194305\n');
    expect(await inspectNotify([{ type: 'signal', pidFile, signal: 'SIGHUP' }])).toEqual({
      facts: [
        ['notify[0]', `sends SIGHUP to the process that ${pidFile} names: 4194305, no such process now`],
      ],
      warnings: [],
    });
  });

  it('a signal that may not be sent causes a warning', async (ctx) => {
    if (!isRoot || !process.seteuid) return ctx.skip('only root can make a process of somebody else');
    const app = spawn('sleep', ['600'], { uid: 65_533 });
    onTestFinished(() => kill(app));
    const pidFile = join(await temporaryFolder(), 'app.pid');
    await writeFile(pidFile, `${app.pid}\n`);
    process.seteuid(65_534);
    const found = await inspectNotify([{ type: 'signal', pidFile, signal: 'SIGHUP' }]).finally(() =>
      process.seteuid?.(0),
    );
    expect(found.facts).toEqual([
      ['notify[0]', `sends SIGHUP to the process that ${pidFile} names: ${app.pid}`],
    ]);
    expect(found.warnings).toEqual([
      expect.stringMatching(`may not signal ${app.pid}, which ${pidFile} names`),
    ]);
  });

  it.for(['', undefined])('a pid file whose content is %j causes no warning', async (text) => {
    const pidFile = text === undefined ? '/nowhere/app.pid' : await pidFileWith(text);
    expect(await inspectNotify([{ type: 'signal', pidFile, signal: 'SIGHUP' }])).toEqual({
      facts: [['notify[0]', `sends SIGHUP to the process that ${pidFile} names: it names none yet`]],
      warnings: [],
    });
  });

  it.for([
    ['0', 'names the pid 0'],
    ['1', 'names the pid 1'],
    ['-5', 'names the pid -5'],
    ['app', 'holds no pid'],
    [String(process.pid), 'which is the daemon itself'],
    [String(process.ppid), 'which is an ancestor of the daemon'],
  ] as const)('a pid file that holds %s causes a warning', async ([text, what]) => {
    const pidFile = await pidFileWith(text);
    const { facts, warnings } = await inspectNotify([{ type: 'signal', pidFile, signal: 'SIGHUP' }]);
    expect(facts).toEqual([
      ['notify[0]', `sends SIGHUP to the process that ${pidFile} names: it is refused`],
    ]);
    expect(warnings).toEqual([
      expect.stringMatching(`^the pid file ${pidFile} .*${what}, so nobody is told; `),
    ]);
  });
});
