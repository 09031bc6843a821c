#!/usr/bin/env bash
# chokidar 3.6.0 and 5.0.0: where two watchers of one process watch the same file, both go deaf once it is replaced.
#
# Expected: `change` each time, however many watch. A single watcher tells of each file that another is renamed over, and of
# each file of a Kubernetes Secret volume, where the link ..data is renamed and the folder to which it led removed.
# Happens: with two watchers both tell of the first replacement. Then nothing is watched, without an error or an event.
# 6.0.0, which needs Node 22.22, told both of each.
# Hurt: apps in which two modules watch the token's file. A trial with one rotation passes; after the second, two hours later,
# they use a dead token. docs/reading.md says not to rely on it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund chokidar@5.0.0 chokidar-3@npm:chokidar@3.6.0

cat >try.mjs <<'JS'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const REPLACEMENTS = 4;

/** As the kubelet does it. */
function replaceSecret(volume, version) {
  mkdirSync(`${volume}/..${version}`);
  writeFileSync(`${volume}/..${version}/token`, `token ${version}`);
  symlinkSync(`..${version}`, `${volume}/..data_tmp`);
  renameSync(`${volume}/..data_tmp`, `${volume}/..data`);
  rmSync(`${volume}/..${version - 1}`, { recursive: true, force: true });
}
function replacePlain(volume, version) {
  writeFileSync(`${volume}/new`, `token ${version}`);
  renameSync(`${volume}/new`, `${volume}/token`);
}

/** How many of the replacements each of the watchers of that file tells. */
async function toldOf(chokidar, volume, replace, count) {
  mkdirSync(volume);
  replace(volume, 1);
  if (replace === replaceSecret) symlinkSync('..data/token', `${volume}/token`);
  let version = 1;
  const told = Array.from({ length: count }, () => new Set());
  const watchers = [];
  for (const seen of told) {
    const watcher = chokidar.watch(`${volume}/token`, { ignoreInitial: true });
    watcher.on('change', () => seen.add(version));
    await new Promise((resolve) => watcher.on('ready', resolve));
    watchers.push(watcher);
  }
  for (version = 2; version <= 1 + REPLACEMENTS; version += 1) {
    replace(volume, version);
    for (let tries = 0; tries < 30 && told.some((seen) => !seen.has(version)); tries += 1) await pause(100);
    await pause(300);
  }
  await Promise.all(watchers.map((watcher) => watcher.close()));
  return told.map((seen) => seen.size).join(' and ');
}

for (const name of ['chokidar-3', 'chokidar']) {
  const { default: chokidar } = await import(name);
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`));
  const volume = (what) => `${process.cwd()}/${name}-${what}`;
  const one = await toldOf(chokidar, volume('one'), replaceSecret, 1);
  const two = await toldOf(chokidar, volume('two'), replaceSecret, 2);
  const alone = await toldOf(chokidar, volume('alone'), replacePlain, 1);
  const plain = await toldOf(chokidar, volume('plain'), replacePlain, 2);
  console.log(`chokidar ${version}, told of ${REPLACEMENTS} replacements:`);
  console.log(`  a plain file: one watcher ${alone}, two watchers ${plain}`);
  console.log(`  a Secret volume: one watcher ${one}, two watchers ${two}`);
}
process.exit();
JS
said=$(node try.mjs)
echo "$said"
[[ $(grep -c ': one watcher 4, two watchers 1 and 1$' <<<"$said") == 4 ]] || {
  echo 'the behaviour has changed' >&2
  exit 1
}
