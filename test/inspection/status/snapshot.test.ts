import { chown, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../../src/core/time.ts';
import { statusOnDisk } from '../../../src/inspection/status/index.ts';
import { snapshotPath } from '../../../src/observability/status/snapshot-file.ts';
import { version } from '../../../src/system/process/version.ts';
import { token } from '../../support/story.ts';
import { isRoot } from '../../system/folder.ts';
import { amend, leftBehind } from '../left-behind.ts';

async function told() {
  const left = await leftBehind();
  left.story.fetch(token('a'));
  await left.publish();
  left.story.clock.pass(MINUTE);
  await left.write();
  return left;
}

describe('snapshots that cannot be used', () => {
  it.for([
    ['{', 'not JSON'],
    ['', 'not JSON'],
    ['null', 'damaged'],
    ['{"format":1}', 'damaged'],
    ['{"format":1,"at":-1,"process":{},"credentials":[]}', 'damaged'],
    [
      '{"format":2,"version":"9.8.7","credentials":{}}',
      `written by a later version of the program (9.8.7, format 2; this is ${version}, which reads format 1)`,
    ],
    [
      '{"format":0}',
      `written by another version of the program (unknown, format 0; this is ${version}, which reads format 1)`,
    ],
  ])('a snapshot that holds %j is ignored, which is told', async ([text = '', why]) => {
    const { report, snapshot } = await told();
    await writeFile(snapshot, text);
    expect(await report()).toMatchObject({
      daemon: { state: 'unknown', problem: `ignoring ${snapshot}: ${why}` },
      credentials: [{ state: 'fresh', age: 60 }],
    });
  });

  it('a snapshot with an object that is none of ours is ignored as a whole', async () => {
    const { report, snapshot } = await told();
    await amend(snapshot, { credentials: [{ credential: 'default', kind: 'token', state: 'good' }] });
    expect((await report()).daemon).toEqual({
      ...{ state: 'unknown', problem: `ignoring ${snapshot}: damaged` },
      zh: { problem: `不使用 ${snapshot}：damaged` },
    });
  });

  it('a snapshot that another user has written is ignored, which is told', async (ctx) => {
    if (!isRoot) return ctx.skip('this process may not change owners');
    const { report, snapshot } = await told();
    await chown(snapshot, 65_533, 65_533);
    const problem = `ignoring ${snapshot}: written by another user (uid 65533)`;
    expect((await report()).daemon).toMatchObject({ state: 'unknown', problem });
  });

  it('a link or a folder in place of a snapshot is ignored, which is told', async () => {
    const { report, snapshot } = await told();
    await rename(snapshot, `${snapshot}.old`);
    await symlink(`${basename(snapshot)}.old`, snapshot);
    expect((await report()).daemon).toMatchObject({ problem: `ignoring ${snapshot}: ELOOP` });
    await rm(snapshot);
    await mkdir(snapshot);
    expect((await report()).daemon).toMatchObject({ problem: `ignoring ${snapshot}: not a regular file` });
  });
});

describe('snapshots of several daemons', () => {
  it('daemons that publish elsewhere have snapshots of their own', async () => {
    const { config, story, snapshot } = await told();
    const others = config.credentials.map((credential) => ({ ...credential, publish: [] }));
    expect(snapshotPath(config.stateDir, others)).not.toBe(snapshot);
    const report = await statusOnDisk({ ...config, credentials: others }, story.clock);
    expect(report.daemon).toEqual({ state: 'unknown' });
  });

  it('a daemon of another account has a snapshot of its own, although it publishes to the same path', async () => {
    const { config, story, snapshot } = await told();
    const others = config.credentials.map((one) => ({ ...one, appId: 'wx1111111111111111' }));
    expect(snapshotPath(config.stateDir, others)).not.toBe(snapshot);
    const report = await statusOnDisk({ ...config, credentials: others }, story.clock);
    expect(report.daemon).toEqual({ state: 'unknown' });
  });

  it('the newest snapshot of another host counts where this host has none', async () => {
    const { report, snapshot, write } = await told();
    const [name, ending = ''] = [basename(snapshot), /-[0-9a-f]{12}\.json$/.exec(snapshot)?.[0]];
    const elsewhere = join(dirname(snapshot), `elsewhere${ending}`);
    await rename(snapshot, elsewhere);
    await amend(elsewhere, { process: { host: 'elsewhere', namespace: 'another', pid: 1 } });
    expect((await report()).daemon).toMatchObject({ state: 'running', host: 'elsewhere', pid: 1 });
    await write('stopped');
    expect(name.endsWith(ending)).toBe(true);
    expect((await report()).daemon).toMatchObject({ state: 'stopped', pid: process.ppid });
  });
});
