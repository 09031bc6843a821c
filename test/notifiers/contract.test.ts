import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createNotifier, type NotifierConfig } from '../../src/notifiers/index.ts';
import { afterRequest, closedPort, httpServer } from '../providers/servers.ts';
import { contentOf } from '../support/files.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';
import { firstWord, kill } from '../system/program.ts';
import { aChange, aHook, failureOf, NEVER } from './hook.ts';

interface Working {
  readonly config: NotifierConfig;
  /** How often it has been told. */
  readonly told: () => Promise<number>;
}

interface Subject {
  readonly works: () => Promise<Working>;
  /** With `hush` wherever a secret may stand. */
  readonly fails: () => Promise<NotifierConfig>;
  /** Where it can take long; `begun` once it is at it. */
  readonly hangs?: () => Promise<{ readonly config: NotifierConfig; readonly begun: () => Promise<boolean> }>;
}

const SUBJECTS: Readonly<Record<NotifierConfig['type'], Subject>> = {
  exec: {
    async works() {
      const hook = await aHook('echo told >> log');
      const config = { type: 'exec', command: hook.command, timeout: 600_000 } as const;
      return { config, told: async () => lines(await hook.in('log')) };
    },
    fails: async () => ({ type: 'exec', command: ['/nowhere/hook', 'hush'], timeout: 600_000 }),
    async hangs() {
      const hook = await aHook('echo begun > log; sleep 600');
      const config = { type: 'exec', command: hook.command, timeout: 600_000 } as const;
      return { config, begun: async () => (await hook.in('log')) !== undefined };
    },
  },
  webhook: {
    async works() {
      const { url, seen } = await httpServer((response) => response.end());
      return { config: { type: 'webhook', url, timeout: 600_000 }, told: async () => seen.length };
    },
    async fails() {
      const url = `http://hush:hush@127.0.0.1:${await closedPort()}/changed?key=hush#hush`;
      return { type: 'webhook', url, timeout: 600_000 };
    },
    async hangs() {
      let begun = false;
      const url = await afterRequest(() => {
        begun = true;
      });
      return { config: { type: 'webhook', url, timeout: 600_000 }, begun: async () => begun };
    },
  },
  signal: {
    async works() {
      const folder = await temporaryFolder();
      const log = join(folder, 'log');
      const script = `trap 'echo told >> ${log}' HUP; echo ready; while :; do sleep 0.05; done`;
      const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => kill(child));
      await firstWord(child);
      const pidFile = join(folder, 'app.pid');
      await writeFile(pidFile, `${child.pid}\n`);
      return {
        config: { type: 'signal', pidFile, signal: 'SIGHUP' },
        told: async () => lines(await contentOf(log)),
      };
    },
    fails: async () => ({ type: 'signal', pidFile: '/nowhere/app.pid', signal: 'SIGHUP' }),
  },
};

function lines(text = ''): number {
  return text.split('\n').length - 1;
}

describe.each(Object.entries(SUBJECTS))('%s notifier', (type, { works, fails, hangs }) => {
  it(`the ${type} notifier tells the app once for each change`, async () => {
    const { config, told } = await works();
    const notifier = createNotifier(config);
    await notifier.notify(aChange(), NEVER);
    await eventually(async () => (await told()) === 1);
    await notifier.notify(aChange({ kind: 'jsapi' }), NEVER);
    await eventually(async () => (await told()) === 2);
  });

  it(`the ${type} notifier tells nobody after the daemon has stopped`, async () => {
    const { config, told } = await works();
    const failed = await failureOf(createNotifier(config), { signal: AbortSignal.abort() });
    expect(failed.code).toBe('stopped');
    expect(await told()).toBe(0);
  });

  it(`the ${type} notifier has a constant name that holds no secret`, async () => {
    const config = await fails();
    const { id } = createNotifier(config);
    expect(id).toBe(createNotifier(config).id);
    expect(id).toMatch(new RegExp(`^${type}:`));
    expect(id).not.toContain('hush');
  });

  it(`the ${type} notifier fails with advice and without secrets`, async () => {
    const config = await fails();
    const failed = await failureOf(createNotifier(config));
    expect(failed.failure).toMatchObject({ effect: 'none', backoff: { jitter: 'added' } });
    expect(failed.message).toContain(type === 'signal' ? '/nowhere/app.pid' : createNotifier(config).id);
    expect(failed.failure.advice).toMatch(/\w/);
    const all = [failed.message, failed.stack, String(failed.cause), JSON.stringify(failed.failure)].join();
    expect(all).not.toContain('hush');
  });

  // A signal is sent or not.
  if (!hangs) return;

  it(`the ${type} notifier ends a call that hangs when the daemon stops`, async () => {
    const { config, begun } = await hangs();
    const stop = new AbortController();
    const failing = failureOf(createNotifier(config), { signal: stop.signal });
    await eventually(begun);
    stop.abort();
    expect((await failing).code).toBe('stopped');
  });
});
