'use strict';
// Runs the program until its first token, as build/code-cache.mjs asks, and writes what V8 has compiled of each part by then.
//   node rehearse.cjs START TOKEN OPTIONS…
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const v8 = require('node:v8');
const vm = require('node:vm');

/** How often the token is looked for, and how long the daemon then goes on, ms: what follows the first token is compiled, too. */
const INTERVAL = 20;
const AFTERWARDS = 1_000;
/** The length of the comment that a part begins with. */
const STAMP = 68;

const [, , start, token, ...options] = process.argv;
// A cache is valid for the flags that V8 has when it is written, and has to be valid for those with which the part is loaded. So
// what the program sets is put off, and each part is written with what had been set by then.
const set = [];
const setFlags = v8.setFlagsFromString;
v8.setFlagsFromString = (flags) => set.push(flags);
process.argv.splice(1, process.argv.length, start, 'run', ...options);

const loaded = [];
vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    loaded.push({ part: options.filename, script: this, flags: set.length });
  }
};
require(start);

function write({ part, script }) {
  const stamp = readFileSync(part).subarray(0, STAMP);
  writeFileSync(`${part}.cache`, Buffer.concat([stamp, script.createCachedData()]));
}

const looking = setInterval(() => {
  if (!existsSync(token)) return;
  clearInterval(looking);
  setTimeout(() => {
    for (let flags = 0; flags <= set.length; flags += 1) {
      for (const one of loaded) if (one.flags === flags) write(one);
      if (flags < set.length) setFlags(set[flags]);
    }
    process.kill(process.pid, 'SIGTERM');
  }, AFTERWARDS);
}, INTERVAL);
