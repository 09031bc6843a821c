#!/usr/bin/env bash
# co-wechat-api 3.11.0 throws WeChat's code 40001 without having asked WeChat.
#
# Expected: `error.code` is what the platform answered; a missing token of one's own is another error.
# Happens: with tokenFromCustom, a hook that returns nothing, or a token whose expireTime is over by the local clock, ends in
# a WeChatAPIError with code 40001. No request is made. Only the text, "accessToken Error", tells it from a refusal.
# Hurt: apps that act on 40001 (fetch anew, report the token as dead, page someone) while the token is good and only the
# clock is wrong or the store is away for a moment. docs/sdks.md tells the two apart.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund co-wechat-api@3.11.0

cat >try.cjs <<'JS'
const http = require('node:http');
const API = require('co-wechat-api');

console.log(`co-wechat-api ${require('co-wechat-api/package.json').version}`);
let requests = 0;
const server = http.createServer((_, response) => {
  requests += 1;
  response.setHeader('content-type', 'application/json');
  response.end('{"ip_list":[]}');
});
server.listen(0, '127.0.0.1', async () => {
  const hooks = {
    'nothing stored': async () => undefined,
    'a clock that is fast': async () => ({ accessToken: 'good', expireTime: Date.now() - 1 }),
    'a good token': async () => ({ accessToken: 'good', expireTime: Date.now() + 60000 }),
  };
  for (const [what, getToken] of Object.entries(hooks)) {
    const api = new API('wx0000000000000000', '', getToken, async () => {}, true);
    api.prefix = `http://127.0.0.1:${server.address().port}/cgi-bin/`;
    const before = requests;
    const outcome = await api.getIp().then(() => 'answered', ({ name, code, message }) => `${name} ${code}: ${message}`);
    console.log(`${what}: ${outcome}; requests: ${requests - before}`);
  }
  process.exit();
});
JS
said=$(node try.cjs)
echo "$said"
[[ $said == *'nothing stored: WeChatAPIError 40001: accessToken Error; requests: 0'*'fast: WeChatAPIError 40001: accessToken Error; requests: 0'*'a good token: answered; requests: 1' ]] || {
  echo 'the behaviour has changed' >&2
  exit 1
}
