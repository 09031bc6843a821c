import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

/** A stored record as data. */
export interface StoredRecord {
  readonly token: Readonly<Record<string, unknown>> & { readonly value: string };
  readonly ledger: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** The file of the only account of a state folder. */
export async function recordIn(stateDir: string): Promise<string> {
  const records = (await readdir(stateDir)).filter((name) => name.endsWith('.json'));
  expect(records).toHaveLength(1);
  return join(stateDir, records[0] ?? '');
}

export async function readRecord(path: string): Promise<StoredRecord> {
  return JSON.parse(await readFile(path, 'utf8'));
}
