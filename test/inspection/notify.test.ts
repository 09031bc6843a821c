import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectNotify } from '../../src/inspection/notify.ts';
import { realFolder } from './scene.ts';

async function pidFileWith(text: string): Promise<string> {
  const path = join(await realFolder(), 'app.pid');
  await writeFile(path, text);
  return path;
}

describe('who is told is said', () => {
  it('of programs and webhooks without what may be secret', async () => {
    const found = await inspectNotify([
      { type: 'exec', command: ['/usr/bin/php', '/app/warm.php', '--key=hush'], timeout: 30_000 },
      { type: 'webhook', url: 'http://127.0.0.1:8080/changed?key=hush', timeout: 5_000 },
    ]);
    expect(found).toEqual({
      facts: [
        ['notify', 'runs /usr/bin/php /app/warm.php, for 30 s at most'],
        ['notify', 'POSTs to http://127.0.0.1:8080/changed, which has 5 s to answer'],
      ],
      warnings: [],
    });
  });

  it('of a signal with the pid that is there now', async () => {
    const pidFile = await pidFileWith('4194305\n');
    expect(await inspectNotify([{ type: 'signal', pidFile, signal: 'SIGHUP' }])).toEqual({
      facts: [['notify', `sends SIGHUP to the process that ${pidFile} names: 4194305`]],
      warnings: [],
    });
  });

  it.for(['', undefined])('of a signal without a warning where the pid file holds %j', async (text) => {
    const pidFile = text === undefined ? '/nowhere/app.pid' : await pidFileWith(text);
    expect(await inspectNotify([{ type: 'signal', pidFile, signal: 'SIGHUP' }])).toEqual({
      facts: [['notify', `sends SIGHUP to the process that ${pidFile} names: it names none yet`]],
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
  ] as const)('of a pid file that holds %s with a warning', async ([text, what]) => {
    const pidFile = await pidFileWith(text);
    const { facts, warnings } = await inspectNotify([{ type: 'signal', pidFile, signal: 'SIGHUP' }]);
    expect(facts).toEqual([['notify', `sends SIGHUP to the process that ${pidFile} names: it is refused`]]);
    expect(warnings).toEqual([
      expect.stringMatching(`^the pid file ${pidFile} .*${what}, so nobody is told; `),
    ]);
  });
});
