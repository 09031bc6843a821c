import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { reloadOnChange } from '../../src/app/reload.ts';
import type { Config } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { verbatim } from '../../src/core/text.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import type { Logger } from '../../src/observability/log/logger.ts';
import { marksOf } from '../../src/system/fs/watch-files.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';

const NAME = { namespace: 'shop', name: 'wx-token' };
const TIMES = { duration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };

/** What no files are: the configuration is read again. */
const NEVER_READ = 'unread';

const AT_WORK: Config = {
  schedule: '*/5 * * * * *',
  onHangup: 'refresh',
  stateDir: '/state',
  stateOrigin: 'chosen',
  stateElsewhere: [],
  stateLinks: [],
  stateMode: 0o700,
  coordinated: false,
  log: { level: 'info', format: 'json' },
  inputs: [],
  credentials: [],
};
const HTTP = { listen: { host: '127.0.0.1', port: 9400 }, setting: 'http.listen', allowedHosts: [] };
const SERVED: Config = { ...AT_WORK, http: HTTP };

/** What a running daemon cannot change: what it is called, what is at work and what is configured instead. */
const FIXED: readonly (readonly [string, Config, Partial<Config>])[] = [
  ['the state folder', AT_WORK, { stateDir: '/other' }],
  ['the mode of the state folder', AT_WORK, { stateMode: 0o770 }],
  ['the group of the state folder', AT_WORK, { stateGid: 33 }],
  ['the feedback folder', AT_WORK, { feedbackDir: '/feedback' }],
  ['the cluster', AT_WORK, { cluster: { lease: { ...NAME, ...TIMES }, secret: NAME } }],
  [
    'the address of health and metrics',
    SERVED,
    { http: { ...HTTP, listen: { host: '127.0.0.1', port: 9500 } } },
  ],
  ['the list of allowed hosts of health and metrics', SERVED, { http: { ...HTTP, allowedHosts: ['a'] } }],
  [
    'the address of the token server',
    AT_WORK,
    { tokenServer: { listen: { host: '127.0.0.1', port: 8867 }, setting: 'tokenServer.listen' } },
  ],
  ['the log format', AT_WORK, { log: { level: 'info', format: 'text' } }],
  ['the log level', AT_WORK, { log: { level: 'debug', format: 'json' } }],
];

/**
 * A daemon whose configuration lies in one file; what it says is what `next` holds when the file changes.
 * @param isRead whether the configuration was read from the file as it is; otherwise it is read again at once
 */
async function running(config: Config, isRead = false) {
  const file = join(await temporaryFolder(), 'config.yaml');
  await writeFile(file, '0');
  const base = { ...config, inputs: [file] };
  const lines: string[] = [];
  const say = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  const logger: Logger = { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') };
  let next: Config = base;
  let reads = 0;
  const load = async () => {
    reads += 1;
    return next;
  };
  const reloading = await reloadOnChange({
    ...{ config: base, load, logger, applied: () => {} },
    marks: isRead ? await marksOf([file]) : NEVER_READ,
    daemon: { reload: async () => {} },
  });
  onTestFinished(() => reloading.stop());
  if (!isRead) await eventually(() => reads > 0, { for: 'the first look' });
  return {
    lines,
    reads: () => reads,
    async change(changes: Partial<Config>) {
      next = { ...base, ...changes };
      await writeFile(file, `${reads}${JSON.stringify(changes)}`);
    },
    said: (line: string) => eventually(() => lines.includes(line), { for: line }),
  };
}

describe('a change of the configuration that takes a restart', () => {
  it.each(FIXED)(
    '%s is said to take a restart, and that it takes none when it is changed back',
    async (what, config, changes) => {
      const { lines, change, said } = await running(config);
      await change(changes);
      await said(`warn: ${what} was changed: restart required`);
      await change({});
      await said(`info: ${what} was changed back: no restart required`);
      expect(lines.filter((line) => line.includes(': restart required'))).toHaveLength(1);
    },
  );

  it('a change that needs no restart is put to work without a word about one', async () => {
    const { lines, change, said } = await running(AT_WORK);
    await change({ schedule: '* * * * * *' });
    await said('info: configuration reloaded');
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });
});

describe('the start', () => {
  it('a configuration whose files are as they were read is not read again until one changes', async () => {
    const { change, said, reads } = await running(AT_WORK, true);
    await change({ schedule: '* * * * * *' });
    await said('info: configuration reloaded');
    expect(reads()).toBe(1);
  });

  it('a configuration whose file changed after it was read is read again', async () => {
    const { said } = await running(AT_WORK);
    await said('info: configuration reloaded');
  });
});

/** A daemon whose configuration is refused for the reason that is given, without a file that would tell of a change. */
async function refusing(reason: string) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const lines: string[] = [];
  const results: string[] = [];
  const say = (message: string) => void lines.push(message);
  let wrong: string | undefined = reason;
  let reads = 0;
  const { stop } = await reloadOnChange({
    ...{ config: AT_WORK, marks: NEVER_READ, applied: () => {}, told: (result) => void results.push(result) },
    load: async () => {
      reads += 1;
      if (wrong === undefined) return AT_WORK;
      throw new ConfigError([{ where: verbatim('config.yaml:1'), what: verbatim(wrong) }]);
    },
    daemon: { reload: async () => {} },
    logger: { error: say, warn: say, info: say, debug: say },
  });
  onTestFinished(stop);
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  await pass(0);
  return {
    ...{ lines, results, stop, reads: () => reads, pass },
    become(next: string | undefined) {
      wrong = next;
    },
    /** How long it takes until it is read again. */
    async untilNext() {
      const before = reads;
      for (let ms = SECOND; ; ms += SECOND) {
        await pass(SECOND);
        if (reads > before) return ms;
        if (ms > 60 * MINUTE) return undefined;
      }
    },
  };
}

describe('a configuration that is refused', () => {
  it('a refused configuration is tried again after ten seconds, then ever later, up to five minutes', async () => {
    const { untilNext } = await refusing('no such group');
    const waits: unknown[] = [];
    for (let nth = 0; nth < 7; nth += 1) waits.push(await untilNext());
    expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * SECOND));
  });

  it('a reason to refuse is told once, and another one at once', async () => {
    const { lines, results, untilNext, become } = await refusing('no such group');
    await untilNext();
    await untilNext();
    expect(lines).toEqual([
      'config.yaml:1: no such group',
      'configuration reload failed: the previous configuration stays in force',
    ]);
    become('no such user');
    await untilNext();
    expect(lines.slice(2)).toEqual(['config.yaml:1: no such user', lines[1]]);
    expect(results).toEqual(['refused', 'refused']);
    expect(await untilNext()).toBe(10 * SECOND);
  });

  it('a configuration that is right again is tried no more', async () => {
    const { reads, untilNext, become, pass } = await refusing('no such group');
    become(undefined);
    await untilNext();
    await pass(60 * MINUTE);
    expect(reads()).toBe(2);
  });

  it('a daemon that stops tries no more', async () => {
    const { reads, stop, pass } = await refusing('no such group');
    await stop();
    await pass(60 * MINUTE);
    expect(reads()).toBe(1);
  });
});
