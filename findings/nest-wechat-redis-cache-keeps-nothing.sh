#!/usr/bin/env bash
# nest-wechat 0.2.50: its RedisCache keeps nothing where the cache is cache-manager 7 with @keyv/redis, and says nothing.
#
# Expected: the first getToken() fetches, and the token lies in Redis for the next ones and for other processes; or an error.
# Happens: it hands the life over as `{ ttl: 7100 }`, as cache-manager wanted it up to version 4; from 5 on it is a number of
# milliseconds. Redis refuses it, which only the error event of Keyv tells: no caller sees it. Each getToken() fetches.
# Hurt: whoever installs today's cache-manager, as the pages of Nest say. Every call of WeChat costs two, and the daily quota
# goes. docs/sdks.md hands the token over by an adapter instead.
# Needs redis-server (apt-get install redis-server).
set -euo pipefail

folder=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund nest-wechat@0.2.50 axios@1.7.9 cache-manager@7.2.9 keyv@5.6.0 @keyv/redis@5.1.6 \
  @nestjs/common@10.4.22 reflect-metadata@0.2.2 rxjs@7.8.2
redis-server --port 0 --unixsocket "$folder/redis.sock" --save '' >redis.log &
server=$!

cat >try.cjs <<'JS'
const axios = require('axios');
const { createCache } = require('cache-manager');
const { default: KeyvRedis } = require('@keyv/redis');
const { Keyv } = require('keyv');
const { RedisCache, WeChatService } = require('nest-wechat');

for (const name of ['nest-wechat', 'cache-manager', '@keyv/redis'])
  console.log(`${name} ${JSON.parse(require('node:fs').readFileSync(`node_modules/${name}/package.json`)).version}`);
let fetches = 0;
// No network: the platform is played here.
axios.defaults.adapter = async (config) => {
  fetches += 1;
  const data = { access_token: `token-${fetches}`, expires_in: 7200 };
  return { data, status: 200, statusText: 'OK', headers: {}, config };
};
(async () => {
  const socket = { path: `${process.cwd()}/redis.sock` };
  const cache = createCache({ stores: [new Keyv({ store: new KeyvRedis({ socket }) })] });
  const service = new WeChatService({ appId: 'wx0000000000000000', secret: 'secret', cacheAdapter: new RedisCache(cache) });
  for (let call = 1; call <= 3; call += 1) console.log(`call ${call}: ${await service.getToken()}`);
  // The same cache, asked as it wants to be.
  await cache.set('by hand', 'kept', 7_100_000);
  console.log(`by hand: ${await cache.get('by hand')}; fetches: ${fetches}`);
  process.exit();
})();
JS
said=$(node try.cjs)
echo "$said"
[[ $said == *'call 3: token-3'*'by hand: kept; fetches: 3' ]] || {
  echo 'the behaviour has changed' >&2
  exit 1
}
