#!/usr/bin/env bash
# node-easywechat 3.6.2, installed as it is, cannot be loaded.
#
# Expected: `npm install node-easywechat`, then `require('node-easywechat')`, as its README begins.
# Happens: it asks for node-socialite ^1.4.1 and reads files from inside that package, which 1.5 no longer has there.
# npm takes the newest 1.x, so every new installation ends with "Cannot find module" before the first line runs.
# Hurt: whoever installs it anew, or deletes a lock file; an old lock file hides it. docs/sdks.md has the override.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund node-easywechat@3.6.2 node-socialite@1.5.3

cat >try.cjs <<'JS'
const asked = require('node-easywechat/package.json');
console.log(`node-easywechat ${asked.version} asks for node-socialite ${asked.dependencies['node-socialite']}`);
console.log(`installed: node-socialite ${require('node-socialite/package.json').version}`);
try {
  require('node-easywechat');
  console.log('it was loaded');
} catch (error) {
  console.log(error.message.split('\n')[0]);
}
JS
said=$(node try.cjs)
echo "$said"
grep -q "^Cannot find module 'node-socialite/dist/Core/ProviderInterface'" <<<"$said" || {
  echo 'the behaviour has changed' >&2
  exit 1
}
