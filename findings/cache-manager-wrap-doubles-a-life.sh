#!/usr/bin/env bash
# cache-manager 7.2.9: with two stores, wrap() gives a value that it finds in the second a whole new life in the first.
#
# Expected: a value that was stored for two hours is gone after two hours, from all stores; get() does it so.
# Happens: wrap() copies what it finds in a later store into those before it, with the `ttl` of the call instead of what is
# left. With memory before a shared store, a process that comes late keeps the value for up to twice its life. The README
# ("wrap will do the same as get and set") does not say with which life.
# Hurt: apps that keep a token in memory and Redis, as tiered caches are recommended. A process that asks shortly before the
# end uses a dead token for two hours, while its neighbours have the new one. docs/reading.md warns of it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund cache-manager@7.2.9 keyv@5.6.0

cat >try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';

for (const name of ['cache-manager', 'keyv'])
  console.log(`${name} ${JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version}`);
let minutes = 0;
const realNow = Date.now;
Date.now = () => realNow() + minutes * 60_000;

// Two processes, each with a memory of its own, and what they share.
const shared = new Map();
const open = () => createCache({ stores: [new Keyv(), new Keyv({ store: shared })] });
const [first, second] = [open(), open()];
let fetches = 0;
const token = (cache) => cache.wrap('token', async () => `token ${(fetches += 1)}`, 7_200_000);

await token(first);
minutes = 119;
await token(second);
for (minutes of [121, 238, 240]) {
  const [one, other] = [await token(first), await token(second)];
  console.log(`minute ${minutes}: the first process has ${one}, the second ${other}`);
}
process.exit();
JS
said=$(node try.mjs)
echo "$said"
[[ $said == *'minute 121: the first process has token 2, the second token 1'*'minute 238: the first process has token 2, the second token 1'* ]] || {
  echo 'the behaviour has changed' >&2
  exit 1
}
