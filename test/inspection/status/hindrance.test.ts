import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { statusTable } from '../../../src/inspection/status/status-table.ts';
import { troubleOf } from '../../../src/inspection/status/status-trouble.ts';
import { token } from '../../support/story.ts';
import { mount, temporaryFolder } from '../../system/folder.ts';
import { leftBehind } from '../left-behind.ts';

const PIPE = { colour: false, unicode: true, width: Number.POSITIVE_INFINITY };
const FULL = 'the volume is full: free some space or raise its size limit';

/** The token of before is published, and its volume takes nothing more. */
async function behindOnAFullVolume(environment: Record<string, string>) {
  const left = await leftBehind(environment);
  const volume = dirname(left.file);
  await mkdir(volume);
  const problem = await mount(['-t', 'tmpfs', '-o', 'size=64k', 'none'], volume);
  if (problem) return { problem };
  left.story.fetch(token('a'));
  await left.store();
  await left.publish();
  await fill(volume);
  left.story.clock.pass(HOUR + 56 * MINUTE);
  left.story.fetch(token('b'));
  return { ...left, volume };
}

async function fill(volume: string): Promise<void> {
  const rest = writeFile(join(volume, 'rest'), Buffer.alloc(128 * 1024));
  await expect(rest).rejects.toThrow('ENOSPC');
}

describe('targets without the newest token', () => {
  it('status names the full volume, the remedy and publishing as the next step', async (ctx) => {
    const state = await temporaryFolder();
    const found = await behindOnAFullVolume({ WXTOKEN_STATE_DIR: state });
    if ('problem' in found) return ctx.skip(found.problem);
    const { story, store, status, volume } = found;
    await store();
    const error = { code: 'ENOSPC', message: `cannot write into ${volume}: ENOSPC`, advice: FULL };
    const next = { in: 0, what: expect.stringMatching(/^publishing/), brief: 'publishing' };
    const told = await status();
    expect(told).toMatchObject({ state: 'fresh', targets: [{ state: 'behind', error }] });
    expect(told.next).toEqual(next);
    expect(statusTable([told], PIPE)[1]).toMatch(/ 4m, behind {2}ENOSPC {2}publishing$/);
    story.clock.pass(10 * MINUTE);
    const dead = await status();
    expect(dead).toMatchObject({ state: 'dead', targets: [{ state: 'dead', error }] });
    expect(dead.next).toEqual(next);
    const lines = troubleOf(dead, 0, PIPE);
    expect(lines).toContain(`  to do     ${FULL}`);
    expect(lines.join()).not.toContain('is the daemon running?');
  });

  it('status names the reason when the folder of a target cannot be created', async () => {
    const { story, store, status, file } = await leftBehind({ WXTOKEN_STATE_DIR: await temporaryFolder() });
    story.fetch(token('a'));
    await store();
    await writeFile(dirname(file), 'a file');
    story.clock.pass(10 * MINUTE);
    const { targets, next } = await status();
    expect(targets).toMatchObject([{ state: 'missing', error: { code: 'EEXIST' } }]);
    expect(next).toMatchObject({ in: 0, brief: 'publishing' });
    expect(next.overdue).toBeUndefined();
  });
});

describe('records that can no longer be written', () => {
  it('status names the full volume of the record instead of suspecting the daemon', async (ctx) => {
    const found = await behindOnAFullVolume({});
    if ('problem' in found) return ctx.skip(found.problem);
    found.story.clock.pass(10 * MINUTE);
    const told = await found.status();
    expect(told).toMatchObject({ state: 'dead', state_error: { code: 'ENOSPC', advice: FULL } });
    expect(told.next.overdue).toBeUndefined();
    expect(statusTable([told], PIPE)[1]).toMatch(/ dead {2}ENOSPC {2}fetch, has ended$/);
  });
});
