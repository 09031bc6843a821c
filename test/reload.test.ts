import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../src/config/config.ts';
import type { Logger } from '../src/operations/logger.ts';
import { reloadOnChange } from '../src/reload.ts';
import { eventually } from './support/wait.ts';
import { temporaryFolder } from './system/folder.ts';

const NAME = { namespace: 'shop', name: 'wx-token' };
const TIMES = { duration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };

const AT_WORK: Config = {
  schedule: '*/5 * * * * *',
  stateDir: '/state',
  stateMode: 0o700,
  coordinated: false,
  log: { level: 'info', format: 'json' },
  inputs: [],
  credentials: [],
};
const HTTP = { listen: { host: '127.0.0.1', port: 9400 }, allowedHosts: [] };
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
  ['what names health and metrics have', SERVED, { http: { ...HTTP, allowedHosts: ['a'] } }],
  [
    'the address of the token server',
    AT_WORK,
    { tokenServer: { listen: { host: '127.0.0.1', port: 8867 } } },
  ],
  ['the form of the log', AT_WORK, { log: { level: 'info', format: 'text' } }],
  ['the level of the log', AT_WORK, { log: { level: 'debug', format: 'json' } }],
];

/** A daemon whose configuration lies in one file; what it says is what `next` holds when the file changes. */
async function running(config: Config) {
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
    daemon: { reload: async () => {} },
  });
  onTestFinished(() => reloading.stop());
  await eventually(() => reads > 0, { for: 'the first look' });
  return {
    lines,
    async change(changes: Partial<Config>) {
      next = { ...base, ...changes };
      await writeFile(file, `${reads}${JSON.stringify(changes)}`);
    },
    said: (line: string) => eventually(() => lines.includes(line), { for: line }),
  };
}

describe('a change of the configuration that takes a restart', () => {
  it.each(FIXED)(
    '%s is said to take a restart, and that it is the one at work when it is changed back',
    async (what, config, changes) => {
      const { lines, change, said } = await running(config);
      await change(changes);
      await said(`warn: ${what} was changed, which takes a restart`);
      await change({});
      await said(`info: ${what} is again the one at work`);
      expect(lines.filter((line) => line.includes('takes a restart'))).toHaveLength(1);
    },
  );

  it('a change that needs no restart is put to work without a word about one', async () => {
    const { lines, change, said } = await running(AT_WORK);
    await change({ schedule: '* * * * * *' });
    await said('info: the configuration was read again');
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });
});
