import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { filesIn } from '../support/files.ts';

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

/**
 * What modules keep for the life of the process, since it is the process's own: which of its files are being written,
 * which locks it holds, what it swept and what it found closed. All of it is found by a path or by a number that nobody
 * can guess, and each test has a folder of its own: so test files can share a process (`isolate: false`). They share its
 * event loop as well, of which a slice has a turn for itself.
 */
const KEPT_BY_PROCESS = [
  'coordination/folder/file-lock.ts: ours',
  'coordination/folder/stale-lock.ts: closed',
  'system/fs/atomic-write.ts: lastSweep',
  'system/fs/atomic-write.ts: scheduled',
  'system/fs/atomic-write.ts: underWay',
  'system/time/slices.ts: lastTurn',
];

/** A variable, or a collection that something can be put into, outside any function. */
const KEPT =
  /^(?:export )?(?:let (\w+)|const (\w+)(?:: (?!Readonly)[^=]+)? = new (?:Weak)?(?:Map|Set)(?:<[^>]*(?:<[^>]*>)?[^>]*>)?\(\))/gm;

describe('module state in src', () => {
  it('source modules keep no state between tests except what belongs to a file path, or to the event loop', async () => {
    const found: string[] = [];
    for (const path of await filesIn(SOURCES)) {
      for (const [, variable, collection] of (await readFile(path, 'utf8')).matchAll(KEPT)) {
        found.push(`${path.slice(SOURCES.length)}: ${variable ?? collection}`);
      }
    }
    expect(found.sort()).toEqual(KEPT_BY_PROCESS);
  });
});
