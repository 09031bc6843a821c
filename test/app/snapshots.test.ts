import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSnapshots, isNews } from '../../src/app/snapshots.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Report } from '../../src/core/events/report.ts';
import { decodeSnapshot, type Snapshot } from '../../src/observability/status/snapshot.ts';
import { snapshotPath } from '../../src/observability/status/snapshot-file.ts';
import { self } from '../../src/system/process/process-identity.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { LEAST } from '../config/configured.ts';
import { amend } from '../inspection/left-behind.ts';
import { contentOf, filesIn } from '../support/files.ts';
import { credential } from '../support/views.ts';
import { eventually } from '../support/wait.ts';
import { modeOf, temporaryFolder } from '../system/folder.ts';

const CHANGED: Report = { type: 'lagging' };

/** For the last write: more than it takes, ms. */
const PATIENCE = 60_000;

async function keeper({ mode = 0o700, gid }: { readonly mode?: number; readonly gid?: number } = {}) {
  const folder = await temporaryFolder();
  const stateDir = join(folder, 'state');
  const { credentials } = await loadConfig({ ...LEAST, WXTOKEN_FILE: join(folder, 'token') });
  const said: string[] = [];
  let looks = 0;
  const { view } = credential('shop', { clock: { ...systemClock, pass() {}, set() {} } });
  const open = () =>
    createSnapshots({
      ...{ clock: systemClock, stateDir, leader: () => undefined, servers: () => [] },
      pushes: () => '',
      access: { mode, ...(gid !== undefined && { gid }) },
      logger: {
        warn: (line) => void said.push(`warn ${line}`),
        info: (line) => void said.push(`info ${line}`),
      },
      views: () => {
        looks += 1;
        return [view()];
      },
    });
  const snapshots = open();
  onTestFinished(() => snapshots.stop(PATIENCE));
  snapshots.serve(credentials);
  const path = snapshotPath(stateDir, credentials);
  const read = async (at = path): Promise<Snapshot | undefined> => {
    const text = await contentOf(at);
    return text === undefined ? undefined : decodeSnapshot(text);
  };
  return { folder, stateDir, credentials, snapshots, open, path, read, said, looks: () => looks };
}

describe('snapshots of a daemon', () => {
  it('a snapshot tells who wrote it and holds what the daemon knows', async () => {
    const { read } = await keeper();
    const snapshot = await eventually(() => read());
    expect(snapshot).toMatchObject({
      process: self,
      credentials: [{ credential: 'shop', state: 'missing' }],
    });
    expect(snapshot).not.toHaveProperty('stopped');
  });

  it('the last snapshot says that the daemon has stopped', async () => {
    const { snapshots, read } = await keeper();
    await snapshots.stop(PATIENCE);
    expect(await read()).toMatchObject({ stopped: true });
  });

  it('a thousand changes at once are written once', async () => {
    const { snapshots, read, looks } = await keeper();
    for (let time = 0; time < 1000; time += 1) snapshots.report(CHANGED);
    await eventually(() => read());
    expect(looks()).toBe(1);
    snapshots.report(CHANGED);
    await eventually(() => looks() === 2);
  });

  it('a snapshot is for its owner alone, or for the group that shares the state folder', async () => {
    const alone = await keeper();
    await alone.snapshots.stop(PATIENCE);
    expect(await modeOf(alone.path)).toBe(0o600);
    expect(await modeOf(dirname(alone.path))).toBe(0o700);
    const shared = await keeper({ mode: 0o770, gid: process.getegid?.() ?? 0 });
    await shared.snapshots.stop(PATIENCE);
    expect(await modeOf(shared.path)).toBe(0o660);
    expect(await modeOf(dirname(shared.path))).toBe(0o2770);
  });

  it('a folder that cannot be written is told once, and again when it can be written', async () => {
    const { snapshots, stateDir, said, looks, read } = await keeper();
    await writeFile(stateDir, 'a file');
    for (const count of [1, 2]) {
      snapshots.report(CHANGED);
      await eventually(() => looks() >= count);
    }
    await eventually(() => said.length > 0);
    expect(said).toEqual([
      expect.stringMatching(/^warn cannot write .*ENOTDIR; until then status shows what was written last/),
    ]);
    await rm(stateDir);
    snapshots.report(CHANGED);
    await eventually(() => read());
    await eventually(() => said.includes('info the status file can be written again'));
    expect(said).toHaveLength(2);
  });

  it('a snapshot of other credentials takes the place of the one before', async () => {
    const { snapshots, credentials, path, read, stateDir } = await keeper();
    await eventually(() => read());
    const others = credentials.map((one) => ({ ...one, name: 'other' }));
    snapshots.serve(others);
    await eventually(() => read(snapshotPath(stateDir, others)));
    await eventually(async () => (await contentOf(path)) === undefined);
  });

  it('snapshots that nobody has renewed for a week are removed and other files are kept', async () => {
    const { open, credentials, path } = await keeper();
    const folder = dirname(path);
    const [old, young, other] = ['a-0123456789ab.json', 'b-0123456789ab.json', 'notes.json'];
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of [old, young, other]) await writeFile(join(folder, name), '{}');
    const longAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
    for (const name of [old, other]) await utimes(join(folder, name), longAgo, longAgo);
    const second = open();
    second.serve(credentials);
    await second.stop(PATIENCE);
    const names = await readdir(folder);
    expect(names).not.toContain(old);
    expect(names).toEqual(expect.arrayContaining([young, other]));
  });
});

describe('snapshots of daemons with the same configuration on one host', () => {
  it('a daemon leaves the snapshot of another that runs alone', async () => {
    const { snapshots, open, credentials, path, read } = await keeper();
    await eventually(() => read());
    await amend(path, { process: { host: 'here', namespace: self.namespace, pid: process.ppid } });
    const { ino } = await stat(path);
    const second = open();
    second.serve(credentials);
    await second.stop(PATIENCE);
    await snapshots.stop(PATIENCE);
    expect((await stat(path)).ino).toBe(ino);
  });

  it('a daemon takes over a snapshot that says that its daemon has stopped', async () => {
    const { open, credentials, path, read, snapshots } = await keeper();
    await snapshots.stop(PATIENCE);
    await amend(path, { process: { host: 'here', namespace: self.namespace, pid: process.ppid } });
    const second = open();
    onTestFinished(() => second.stop(PATIENCE));
    second.serve(credentials);
    await eventually(async () => (await read())?.process.pid === self.pid);
  });

  it('a daemon replaces at once what it or another wrote in another container', async () => {
    const { open, credentials, path, read } = await keeper();
    await eventually(() => read());
    await amend(path, { process: { host: 'here', namespace: 'before the start', pid: 1 } });
    const second = open();
    second.serve(credentials);
    await second.stop(PATIENCE);
    expect(await read()).toMatchObject({ process: self, stopped: true });
  });

  it('a daemon replaces what is no snapshot', async () => {
    const { snapshots, path, read, stateDir } = await keeper();
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, 'half a snap');
    await rename(`${path}.new`, path);
    await snapshots.stop(PATIENCE);
    expect(await read()).toMatchObject({ stopped: true });
    expect(await filesIn(stateDir)).toEqual([path]);
  });
});

describe('news', () => {
  const published = { type: 'published', target: 'file:/a', result: 'unchanged', expiresAt: 1 } as const;

  it('that a target is as it was known to be is no news, and neither is that a call begins', () => {
    expect(isNews({ ...published, isKnown: true })).toBe(false);
    expect(isNews({ type: 'fetching', step: { kind: 'fetch', reason: 'due', forced: false } })).toBe(false);
    expect([published, CHANGED].map(isNews)).toEqual([true, true]);
  });
});
