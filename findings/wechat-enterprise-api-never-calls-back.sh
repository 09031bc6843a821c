#!/usr/bin/env bash
# wechat-enterprise-api 0.3.0, installed as it is, makes its call and never calls back.
#
# Expected: the callback gets the answer or an error.
# Happens: it asks for urllib >=0.5.17 without an upper bound and hands urllib.request a callback. urllib has answered by
# a promise alone since 3.0, so the request is made, the answer is dropped, and no callback is ever called: no error, no
# time limit, nothing in a log.
# Hurt: every new installation. Messages seem to be sent and nothing follows. docs/sdks.md has the override.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund wechat-enterprise-api@0.3.0 urllib@4.9.2

cat >try.cjs <<'JS'
const http = require('node:http');
const API = require('wechat-enterprise-api');
const asked = require('wechat-enterprise-api/package.json');

console.log(`wechat-enterprise-api ${asked.version} asks for urllib ${asked.dependencies.urllib}`);
console.log(`installed: urllib ${require('urllib/package.json').version}`);
const server = http.createServer((request, response) => {
  console.log(`the platform was asked for ${request.url.split('?')[0]} and answered`);
  response.setHeader('content-type', 'application/json');
  response.end('{"errcode":0,"errmsg":"ok","access_token":"0123456789abcdef","expires_in":7200}');
  // The answer has long been there by then.
  response.on('close', () => setTimeout(() => (console.log('no callback'), process.exit()), 3000));
});
server.listen(0, '127.0.0.1', () => {
  const api = new API('ww0000000000000000', 'secret', 1000002);
  api.prefix = `http://127.0.0.1:${server.address().port}/cgi-bin/`;
  api.getLatestToken((error, token) => {
    console.log('called back:', error, token);
    process.exit();
  });
});
JS
said=$(node try.cjs)
echo "$said"
[[ $said == *'was asked for /cgi-bin/gettoken and answered'*'no callback' ]] || {
  echo 'the behaviour has changed' >&2
  exit 1
}
