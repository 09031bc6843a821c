#!/usr/bin/env bash
# @openclaw-china/wecom-app 2026.4.24 keeps each token of WeCom for 115 minutes, whatever WeCom says.
#
# Expected: the life that WeCom tells in `expires_in`; and a new token after a refusal, since WeCom may end one early and
# wants it fetched again then (gettoken, seen 2026-11-28: developer.work.weixin.qq.com/document/path/91039).
# Happens: `expires_in` is not looked at, and after 42001 the next call uses the refused token again. WeCom gives every
# caller the same token within its life; one that had 15 minutes left is used for another 100 minutes after its end.
# Hurt: whoever runs this plugin beside anything else with the same Secret, or meets a token that ended early. Messages are
# lost until 115 minutes are over or it is restarted. docs/sdks.md says so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# It asks for a version of its neighbour that npm does not have, and does not need it: that is bundled.
echo '{"private":true,"overrides":{"@openclaw-china/shared":"0.1.18"}}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts --omit=peer @openclaw-china/wecom-app@2026.4.24

cat >try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { sendWecomAppMessage } from '@openclaw-china/wecom-app';

const { version } = JSON.parse(readFileSync('node_modules/@openclaw-china/wecom-app/package.json', 'utf8'));
console.log(`@openclaw-china/wecom-app ${version}`);
let minutes = 0;
const realNow = Date.now;
Date.now = () => realNow() + minutes * 60_000;

// A token that another program fetched 105 minutes ago; after its end there is the next one.
const ends = Date.now() + 15 * 60_000;
const tokenOfNow = () => (Date.now() < ends ? 'token 1' : 'token 2');
let fetches = 0;
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  let answer = { errcode: 0, errmsg: 'ok' };
  if (pathname === '/cgi-bin/gettoken') {
    fetches += 1;
    const left = tokenOfNow() === 'token 1' ? (ends - Date.now()) / 1000 : 7200;
    answer = { ...answer, access_token: tokenOfNow(), expires_in: Math.floor(left) };
  } else if (searchParams.get('access_token') !== tokenOfNow()) {
    answer = { errcode: 42001, errmsg: 'access_token expired' };
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(answer));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const account = {
  corpId: 'ww0000000000000000',
  corpSecret: 'secret',
  agentId: 1000002,
  canSendActive: true,
  config: { apiBaseUrl: `http://127.0.0.1:${server.address().port}` },
};
for (minutes of [0, 14, 16, 60, 114, 116]) {
  const { errcode } = await sendWecomAppMessage(account, { userId: 'user' }, 'hello');
  console.log(`minute ${minutes}: errcode ${errcode}; fetches: ${fetches}`);
}
process.exit();
JS
said=$(node try.mjs)
echo "$said"
[[ $said == *'minute 14: errcode 0; fetches: 1'*'minute 16: errcode 42001; fetches: 1'*'minute 114: errcode 42001; fetches: 1'*'minute 116: errcode 0; fetches: 2' ]] || {
  echo 'the behaviour has changed' >&2
  exit 1
}
