import { describe, expect, it } from 'vitest';
import type { VolumeEvent } from '../../../src/system/fs/turns.ts';
import { createVolumes } from '../../../src/system/fs/volumes.ts';
import { beats, createBeats } from '../../../src/system/time/beats.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { eventually } from '../../support/wait.ts';

const TABLE = [
  '1 0 8:1 / / rw - ext4 /dev/sda1 rw',
  '2 1 0:40 / /net rw - nfs4 server:/one rw',
  '3 1 0:41 / /far rw - nfs4 server:/two rw',
  '4 1 0:42 / /fuse rw - fuse.sshfs other rw',
  '5 1 0:43 / /more rw - cifs third rw',
  '6 1 0:44 / /memory rw - tmpfs tmpfs rw',
  '7 2 0:45 / /net/memory rw - tmpfs tmpfs rw',
  '8 6 0:46 / /memory/fuse rw - fuse.sshfs other rw',
].join('\n');

/** Volumes with one question after the other that a test answers by hand. */
function open() {
  const told: VolumeEvent[] = [];
  const asked: string[] = [];
  const answers = new Map<string, (value: string) => void>();
  const volumes = createVolumes({
    clock: systemClock,
    beats,
    mountTable: () => TABLE,
    probe: async () => {},
  });
  volumes.tell((event) => told.push(event));
  volumes.giveUpAfter(2_000);
  const ask = (path: string, late?: (value: string) => void) =>
    volumes.ask(
      path,
      () =>
        new Promise<string>((resolve) => {
          asked.push(path);
          answers.set(path, resolve);
        }),
      { ...(late && { late }) },
    );
  const answer = (path: string) => answers.get(path)?.(path);
  return { volumes, told, asked, ask, answer };
}

describe.concurrent('questions to volumes', () => {
  it('a network volume is asked one thing at a time, a disk two, and of one path one', async () => {
    const { ask, asked, answer } = open();
    const all = ['/net/a', '/net/b', '/one', '/one', '/two', '/three'].map((path) => ask(path));
    await eventually(() => asked.length === 3);
    expect(asked.toSorted()).toEqual(['/net/a', '/one', '/two']);
    for (const path of ['/net/a', '/one', '/two']) answer(path);
    await eventually(() => asked.length === 6);
    for (const path of ['/net/b', '/one', '/three']) answer(path);
    expect(await Promise.all(all)).toEqual(['/net/a', '/net/b', '/one', '/one', '/two', '/three']);
  });

  it('a tick asks the volumes in use that have not been asked for some seconds, once they are watched', async () => {
    let monotonic = 0;
    const probed: string[] = [];
    const clock = { now: () => ({ wall: 0, monotonic }) };
    const beats = createBeats(clock);
    const volumes = createVolumes({
      clock,
      beats,
      mountTable: () => TABLE,
      probe: async (path) => probed.push(path),
    });
    await Promise.all(['/a', '/net/a', '/memory/a'].map((path) => volumes.ask(path, async () => {})));
    const beat = (at: number) => {
      monotonic = at;
      beats.beat();
    };
    beat(5_000);
    expect(probed).toEqual([]);
    volumes.watch();
    beat(5_001);
    expect(probed).toEqual([]);
    for (const at of [10_000, 10_001, 11_000]) beat(at);
    expect(probed.toSorted()).toEqual(['/', '/net']);
    await Promise.all(['/a', '/net/a'].map((path) => volumes.ask(path, async () => {})));
    beat(15_000);
    expect(probed).toHaveLength(4);
  });

  it('questions about one path hold up no others, and come in their order', async () => {
    const { volumes, ask, answer } = open();
    const order: string[] = [];
    const at = (path: string, what: string) => volumes.ask(path, async () => order.push(what));
    const first = ask('/one');
    const same = Array.from({ length: 1000 }, (_, index) => at('/one', `one ${index}`));
    await Promise.all(Array.from({ length: 100 }, (_, index) => at(`/other${index}`, 'other')));
    expect(order).toEqual(Array.from({ length: 100 }, () => 'other'));
    answer('/one');
    await Promise.all([first, ...same]);
    expect(order.slice(100)).toEqual(Array.from({ length: 1000 }, (_, index) => `one ${index}`));
  });

  it('network volumes leave one thread to the others', async () => {
    const { ask, asked, answer } = open();
    const all = ['/net/a', '/far/a', '/fuse/a', '/more/a', '/disk'].map((path) => ask(path));
    await eventually(() => asked.length === 4);
    expect(asked).toContain('/disk');
    answer(asked.find((path) => path !== '/disk') ?? '');
    await eventually(() => asked.length === 5);
    for (const path of asked) answer(path);
    await Promise.all(all);
  });

  it('a volume that does not answer is told once, refuses what comes, and is asked again when it has answered', async () => {
    const { ask, answer, asked, told, volumes } = open();
    const late: string[] = [];
    const first = ask('/net/a', (value) => late.push(value));
    const behind = ask('/net/a');
    const second = ask('/net/b');
    await expect(first).rejects.toMatchObject({ code: 'ETIMEDOUT', path: '/net/a' });
    await expect(behind).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await expect(second).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await expect(ask('/net/c')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(asked).toEqual(['/net/a']);
    expect(told).toMatchObject([{ type: 'hangs', volume: '/net', path: '/net/a' }]);
    expect(volumes.hung()).toMatchObject([{ volume: '/net', path: '/net/a' }]);
    expect(volumes.answers('/net/d')).toBe(false);
    expect(volumes.answers('/elsewhere')).toBe(true);
    let closed = false;
    await volumes.askLater('/net/a', async () => {
      closed = true;
    });
    expect(closed).toBe(false);

    answer('/net/a');
    await eventually(() => closed);
    expect(late).toEqual(['/net/a']);
    expect(told).toMatchObject([{ type: 'hangs' }, { type: 'answers', volume: '/net' }]);
    const again = ask('/net/c');
    await eventually(() => asked.includes('/net/c'));
    answer('/net/c');
    expect(await again).toBe('/net/c');
    expect([...volumes.hangs()]).toEqual([['/net', 1]]);
  });

  it('memory is asked at once, and in a thread where the way there may hang', async () => {
    const { volumes } = open();
    const how = async (path: string) =>
      await volumes.ask(path, async () => 'in a thread', { atOnce: () => 'at once' });
    expect(await how('/memory/a')).toBe('at once');
    for (const path of ['/one', '/memory/fuse', '/memory/fuse/a', '/net/memory/a'])
      expect([path, await how(path)]).toEqual([path, 'in a thread']);
  });
});
