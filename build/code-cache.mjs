// Puts a second way to start beside the program in FOLDER: start.cjs, the program in parts, and what this Node's V8 has compiled
// of them while it fetched a token from its own sandbox.
//   node build/code-cache.mjs FOLDER
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { writeParts } from './parts.mjs';

const FOLDER = resolve(process.argv[2] ?? 'dist');
const PROGRAM = join(FOLDER, 'wx-token-sidecar.js');
/** How long (ms) the sandbox, and the program until its first token, may take, on a processor that is emulated, too. */
const PATIENCE = 120_000;
/** The account that the sandbox has by itself. */
const APP_ID = 'wx0000000000000000';
const SECRET = '0'.repeat(32);

/** With what most daemons have: a file of YAML, a published file and an address for health and metrics. */
function configuration(url, token) {
  return {
    log: { level: 'warn' },
    http: { listen: '127.0.0.1:0' },
    platform: { baseUrl: url },
    credentials: [
      { name: 'app', appId: APP_ID, secretEnv: 'SECRET', publish: [{ type: 'file', path: token }] },
    ],
  };
}

const here = (name) => fileURLToPath(new URL(`./start/${name}`, import.meta.url));

/** Without what the environment of the build sets for Node, whose flags would be part of the cache. */
function node(args, env = {}) {
  return spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Ends a process that takes too long. */
function impatient(child) {
  const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  child.once('exit', () => clearTimeout(late));
  return child;
}

async function firstUrl(output) {
  for await (const line of createInterface({ input: output })) {
    const [url] = /http:\/\/[\d.]+:\d+/.exec(line) ?? [];
    if (url) return url;
  }
  throw new Error('the sandbox ended');
}

const start = join(FOLDER, 'start.cjs');
await writeParts(join(FOLDER, 'parts'));
await copyFile(here('start.cjs'), start);
const sandbox = impatient(node([PROGRAM, 'sandbox', '--listen', '127.0.0.1:0']));
const folder = await mkdtemp(join(tmpdir(), 'wx-'));
try {
  const token = join(folder, 'token');
  const config = join(folder, 'config.yaml');
  await writeFile(config, JSON.stringify(configuration(await firstUrl(sandbox.stdout), token)));
  const daemon = impatient(node([here('rehearse.cjs'), start, token, '--config', config], { SECRET }));
  const [code] = await once(daemon, 'exit');
  if (code !== 0) throw new Error(`no code cache: the program ended with ${code}`);
} finally {
  sandbox.kill();
  await rm(folder, { recursive: true, force: true });
}
