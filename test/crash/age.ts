import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A time in a record, or the times in an object of it. */
type Times = Readonly<Record<string, unknown>>;

/** Makes what a daemon has published at `file` look older than it is, in its details and in the state folder alike. */
export async function age(file: string, ms: number): Promise<void> {
  await ageAll(join(dirname(file), '.wx-token-sidecar'), [file], ms);
}

/** The same for all the accounts of a state folder, and what is published of them. */
export async function ageAll(stateDir: string, files: readonly string[], ms: number): Promise<void> {
  const names = (await readdir(stateDir)).filter((entry) => entry.endsWith('.json'));
  for (const name of names)
    await rewrite(join(stateDir, name), (record) => ({
      ...record,
      token: earlier(record['token'] as Times, ms),
    }));
  for (const file of files) await rewrite(`${file}.json`, (details) => earlier(details, ms / 1000));
}

const TIMES = ['issuedAt', 'expiresAt', 'platformDate', 'at', 'issued_at', 'expires_at', 'platform_date'];

function earlier(times: Times, by: number): Times {
  const entries = Object.entries(times).flatMap(([key, value]) => {
    if (key === 'bootTime') return bootTimeBefore(value as BootTime, by);
    return [[key, TIMES.includes(key) && typeof value === 'number' ? value - by : value]];
  });
  return Object.fromEntries(entries);
}

interface BootTime {
  readonly boot: string;
  /** Since the machine began, ms. */
  readonly at: number;
}

/** A machine that began after that would have written none of its own. */
function bootTimeBefore({ boot, at }: BootTime, by: number) {
  return at >= by ? [['bootTime', { boot, at: at - by }]] : [];
}

/** In place, so that mode and owner stay. */
async function rewrite(path: string, change: (content: Times) => Times): Promise<void> {
  const text = await readFile(path, 'utf8');
  const changed = JSON.stringify(change(JSON.parse(text)));
  await writeFile(path, text.endsWith('\n') ? `${changed}\n` : changed);
}
