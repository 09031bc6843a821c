import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TYPES, workbench } from '../e2e/workbench.ts';
import { startProcess } from '../support/program.ts';
import { startRestlessReader } from '../support/restless-reader.ts';
import { readRecord, recordIn, type StoredRecord } from './record.ts';

const DAY = 24 * 3_600_000;

/** What somebody has made of a stored record. */
type Damage = (path: string, record: StoredRecord) => Promise<void>;

const writes = (change: (record: StoredRecord, text: string) => unknown): Damage => {
  return async (path, record) => {
    const content = change(record, JSON.stringify(record));
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  };
};

/** What cannot be believed: the daemon goes on as if there were no record. */
const USELESS: Readonly<Record<string, Damage>> = {
  'is garbage': writes(() => '\u0000\u0001 garbage \ud83d\ude00'),
  'is cut in half': writes((_, text) => text.slice(0, text.length / 2)),
  'is empty': writes(() => ''),
  'is of another account': writes((record) => ({
    ...record,
    account: 'weixin/stable-token/wx1111111111111111',
  })),
  'has no version': writes(({ version: _none, ...record }) => record),
  'is of a later version': writes((record) => ({ ...record, version: 2 })),
  'holds a token with ten years of life': writes((record) => ({
    ...record,
    token: {
      ...record.token,
      value: 'forged'.repeat(25),
      expiresIn: 3650 * 86_400,
      expiresAt: Date.now() + 3650 * DAY,
    },
  })),
  'holds an invalid token': writes((record) => ({ ...record, token: { ...record.token, value: 'half' } })),
  'is 10 MB long': writes((_, text) => text + ' '.repeat(10_000_000)),
  'is a link to another file': async (path, record) => {
    await writeFile(`${path}.elsewhere`, JSON.stringify(record));
    await rm(path);
    await symlink(`${path}.elsewhere`, path);
  },
  'is a pipe': async (path) => {
    await rm(path);
    expect(await startProcess('mkfifo', [path], {}, () => {}).exited).toEqual({ code: 0, signal: null });
  },
};

/** A record is read before its type matters, so one of each way in which it cannot be read will do for the other type. */
const OF_BOTH_TYPES = ['is garbage', 'is of a later version', 'is a pipe'];

describe.concurrent('G6: damaged records beside a published token', () => {
  for (const [what, damage] of Object.entries(USELESS)) {
    it.for(OF_BOTH_TYPES.includes(what) ? TYPES : TYPES.slice(0, 1))(
      `a record that ${what} costs a warning, no call and no bad read (%s)`,
      async (type, { onTestFinished }) => {
        const { sandbox, file, folder, once, fetches } = await workbench(onTestFinished);
        const env = { WXTOKEN_TYPE: type, WXTOKEN_STATE_DIR: join(folder, 'state') };
        expect((await once(env)).code).toBe(0);
        const reader = startRestlessReader({ file, url: sandbox.url }, onTestFinished);
        const path = await recordIn(join(folder, 'state'));
        await damage(path, await readRecord(path));

        const damaged = await once(env);
        expect(damaged.code).toBe(0);
        expect(damaged.log()).toContainEqual(
          expect.objectContaining({ level: 'warn', message: expect.stringContaining(`ignoring ${path}`) }),
        );
        // What is published is as good as the record was.
        expect(await fetches()).toHaveLength(1);
        // What was written in its place is good.
        const healed = await once(env);
        expect(healed.code).toBe(0);
        expect(healed.log().filter(({ level }) => level !== 'info')).toEqual([]);
        expect(await fetches()).toHaveLength(1);
        const { bad, refused, values } = await reader.stop();
        expect({ bad, refused }).toEqual({ bad: [], refused: [] });
        expect(values).toHaveLength(1);
      },
    );
  }
});
