#!/usr/bin/env bash
# node-easywechat 3.6.2: setAccessToken after the first client changes nothing, and says nothing.
#
# Expected: `app.setAccessToken(ours)` makes the next call carry our token, whenever it is said; getAccessToken() agrees.
# Happens: the client keeps the token source with which it was made. getAccessToken() returns ours, while every call goes
# on with the old one, which fetches by itself and so ends the classic token that everyone else holds.
# Hurt: apps that set a central token source in a late-loaded module or plugin. docs/sdks.md says to set it first.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# With the node-socialite with which it can be loaded.
echo '{"private":true,"overrides":{"node-socialite":"1.4.1"}}' >package.json
npm install --silent --no-audit --no-fund node-easywechat@3.6.2

cat >try.cjs <<'JS'
const http = require('node:http');
const { OfficialAccount } = require('node-easywechat');

console.log(`node-easywechat ${require('node-easywechat/package.json').version}`);
const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  console.log(`the platform was asked for ${pathname} with the token ${searchParams.get('access_token')}`);
  response.setHeader('content-type', 'application/json');
  response.end('{"access_token":"fetched","expires_in":7200,"ip_list":[]}');
});
server.listen(0, '127.0.0.1', async () => {
  const app = new OfficialAccount({
    app_id: 'wx0000000000000000',
    secret: 'secret',
    http: { baseURL: `http://127.0.0.1:${server.address().port}/` },
    file_cache: { path: './cache/' },
  });
  app.getClient();
  app.setAccessToken({ getToken: async () => 'ours', toQuery: async () => ({ access_token: 'ours' }) });
  console.log(`getAccessToken() says: ${await app.getAccessToken().getToken()}`);
  await app.getClient().get('cgi-bin/getcallbackip');
  process.exit();
});
JS
said=$(node try.cjs)
echo "$said"
[[ $said == *'says: ours'*'/cgi-bin/token with the token null'*'/cgi-bin/getcallbackip with the token fetched' ]] || {
  echo 'the behaviour has changed' >&2
  exit 1
}
