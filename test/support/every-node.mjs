// Runs the tests on every Node this project supports: `npm run test:node [-- --only 24] [-- test/core …]`.
// The binaries are those that the package `node` would fetch in its install script, which is not needed so.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

/** The oldest that `engines` allows, and the newest of the later lines. */
const VERSIONS = ['20.19.6', '22.23.3', '24.21.0'];

/** Linux with glibc and macOS; some versions are missing for macOS, and npm then says so. */
const PACKAGE = `${process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'}-${process.platform}-${process.arch}`;

const { values, positionals } = parseArgs({ options: { only: { type: 'string' } }, allowPositionals: true });
const chosen = VERSIONS.filter((version) => !values.only || `${version}.`.startsWith(`${values.only}.`));
if (chosen.length === 0) {
  process.stderr.write(`every-node: --only ${values.only} is none of ${VERSIONS.join(', ')}\n`);
  process.exit(2);
}

const results = chosen.map((version) => {
  const started = performance.now();
  const outcome = testOn(version);
  return { version, outcome, seconds: Math.round((performance.now() - started) / 1000) };
});
for (const { version, outcome, seconds } of results) {
  process.stdout.write(`Node ${version.padEnd(8)}  ${outcome}  ${seconds} s\n`);
}
process.exitCode = results.every(({ outcome }) => outcome === 'passed') ? 0 : 1;

function testOn(version) {
  const node = fetchNode(version);
  if (!node) return 'could not be fetched';
  // What a test spawns as `node`, or by `process.execPath`, is this one too.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  const isItself = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() === `v${version}`;
  if (!isItself) return 'does not start';
  process.stdout.write(`\nNode ${version}\n`);
  // As `npm run test:all`: what needs lifetimes of seconds does not run beside all else.
  const suites =
    positionals.length > 0 ? [positionals] : [['--exclude', 'test/**/*.slow.test.ts'], ['.slow.test.ts']];
  const passes = (suite) =>
    spawnSync(node, ['node_modules/vitest/vitest.mjs', 'run', ...suite], { stdio: 'inherit', env }).status ===
    0;
  return suites.every(passes) ? 'passed' : 'failed';
}

function fetchNode(version) {
  const folder = resolve('node_modules/.cache', `node-${version}`);
  const node = join(folder, 'node_modules', PACKAGE, 'bin/node');
  if (existsSync(node)) return node;
  const install = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder];
  spawnSync('npm', [...install, `${PACKAGE}@${version}`], { stdio: 'inherit' });
  return existsSync(node) ? node : undefined;
}
