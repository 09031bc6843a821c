import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mkdir, volumes } from '../../../src/system/fs/files.ts';
import { createSharedSyncs } from '../../../src/system/fs/shared-syncs.ts';
import { namesIn, temporaryFolder } from '../folder.ts';
import { program } from '../program.ts';

/** Turns that the test gives, and syncs that it ends. */
function turns() {
  const waiting: (() => Promise<void>)[] = [];
  const refused: ((error: Error) => void)[] = [];
  const ending: { readonly end: () => void; readonly fail: (error: Error) => void }[] = [];
  const inTurn = (work: () => Promise<void>) =>
    new Promise<void>((resolve, reject) => {
      waiting.push(async () => work().then(resolve, reject));
      refused.push(reject);
    });
  const sync = () => new Promise<void>((end, fail) => ending.push({ end, fail }));
  const share = createSharedSyncs();
  return {
    ...{ waiting, refused, ending },
    ask: (folder = 'folder') => share(folder, inTurn, sync),
    /** Lets everything happen that waits for nothing else. */
    settled: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

describe('syncs of a folder', () => {
  it('one serves all who ask before it begins, and who comes later waits for the next', async () => {
    const { waiting, ending, ask, settled } = turns();
    const first = [ask(), ask()];
    await settled();
    first.push(ask());
    expect(waiting).toHaveLength(1);
    void waiting[0]?.();
    const over: string[] = [];
    const second = [ask(), ask()].map((asked) => asked.then(() => over.push('second')));
    await settled();
    expect(waiting).toHaveLength(2);
    ending[0]?.end();
    await Promise.all(first);
    await settled();
    expect(over).toEqual([]);
    void waiting[1]?.();
    ending[1]?.end();
    await Promise.all(second);
    expect([waiting, ending].map(({ length }) => length)).toEqual([2, 2]);
  });

  it('each folder has its own', async () => {
    const { waiting, ask, settled } = turns();
    void ask('one');
    void ask('another');
    await settled();
    expect(waiting).toHaveLength(2);
  });

  it.each(['fails', 'gets no turn'])(
    'all who share one that %s are told, and the next one is its own',
    async (how) => {
      const { waiting, refused, ending, ask, settled } = turns();
      const [one, other] = [ask(), ask()].map((asked) => asked.catch(({ message }: Error) => message));
      await settled();
      if (how === 'fails') {
        void waiting[0]?.();
        ending[0]?.fail(new Error('EIO'));
      } else {
        refused[0]?.(new Error('EIO'));
      }
      expect(await Promise.all([one, other])).toEqual(['EIO', 'EIO']);
      const next = ask();
      await settled();
      void waiting[1]?.();
      ending.at(-1)?.end();
      await next;
    },
  );

  it('one that fails leaves the one alone that is yet to begin', async () => {
    const { waiting, ending, ask, settled } = turns();
    const failed = ask().catch(({ message }: Error) => message);
    await settled();
    void waiting[0]?.();
    const next = ask();
    await settled();
    ending[0]?.fail(new Error('EIO'));
    expect(await failed).toBe('EIO');
    const late = ask();
    await settled();
    expect(waiting).toHaveLength(2);
    void waiting[1]?.();
    ending[1]?.end();
    await Promise.all([next, late]);
  });
});

describe('many who write into folders on a disk at once', () => {
  const writers = program(new URL('./sharing-writers.ts', import.meta.url));

  it('share the syncs of each, and none is over before one that began after its rename', async ({ skip }) => {
    const folder = await temporaryFolder();
    const folders = ['one', 'other'].map((name) => join(folder, name));
    for (const one of folders) await mkdir(one);
    const isShared = folders.every((one) => volumes.isNear(one) && !volumes.isAtOnce(one, true));
    if (!isShared) skip('the temporary folder is on no disk of this machine');
    const count = 100;
    const said = JSON.parse(await writers.run([String(count), ...folders])) as {
      readonly [key in 'files' | 'folders' | 'uncovered' | 'replaced']: number;
    };
    expect(said).toMatchObject({ files: 2 * count, uncovered: 0, replaced: 2 });
    expect(said.folders).toBeLessThan(2 * count);
    for (const one of ['one-before', 'other']) expect(await namesIn(join(folder, one))).toHaveLength(count);
  });
});
