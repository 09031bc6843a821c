#!/usr/bin/env bash
# undici 7.30.2: while a response is under way the process wakes up twice a second.
#
# Expected: a process that waits for more of a response sleeps until something comes, or its time limit (five minutes) is over.
# Happens: undici counts its time limits in steps of half a second with a timer of its own (lib/util/timers.js) for as long as one
# of them is set: for a stream that lasts all day, all day. With `headersTimeout: 0` and `bodyTimeout: 0` there is none.
# Hurt: whoever holds a watch of the Kubernetes API or another event stream open in a process that is to rest: 20 times as many
# wake-ups as a tick every ten seconds. src/kubernetes/http.ts goes without these limits and has one of the socket.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund undici@7.30.2

cat >server.cjs <<'JS'
require('node:http')
  .createServer((_, response) => response.write('the first part of a stream\n'))
  .listen(0, '127.0.0.1', function () {
    console.log(this.address().port);
  });
JS
cat >client.cjs <<'JS'
const { performance } = require('node:perf_hooks');
const { Agent, request } = require('undici');

const turns = () => performance.nodeTiming.uvMetricsInfo.loopCount;
async function wait(port, limits) {
  const { body } = await request(`http://127.0.0.1:${port}`, { dispatcher: new Agent(limits) });
  body.on('data', () => {});
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const before = turns();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  body.on('error', () => {}).destroy();
  return turns() - before;
}
(async () => {
  // Without the limits first: the timer of the other one ends a while after its response.
  const without = await wait(process.argv[2], { headersTimeout: 0, bodyTimeout: 0 });
  const usual = await wait(process.argv[2], {});
  console.log(`undici ${require('undici/package.json').version}, Node ${process.versions.node}, in 5 s of silence:`);
  console.log(`wakes up ${without} times without limits, and ${usual >= 9 ? 'about ten' : usual} times with those that it has`);
  process.exitCode = without <= 3 && usual >= 9 ? 0 : 1;
  setTimeout(() => process.exit(), 100);
})();
JS
node server.cjs >port &
server=$!
trap 'kill "$server"; rm -rf "$folder"' EXIT
until [ -s port ]; do sleep 0.1; done
node client.cjs "$(cat port)" || {
  echo 'the behaviour has changed' >&2
  exit 1
}
