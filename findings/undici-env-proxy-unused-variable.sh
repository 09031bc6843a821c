#!/usr/bin/env bash
# undici's EnvHttpProxyAgent and variables that do not apply to the request. Valid by what curl, Go and Python accept:
# a proxy without a scheme, an empty variable, a list that ends in a comma. Expected, as curl does it: each of these goes by
# HTTPS_PROXY or directly. Exits with 1 when undici behaves otherwise than it did when this was written.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit undici@7.30.2
cat >play.mjs <<'JS'
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { EnvHttpProxyAgent, request } from 'undici';

const { version } = JSON.parse(readFileSync('node_modules/undici/package.json', 'utf8'));
console.log(`undici ${version}, node ${process.version}`);
let asked = 0;
const proxy = createServer().on('connect', (_, socket) => {
  asked += 1;
  socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
});
await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
const good = `http://127.0.0.1:${proxy.address().port}`;

const cases = [
  ['the proxy for http has no scheme, the URL is https', { HTTPS_PROXY: good, HTTP_PROXY: 'egress:3128' }, 'proxy', 'throws'],
  ['the same, and the host is exempt', { HTTP_PROXY: 'egress:3128', NO_PROXY: '127.0.0.2' }, 'direct', 'throws'],
  ['the lower-case variable is empty', { https_proxy: '', HTTPS_PROXY: good }, 'proxy', 'direct'],
  ['* stands alone (for comparison)', { HTTPS_PROXY: good, NO_PROXY: '*' }, 'direct', 'direct'],
  ['* is followed by a comma', { HTTPS_PROXY: good, NO_PROXY: '*,' }, 'direct or proxy', 'proxy'],
];
let changed = false;
for (const [what, environment, expected, known] of cases) {
  for (const name of ['https_proxy', 'http_proxy', 'no_proxy']) {
    delete process.env[name];
    delete process.env[name.toUpperCase()];
  }
  Object.assign(process.env, environment);
  asked = 0;
  let found;
  let said = '';
  try {
    const dispatcher = new EnvHttpProxyAgent();
    // Nothing listens there: a direct request is refused.
    said = await request('https://127.0.0.2:9/', { dispatcher }).then(String, (error) => error.code);
    found = asked > 0 ? 'proxy' : 'direct';
  } catch (error) {
    found = 'throws';
    said = error.message;
  }
  changed ||= found !== known;
  console.log(`${what}: expected ${expected}, found ${found} (${said})`);
}
process.exit(changed ? 1 : 0);
JS
node play.mjs
