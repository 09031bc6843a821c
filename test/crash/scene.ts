import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { snapshotPath } from '../../src/observability/status/snapshot-file.ts';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import { self } from '../../src/system/process/process-identity.ts';
import { APP_ID, type Type, workbench } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import type { AtEnd, Environment } from '../support/program.ts';
import { age } from './age.ts';
import { RECORD, STATUS } from './calls.ts';
import { WAYS, type Way } from './ways.ts';

export const SCENES = {
  'first stable-token': { type: 'stable-token', before: 'nothing', way: 'once' },
  'next stable-token': { type: 'stable-token', before: 'old', way: 'once' },
  'next access-token': { type: 'access-token', before: 'old', way: 'once' },
  'refreshed access-token': { type: 'access-token', before: 'fresh', way: 'run' },
} as const satisfies Readonly<Record<string, Plot>>;

/** Which token is published before, and what publishes the next: `run` when it is told to by HUP. */
interface Plot {
  readonly type: Type;
  readonly before: 'nothing' | 'old' | 'fresh';
  readonly way: keyof typeof WAYS;
}

export type SceneName = keyof typeof SCENES;

/** A platform and a volume on which a program can be injured again and again. */
export interface Scene {
  readonly name: SceneName;
  readonly type: Type;
  readonly way: Way;
  /** Everything lies in it, the secret file too. */
  readonly folder: string;
  readonly volume: string;
  /** Where a path really is that a log of calls tells without the folder, of the process that may have made it. */
  readonly pathOf: (path: string, pid: number) => string;
  readonly file: string;
  /** Where strace writes. */
  readonly traces: string;
  readonly env: Environment;
  /** What there was before it began. */
  readonly prepare: () => Promise<Before>;
  /** Forgets everything: nothing is published then. */
  readonly reset: () => Promise<void>;
}

export interface Before {
  /** Absent before the first success. */
  readonly token: string | undefined;
  /** The calls for a token since then. */
  readonly calls: () => Promise<readonly JournalEntry[]>;
}

/** The platform has a new token for every call. */
const RULES = { rotationWindow: 7_199.999 };

/** Inside the window of both types, and so long that no reader is left for whose sake a refresh by hand waits, ms. */
const AGES = { old: 7_050_000, fresh: 300_000 };

export async function openScene(name: SceneName, atEnd: AtEnd): Promise<Scene> {
  const { type, before, way } = SCENES[name];
  const bench = await workbench(atEnd, RULES);
  const volume = join(bench.folder, 'volume');
  const traces = join(bench.folder, 'traces');
  await mkdir(traces);
  const account = `127.0.0.1_${new URL(bench.sandbox.url).port}.${type}.${APP_ID}`;
  const record = join(volume, '.wx-token-sidecar', `${account}.json`);
  const env = bench.env({ WXTOKEN_TYPE: type, WXTOKEN_FETCHES_PER_DAY: '1000000' });
  const { stateDir, credentials } = await loadConfig(env);
  const status = snapshotPath(stateDir, credentials);
  const reset = () => rm(volume, { recursive: true, force: true });

  function pathOf(path: string, pid: number): string {
    if (path.startsWith(RECORD)) return record + path.slice(RECORD.length);
    if (path === STATUS) return status;
    const temporary = (_: string, number: string) =>
      `.wx-token-sidecar-${self.namespace}-${pid}-${number.padStart(32, '0')}.tmp`;
    return bench.folder + path.replace(/TEMPORARY-(\w+)$/, temporary);
  }

  return {
    name,
    type,
    way: WAYS[way],
    folder: bench.folder,
    volume,
    pathOf,
    file: bench.file,
    traces,
    env,
    reset,
    async prepare() {
      // A lock that names nobody would be waited for.
      const isLocked = (await listing(volume)).some((path) => path.endsWith('.lock/'));
      if (isLocked || before === 'nothing') await reset();
      if (before !== 'nothing') {
        await publish();
        await age(bench.file, AGES[before]);
      }
      const last = (await bench.sandbox.journal()).at(-1)?.seq ?? 0;
      const fetches = new Set(['/cgi-bin/stable_token', '/cgi-bin/token']);
      return {
        token: await contentOf(bench.file),
        calls: async () => (await bench.sandbox.journal(last)).filter(({ path }) => fetches.has(path)),
      };
    },
  };

  async function publish(): Promise<void> {
    if ((await contentOf(bench.file)) !== undefined) return;
    const { code, stderr } = await bench.once(env);
    if (code !== 0) throw new Error(`nothing could be published:\n${stderr()}`);
  }
}

/** Whatever lies in a folder, with the folders' names ending in a slash. */
export async function listing(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.map((entry) => {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
    return entry.isDirectory() ? `${path}/` : path;
  });
}
