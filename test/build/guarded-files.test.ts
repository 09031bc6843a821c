import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { filesIn } from '../support/files.ts';

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

/**
 * Who asks the file system past the turnstile of `system/fs/files.ts`, and why that may be: what is below it, what reads
 * /proc alone, what happens while the process exits, and what asks through it first. The sandbox serves no paths of others.
 */
const ALLOWED = [
  'coordination/folder/file-lock.ts',
  'coordination/folder/stale-lock.ts',
  'sandbox',
  'system/fs/files.ts',
  'system/fs/mounts.ts',
  'system/fs/volumes.ts',
  'system/fs/watch-names.ts',
  'system/process/process-identity.ts',
];

it('every part of the program asks the file system in turn, so that a volume that hangs takes no more than its share', async () => {
  const found = new Set<string>();
  for (const path of await filesIn(SOURCES)) {
    const text = await readFile(path, 'utf8');
    if (!/^import (?!type ).* from 'node:fs(?:\/promises)?';$/m.test(text)) continue;
    const name = path.slice(SOURCES.length);
    found.add(name.startsWith('sandbox/') ? 'sandbox' : name);
  }
  expect([...found].filter((name) => !ALLOWED.includes(name))).toEqual([]);
});
