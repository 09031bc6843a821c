import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ALL_TICKETS, credentialKinds } from '../../src/providers/kinds.ts';
import { ticketOf } from '../../src/providers/tickets.ts';
import { targetKinds } from '../../src/publishers/kinds.ts';
import { filesIn } from '../support/files.ts';

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

/**
 * The platform that the program imitates knows its own side of each type, and what it pushes is told apart by kinds of its
 * own, of which one is called like a type.
 */
const APART = /^(?:sandbox|push)\//;

const NAMES = [...credentialKinds, ...targetKinds].map(({ type }) => type).concat(ALL_TICKETS);
const oneOf = (names: readonly string[]) => `'(?:${names.join('|')})'`;
/** `file` is a word that lists hold for other reasons. */
const LISTED = oneOf(NAMES.filter((name) => name !== 'file'));
/** Compared, or listed among others. */
const COMPARED = new RegExp(
  `(?:[!=]==? *|case +)${oneOf(NAMES)}|${oneOf(NAMES)} *[!=]==?|(?:includes\\(|\\[|, *)${LISTED}`,
  'g',
);

/** The kinds themselves, and what their tickets are. */
const OWN = /^(?:providers|publishers)\//;

describe('names of kinds in src', () => {
  it('no code compares with the name of a type, a ticket or a kind of target', async () => {
    const found: string[] = [];
    for (const path of await filesIn(SOURCES)) {
      const name = path.slice(SOURCES.length);
      if (APART.test(name) || OWN.test(name)) continue;
      for (const [text] of (await readFile(path, 'utf8')).matchAll(COMPARED)) found.push(`${name}: ${text}`);
    }
    expect(NAMES.length).toBeGreaterThan(8);
    expect(found).toEqual([]);
  });

  it('every ticket that a type names can be fetched', () => {
    for (const ticket of ALL_TICKETS) expect(ticketOf(ticket)).toHaveProperty('calls');
  });
});
