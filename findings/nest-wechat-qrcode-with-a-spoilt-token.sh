#!/usr/bin/env bash
# nest-wechat 0.2.50: createQRCode of a mini program spoils the token that it is given.
#
# Expected: a call to createwxaqrcode with access_token=TOKEN, as its other calls make it.
# Happens: it sends access_token=n=TOKEN. WeChat knows no such token and answers 40001, whatever the token is.
# Hurt: whoever makes QR codes by it, and everyone else where the app answers 40001 by fetching or reporting a token: a good
# token is replaced again and again for a call that cannot succeed. docs/sdks.md warns of it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund nest-wechat@0.2.50 axios@1.7.9 \
  @nestjs/common@10.4.22 reflect-metadata@0.2.2 rxjs@7.8.2

cat >try.cjs <<'JS'
const axios = require('axios');
const { WeChatService } = require('nest-wechat');

console.log(`nest-wechat ${require('nest-wechat/package.json').version}`);
// No network: what would be sent is told instead.
axios.defaults.adapter = async (config) => {
  const { pathname, searchParams } = new URL(config.url);
  console.log(`${pathname} access_token: ${searchParams.get('access_token')}`);
  return { data: {}, status: 200, statusText: 'OK', headers: {}, config };
};
const { mp } = new WeChatService({ appId: 'wx0000000000000000', secret: 'secret' });
(async () => {
  await mp.getQRCode({ path: 'pages/index' }, 'TOKEN');
  await mp.createQRCode({ path: 'pages/index' }, 'TOKEN');
})();
JS
said=$(node try.cjs)
echo "$said"
[[ $said == *'createwxaqrcode access_token: n=TOKEN' ]] || {
  echo 'the behaviour has changed' >&2
  exit 1
}
