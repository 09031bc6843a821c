import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sweepLeftovers, writeAtomically } from '../../../src/system/fs/atomic-write.ts';
import { seeded } from '../../support/clock.ts';
import { leftoversIn, modeOf, temporaryFolder } from '../folder.ts';
import { firstWord, kill, program } from '../program.ts';

const LENGTH = 20_000;
const LETTERS = [...'abcdefgh'];
const writer = program(new URL('./writer.ts', import.meta.url));

/** The letter that a whole file consists of. */
async function wholeLetter(path: string): Promise<string> {
  const content = await readFile(path, 'utf8');
  const letter = content.slice(0, 1);
  if (content.length !== LENGTH || content !== letter.repeat(LENGTH)) {
    throw new Error(`${content.length} characters of ${JSON.stringify([...new Set(content)])}`);
  }
  return letter;
}

describe('G1: concurrent and killed writers', () => {
  it('a reader always sees a whole file while many writers replace it', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'token');
    const others = ['x', 'y'].map((letter) => writer.start(['loop', path, letter]));
    await Promise.all(others.map(firstWord));

    let writing = true;
    const writes = LETTERS.map(async (letter) => {
      for (let round = 0; round < 25; round += 1) {
        await writeAtomically(path, letter.repeat(LENGTH), { mode: 0o640 });
      }
    });
    const done = Promise.all(writes).finally(() => {
      writing = false;
    });
    const seen = new Set<string>();
    while (writing) seen.add(await wholeLetter(path));
    await done;
    await Promise.all(others.map(kill));

    expect(seen.size).toBeGreaterThan(1);
    await wholeLetter(path);
    expect(await modeOf(path)).toBe(0o640);
    await sweepLeftovers(folder);
    expect(await leftoversIn(folder)).toEqual([]);
  });

  it('a file is whole after each of forty killed writers, and a sweep removes their left-overs', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'token');
    const random = seeded(40);
    for (let round = 0; round < 40; round += 1) {
      const letter = LETTERS[round % LETTERS.length] ?? '';
      const child = writer.start(['loop', path, letter]);
      await firstWord(child);
      for (let reads = random() * 10; reads > 0; reads -= 1) await wholeLetter(path);
      await kill(child);
      expect(await wholeLetter(path)).toBe(letter);
      expect(await modeOf(path)).toBe(0o640);
    }
    const leftovers = await leftoversIn(folder);
    expect(leftovers.length).toBeGreaterThan(0);
    for (const name of leftovers) expect((await modeOf(join(folder, name))) & 0o007).toBe(0);
    expect(await sweepLeftovers(folder)).toBe(leftovers.length);
    expect(await leftoversIn(folder)).toEqual([]);
  });
});
