import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TYPES, workbench } from './workbench.ts';

describe.each(TYPES)('a downgrade (%s)', (type) => {
  it('says what it cannot read, costs no call and loses neither the token nor the record', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const state = join(bench.folder, 'state');
    const changes = { WXTOKEN_TYPE: type, WXTOKEN_STATE_DIR: state };
    expect((await bench.once(changes)).code).toBe(0);
    const before = await bench.token();
    const name = (await readdir(state)).find((one) => /wx0.*\.json$/.test(one)) ?? '';
    const path = join(state, name);
    const later = JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), version: 2 });
    await writeFile(path, later);

    const { code, log } = await bench.once(changes);
    expect(code).toBe(0);
    const messages = log().map(({ message }) => message);
    expect(messages).toContainEqual(
      expect.stringContaining(
        'by a later version of this program (record version 2; this one reads up to 1)',
      ),
    );
    expect(messages).toContainEqual(
      expect.stringContaining(`kept the record of version 2 as ${path}.version-2`),
    );
    expect(await bench.token()).toBe(before);
    expect(await bench.fetches()).toHaveLength(1);
    expect(await readFile(`${path}.version-2`, 'utf8')).toBe(later);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ version: 1 });

    // From then on it is a record like any other.
    const again = await bench.once(changes);
    expect(again.code).toBe(0);
    expect(again.log().some(({ level }) => level === 'warn' || level === 'error')).toBe(false);
    expect(await bench.fetches()).toHaveLength(1);
  });
});
