import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

const BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/** A small program of a test, built once for its file. */
export interface Program {
  /** Starts it; at the end of the test it is killed if it has not ended. */
  readonly start: (args: readonly string[], options?: SpawnOptions) => ChildProcess;
  /** Runs it to its end and returns what it said on stdout. Throws with what it said on stderr when it fails. */
  readonly run: (args: readonly string[], options?: SpawnOptions) => Promise<string>;
}

/** To be called at the top of a test file. */
export function program(entry: URL): Program {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wx-program-'));
    // Also for those who run it as somebody else.
    await chmod(folder, 0o755);
    await build({
      entryPoints: [fileURLToPath(entry)],
      outfile: join(folder, 'program.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: { js: BANNER },
      logLevel: 'warning',
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  function start(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(process.execPath, [join(folder, 'program.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    });
    onTestFinished(() => kill(child));
    return child;
  }

  return {
    start,
    async run(args, options) {
      const child = start(args, options);
      const [said, complained, [code]] = await Promise.all([
        child.stdout ? text(child.stdout) : '',
        child.stderr ? text(child.stderr) : '',
        once(child, 'close'),
      ]);
      if (code !== 0) throw new Error(`ended with ${code}: ${complained}`);
      return said;
    },
  };
}

/** Resolves once the process is gone and its pid free. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Resolves with the first thing a program says. */
export async function firstWord(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new TypeError('the program has no stdout');
  const [chunk] = await once(child.stdout, 'data');
  return String(chunk);
}
