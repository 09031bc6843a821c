import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../support/clock.ts';
import { type Call, distinct, readCalls, STATUS } from './calls.ts';
import { campaign, complaint } from './campaign.ts';
import type { Injury } from './injury.ts';
import { openScene, type SceneName } from './scene.ts';
import { obstacle } from './traced.ts';
import { calls } from './trial.ts';

/** Of more than a thousand points, these many of each scene; `npm run test:crash` tries all. */
const SAMPLES: Readonly<Record<SceneName, number>> = {
  'first stable-token': 3,
  'next stable-token': 2,
  'next access-token': 4,
  'refreshed access-token': 2,
};

let reason: string | undefined;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  const undo: (() => Promise<void>)[] = [() => rm(folder, { recursive: true })];
  reason = await obstacle(join(folder, 'trace'), (step) => undo.push(step));
  for (const step of undo.reverse()) await step();
});

/** Those that change something, in an order that is the same in every run. */
function sample(size: number): (all: readonly Injury[]) => readonly Injury[] {
  const random = seeded(size);
  return (all) => {
    const worth = all.filter(({ call }) => /TEMPORARY|token|RECORD|TCP|socket/.test(call.text));
    return Array.from({ length: size }, () => worth[Math.floor(random() * worth.length)]).filter(
      (one) => !!one,
    );
  };
}

describe('G1: kills and system errors at any call of a publish', () => {
  it.for(Object.entries(SAMPLES) as [SceneName, number][])(
    'a kill or system error while publishing the %s leaves whole files and a clean restart',
    async ([scene, size], { onTestFinished, skip }) => {
      if (reason !== undefined) return skip(reason);
      const outcomes = await campaign({ scene, choose: sample(size), jobs: 2 }, onTestFinished);
      expect(outcomes.filter(({ bad }) => bad.length > 0).map(complaint)).toEqual([]);
      expect(outcomes.filter(({ met }) => met).length).toBeGreaterThan(0);
    },
  );
});

describe('G1: power loss', () => {
  it('each file is synced before its rename, and its folder before the next rename', async ({
    onTestFinished,
    skip,
  }) => {
    if (reason !== undefined) return skip(reason);
    const said = (await calls(await openScene('next access-token', onTestFinished))).map(({ text }) => text);
    // The status is written beside all that, at the end or where it takes longer than a second, and no start rests on it.
    const isOurs = (text: string) => text.startsWith('rename(') && !text.endsWith(`${STATUS}"`);
    const renames = said.flatMap((text, index) => (isOurs(text) ? [{ text, index }] : []));
    expect(renames.map(({ text }) => text.replace(/^.*, "/, ''))).toEqual([
      '/RECORD"',
      '/RECORD"',
      '/volume/token.json"',
      '/volume/token"',
    ]);
    for (const [turn, { text, index }] of renames.entries()) {
      const [, from = ''] = /"([^"]*)"/.exec(text) ?? [];
      const folder = from.replace(/\/[^/]*$/, '');
      const before = said.slice(0, index).filter((call) => call.includes(`<${from}>`));
      // A file that is made with its mode is looked at; only another mode is changed.
      const names = before.map((call) => call.replace(/\(.*/, '')).join(' ');
      expect(names).toMatch(/^write( statx)?( fchmod)? fsync close$/);
      const after = said.slice(index, renames[turn + 1]?.index);
      expect(after).toContain(`fsync(<${folder}>`);
    }
  });
});

describe('logs of strace', () => {
  const LOG = `7 openat(AT_FDCWD</>, "/tmp/x/volume/token", O_RDONLY|O_CLOEXEC) = 20</tmp/x/volume/token>
8 read(20</tmp/x/volume/token>,  <unfinished ...>
7 read(3<socket:[4711]>, ""..., 65536) = 317
8 <... read resumed>""..., 136) = 136
7 read(9<anon_inode:[eventfd]>, ""..., 1024) = 8
8 statx(AT_FDCWD</>, "/tmp/x/volume", AT_STATX_SYNC_AS_STAT, STATX_ALL, {stx_mask=STATX_ALL, ...}) = 0
8 statx(AT_FDCWD</>, "/tmp/x/volume", AT_STATX_SYNC_AS_STAT, STATX_ALL, {stx_mask=STATX_ALL, ...}) = 0
8 openat(AT_FDCWD</>, "/etc/passwd", O_RDONLY) = 21</etc/passwd>
8 rename("/tmp/x/volume/.wx-token-sidecar-0123456789ab-77-${'3'.padStart(32, '0')}.tmp", "/tmp/x/volume/token") = 0
`;
  const read = (): readonly Call[] => readCalls(LOG, 8, '/tmp/x');

  it('a strace log yields the calls of a folder and of the network where each began', () => {
    expect(read().map(({ thread, text }) => `${thread} ${text}`)).toEqual([
      'main openat("/volume/token", O_RDONLY|O_CLOEXEC',
      'pool read(</volume/token>',
      'main read(<socket>',
      'pool statx("/volume"',
      'pool statx("/volume"',
      'pool rename("/volume/TEMPORARY-3", "/volume/token"',
    ]);
  });

  it('calls are numbered per path, and a repeated statx is left out', () => {
    expect(distinct(read())).toHaveLength(5);
    expect(read().map(({ path, ordinal }) => [path, ordinal])).toEqual([
      ['/volume/token', 1],
      ['/volume/token', 1],
      [undefined, 1],
      ['/volume', 1],
      ['/volume', 2],
      ['/volume/TEMPORARY-3', 1],
    ]);
  });
});
